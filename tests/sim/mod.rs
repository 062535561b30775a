//! The simulator through the real SDK clients, over HTTP on loopback.

mod beanstalk;
mod cloudwatch;
mod codedeploy;
mod codepipeline;
mod ec2;
mod ecs;
mod elb;
mod faults;
mod http;
mod kubernetes;
mod lambda;
mod logs;
mod route53;
mod weights;

use std::net::SocketAddr;
use std::time::Duration;

use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_types::retry::RetryConfig;
use cutover::sim::scenario::Scenario;
use cutover::sim::world::World;
use cutover::sim::{Clock, Simulator, bind, serve};
use jiff::{SignedDuration, Timestamp};

/// A simulator that answers on a port of its own, with a clock moved by hand.
struct Running {
    simulator: Simulator,
    address: SocketAddr,
}

impl Running {
    /// The world of a scenario, `minutes` after its start.
    async fn scenario(name: &str, minutes: i64) -> Self {
        let start: Timestamp = "2026-03-02T09:00:00Z".parse().unwrap();
        let world = World::new(Scenario::named(name).unwrap(), 7, start);
        let simulator = Simulator::new(world, Clock::manual(start));
        let listener = bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(serve(listener, simulator.clone(), std::future::pending()));
        let running = Self { simulator, address };
        running.pass(minutes);
        running
    }

    /// Lets simulated minutes pass.
    fn pass(&self, minutes: i64) {
        self.simulator.clock().advance(SignedDuration::from_mins(minutes));
    }

    /// Configuration of clients that speak plain HTTP to this simulator and never retry.
    fn config(&self) -> SdkConfig {
        let credentials = Credentials::new("AKIDEXAMPLE", "secret", None, None, "tests");
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-west-1"))
            .endpoint_url(format!("http://{}", self.address))
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .retry_config(RetryConfig::disabled())
            .timeout_config(
                TimeoutConfig::builder().operation_timeout(Duration::from_secs(20)).build(),
            )
            .build()
    }

    fn elb(&self) -> aws_sdk_elasticloadbalancingv2::Client {
        aws_sdk_elasticloadbalancingv2::Client::new(&self.config())
    }

    fn cloudwatch(&self) -> aws_sdk_cloudwatch::Client {
        aws_sdk_cloudwatch::Client::new(&self.config())
    }

    fn codedeploy(&self) -> aws_sdk_codedeploy::Client {
        aws_sdk_codedeploy::Client::new(&self.config())
    }

    fn ecs(&self) -> aws_sdk_ecs::Client {
        aws_sdk_ecs::Client::new(&self.config())
    }

    fn lambda(&self) -> aws_sdk_lambda::Client {
        aws_sdk_lambda::Client::new(&self.config())
    }

    fn beanstalk(&self) -> aws_sdk_elasticbeanstalk::Client {
        aws_sdk_elasticbeanstalk::Client::new(&self.config())
    }

    fn codepipeline(&self) -> aws_sdk_codepipeline::Client {
        aws_sdk_codepipeline::Client::new(&self.config())
    }

    fn sts(&self) -> aws_sdk_sts::Client {
        aws_sdk_sts::Client::new(&self.config())
    }
}
