//! `cutover`: watch a blue/green rollout on AWS live in the terminal, and take the decision.
//!
//! A pure core decides ([`domain`], [`stats`], [`input`], [`app`]), a pure picture shows
//! ([`ui`]), a thin shell waits ([`runtime`]) and adapters speak to the world ([`sources`]).
//! Everything that happens enters through one function, `app::update`.
//!
//! | module | may import |
//! |---|---|
//! | [`domain`], [`sim`] | nothing of this crate |
//! | [`stats`], [`input`], [`config`] | [`domain`] |
//! | [`app`] | [`stats`], [`input`], [`domain`] |
//! | [`sources`] | [`config`], [`domain`] |
//! | [`ui`] | [`app`], [`input`], [`stats`], [`domain`] |
//! | [`journal`] | [`app`], [`domain`] |
//! | [`runtime`] | everything above but [`sim`] |
//! | [`cli`] | everything |

pub mod app;
pub mod cli;
pub mod config;
pub mod domain;
#[cfg(any(fuzzing, test))]
#[doc(hidden)]
pub mod fuzzing;
pub mod input;
pub mod journal;
pub mod runtime;
pub mod sim;
pub mod sources;
pub mod stats;
pub mod ui;
