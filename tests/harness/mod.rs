//! What tests share.

pub(crate) mod fixtures;
pub(crate) mod keyboard;
pub(crate) mod looking;
