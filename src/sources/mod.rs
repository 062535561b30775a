//! Where facts come from: the only users of the AWS SDK.

mod backend;

pub use backend::{Account, Backend, Wish};
