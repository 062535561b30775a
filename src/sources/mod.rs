//! Where facts come from: the only users of the AWS SDK.
//!
//! | module | what |
//! |---|---|
//! | [`backend`] | what the shell asks: an [`Account`] to act in, a [`Backend`] for each target |
//! | [`aws`] | credentials, endpoints, time limits, one client a service: [`connect`] |
//! | [`watcher`] | which backend watches which target |
//! | [`around`] | what surrounds a rollout on ECS, whoever deploys it |
//! | [`poll`], [`pace`] | asking again and again, and how often |
//! | [`codedeploy`] | services, functions and instances that CodeDeploy deploys |
//! | [`ecs`] | ECS services that ECS itself deploys |
//! | [`weighted`] | weights that a person sets: rules of load balancers, Route 53 records |
//! | [`beanstalk`] | Elastic Beanstalk environments |
//! | [`argo`] | Argo Rollouts in a Kubernetes cluster |
//! | [`pipeline`] | the pipeline around a rollout |
//! | [`service`], [`balancer`], [`metrics`], [`alarms`] | what ECS, ELB and CloudWatch are asked |
//! | [`logs`] | what tasks and pods write |
//! | [`tasks`], [`timeline`], [`forward`], [`routing`], [`measure`] | what all AWS control planes read alike: pure |
//! | [`targets`] | what can be watched in the account and Region |
//! | [`permissions`] | which IAM permissions all this needs |
//! | [`order`] | what every order has in common |
//! | [`error`] | SDK error → [`crate::domain::Fault`] |
//! | [`limiter`] | slower after throttling |

mod account;
mod alarms;
mod argo;
mod around;
mod aws;
mod backend;
mod balancer;
mod beanstalk;
mod codedeploy;
mod ecs;
mod error;
mod forward;
#[cfg(any(fuzzing, test))]
pub(crate) mod fuzzing;
mod limiter;
mod logs;
mod measure;
mod metrics;
mod order;
mod pace;
pub mod permissions;
mod pipeline;
mod poll;
mod routing;
mod service;
mod targets;
mod tasks;
mod time;
mod timeline;
mod watcher;
mod weighted;

pub use aws::{Aws, AwsOptions, ConnectError, Loopback, connect};
pub use backend::{Account, AwsTime, Backend, Wish};
pub use watcher::Watcher;
