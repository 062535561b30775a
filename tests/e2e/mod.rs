//! The built program against the real thing. None of it runs with `cargo test`: each suite needs
//! programs of its own, and says how it is started.

mod argo;
