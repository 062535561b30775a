//! The engine against golden vectors, against its own laws, and in simulation.

mod acceptance;
mod generator;
mod golden;
mod laws;
mod simulation;
mod verdicts;
