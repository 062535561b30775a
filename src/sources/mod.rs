//! Where facts come from: the only users of the AWS SDK.
//!
//! | module | what |
//! |---|---|
//! | [`backend`] | what the shell asks: an [`Account`] to act in, a [`Backend`] for each target |
//! | [`aws`] | credentials, endpoints, time limits, one client a service: [`connect`] |
//! | [`error`] | SDK error → [`crate::domain::Fault`] |
//! | [`limiter`] | slower after throttling |

mod aws;
mod backend;
mod error;
mod limiter;

pub use aws::{Aws, AwsOptions, ConnectError, Loopback, connect};
pub use backend::{Account, AwsTime, Backend, Wish};
