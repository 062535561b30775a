//! The engine against golden vectors.

mod golden;
