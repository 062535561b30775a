//! What a rollout is: the words of the product as types.
//!
//! Plain values only: no clock, no network, no terminal, no async. Everything here can be
//! compared, printed as JSON and built by hand in a test.
