//! The built program against the real thing, or against servers that other people wrote. Each suite
//! needs programs of its own and says how it is started.

mod argo;
mod servers;
