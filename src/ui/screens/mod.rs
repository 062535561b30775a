//! Whole screens.

pub(super) mod cockpit;
pub(super) mod help;
pub(super) mod log;
pub(super) mod picker;
pub(super) mod why;
