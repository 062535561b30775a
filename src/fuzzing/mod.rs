//! Doors for broken input: each takes any bytes, reads them as the program would, and fails when
//! what must always hold does not.
//!
//! They are there for `fuzz/` and for the tests, which play every kept input through them; the
//! program itself is built without.
//!
//! | door | the bytes are |
//! |---|---|
//! | [`words`] | what a person writes: keymap, configuration, target, key, fault, scenario |
//! | [`wire`] | a request to the simulator, in each of its formats |
//! | [`journal`] | an audit file |
//! | [`cluster`] | what a cluster tells of a Rollout, or a Prometheus of its pods |
//! | [`replies`] | what AWS answers, changed here and there |

mod cluster;
mod journal;
mod replies;
mod shown;
mod wire;
mod words;

#[cfg(test)]
mod tests;

pub use cluster::cluster;
pub use journal::journal;
pub use replies::replies;
pub use wire::wire;
pub use words::words;
