//! A pretend AWS, with a Kubernetes cluster, on loopback. Imports nothing from this crate.
//!
//! ```text
//! HTTP bytes → wire (json, query, cbor, rest, restxml, kubernetes) → Value → services → world
//! ```
//!
//! There is ONE [`world`], a discrete-event simulation in virtual time; every service is a view of
//! it. The same scenario and seed give the same world, however often and whenever it is asked.
//!
//! | module | what |
//! |---|---|
//! | [`server`] | HTTP on one loopback port |
//! | [`wire`] | bytes ⇄ [`value::Value`] in the wire formats of AWS |
//! | [`simulator`] | the handle on everything: world, clock, faults, log of calls |
//! | [`services`] | CodeDeploy, ECS, ELBv2, CloudWatch, STS, Route 53, Lambda, Elastic Beanstalk, CodePipeline; Kubernetes, Prometheus |
//! | [`world`] | deployments, tasks, listener weights, health, traffic, alarms |
//! | [`scenario`] | what happens in a world, as data |
//! | [`clock`] | virtual time, shared with other processes |
//! | [`faults`] | what goes wrong between a client and the services, as data |
//! | `travel` | how an answer goes wrong on its way |
//! | `watching` | answers that go on for as long as something may change |
//! | [`controls`] | faults set over HTTP, in `cutover sim` only |

pub mod clock;
pub mod controls;
pub mod error;
pub mod faults;
pub mod scenario;
pub mod server;
pub mod services;
pub mod simulator;
mod travel;
pub mod value;
mod watching;
pub mod wire;
pub mod world;

pub use self::clock::Clock;
pub use self::faults::Fault;
pub use self::server::{bind, serve, serve_with_controls};
pub use self::simulator::{CallRecord, Simulator};
