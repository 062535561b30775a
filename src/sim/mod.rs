//! A pretend AWS on loopback. Imports nothing from this crate.
