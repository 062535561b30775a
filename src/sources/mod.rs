//! Where facts come from: the only users of the AWS SDK.
//!
//! | module | what |
//! |---|---|
//! | [`backend`] | what the shell asks: an [`Account`] to act in, a [`Backend`] for each target |
//! | [`aws`] | credentials, endpoints, time limits, one client a service: [`connect`] |
//! | [`codedeploy`] | ECS services that CodeDeploy deploys blue/green |
//! | [`metrics`], [`alarms`] | what CloudWatch measured on both sides, and the alarms |
//! | [`error`] | SDK error → [`crate::domain::Fault`] |
//! | [`limiter`] | slower after throttling |

mod account;
mod alarms;
mod aws;
mod backend;
mod codedeploy;
mod error;
mod limiter;
mod metrics;
mod time;

pub use aws::{Aws, AwsOptions, ConnectError, Loopback, connect};
pub use backend::{Account, AwsTime, Backend, Wish};
pub use codedeploy::CodeDeploy;
