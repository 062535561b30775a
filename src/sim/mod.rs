//! A pretend AWS on loopback. Imports nothing from this crate.
//!
//! ```text
//! HTTP bytes → wire (json, query, cbor) → Value → services (one file a service) → world
//! ```
//!
//! There is ONE [`world`], a discrete-event simulation in virtual time; every service is a view of
//! it. The same scenario and seed give the same world, however often and whenever it is asked.

pub mod error;
pub mod scenario;
pub mod services;
pub mod value;
pub mod world;
