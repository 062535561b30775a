//! One client a service: patient for what changes something, quick for what only reads.

use std::time::Duration;

use aws_config::{Region, SdkConfig};
use aws_sdk_codedeploy::config::retry::{RetryConfig, RetryPartition};
use aws_sdk_codedeploy::config::timeout::TimeoutConfig;

use super::interceptor::Guard;

/// The time to open a connection.
const CONNECT: Duration = Duration::from_secs(3);
/// The time of one attempt to read, and of a read with its retry.
const READ_ATTEMPT: Duration = Duration::from_secs(4);
const READ: Duration = Duration::from_secs(8);
/// How long the second try waits at first; five times that at most.
const PAUSE: Duration = Duration::from_millis(200);
/// The time a change may take: it is asked once, so it is waited for.
const CHANGE: Duration = Duration::from_secs(20);

/// The clients that only read.
pub(in crate::sources) struct Reads {
    pub(in crate::sources) codedeploy: aws_sdk_codedeploy::Client,
    pub(in crate::sources) ecs: aws_sdk_ecs::Client,
    pub(in crate::sources) elb: aws_sdk_elasticloadbalancingv2::Client,
    pub(in crate::sources) cloudwatch: aws_sdk_cloudwatch::Client,
    pub(in crate::sources) sts: aws_sdk_sts::Client,
    pub(in crate::sources) route53: aws_sdk_route53::Client,
    pub(in crate::sources) beanstalk: aws_sdk_elasticbeanstalk::Client,
    pub(in crate::sources) lambda: aws_sdk_lambda::Client,
    pub(in crate::sources) codepipeline: aws_sdk_codepipeline::Client,
    pub(in crate::sources) logs: aws_sdk_cloudwatchlogs::Client,
}

/// The clients that read what a side has in another Region.
#[derive(Clone)]
pub(super) struct Elsewhere {
    pub(super) cloudwatch: aws_sdk_cloudwatch::Client,
    pub(super) elb: aws_sdk_elasticloadbalancingv2::Client,
    pub(super) logs: aws_sdk_cloudwatchlogs::Client,
}

impl Elsewhere {
    /// The same clients, in this Region.
    pub(super) fn like(here: &Reads, region: &str) -> Self {
        let region = || Region::new(region.to_owned());
        let cloudwatch = here.cloudwatch.config().to_builder().region(region()).build();
        let elb = here.elb.config().to_builder().region(region()).build();
        let logs = here.logs.config().to_builder().region(region()).build();
        Self {
            cloudwatch: aws_sdk_cloudwatch::Client::from_conf(cloudwatch),
            elb: aws_sdk_elasticloadbalancingv2::Client::from_conf(elb),
            logs: aws_sdk_cloudwatchlogs::Client::from_conf(logs),
        }
    }
}

/// The clients that change something: they ask once.
pub(in crate::sources) struct Changes {
    pub(in crate::sources) codedeploy: aws_sdk_codedeploy::Client,
    pub(in crate::sources) ecs: aws_sdk_ecs::Client,
    pub(in crate::sources) elb: aws_sdk_elasticloadbalancingv2::Client,
    pub(in crate::sources) route53: aws_sdk_route53::Client,
    pub(in crate::sources) beanstalk: aws_sdk_elasticbeanstalk::Client,
    pub(in crate::sources) codepipeline: aws_sdk_codepipeline::Client,
}

/// How long a reading may take, and how long the second try waits at first.
struct Pace {
    limits: TimeoutConfig,
    pause: Duration,
}

macro_rules! reader {
    ($service:ident, $config:expr, $guard:expr, $whose:expr, $pace:expr) => {
        $service::Client::from_conf(
            $service::config::Builder::from($config)
                .interceptor($guard.clone())
                // Each account has its own budget of retries: one that throttles takes none of
                // another's.
                .retry_partition(RetryPartition::new(format!(
                    concat!(stringify!($service), "/{}"),
                    $whose
                )))
                .retry_config(
                    RetryConfig::standard()
                        .with_max_attempts(2)
                        .with_initial_backoff($pace.pause)
                        .with_max_backoff(5 * $pace.pause),
                )
                .timeout_config($pace.limits.clone())
                .build(),
        )
    };
}

/// The clients that only read.
pub(super) fn reads(
    config: &SdkConfig,
    guard: &Guard,
    whose: &str,
    most: Option<Duration>,
) -> Reads {
    let limit = |usual: Duration| most.map_or(usual, |most| usual.min(most));
    let pace = Pace {
        limits: time_limits(limit(READ_ATTEMPT), limit(READ)),
        pause: most.map_or(PAUSE, |most| PAUSE.min(most / 1000)),
    };
    Reads {
        codedeploy: reader!(aws_sdk_codedeploy, config, guard, whose, pace),
        ecs: reader!(aws_sdk_ecs, config, guard, whose, pace),
        elb: reader!(aws_sdk_elasticloadbalancingv2, config, guard, whose, pace),
        cloudwatch: reader!(aws_sdk_cloudwatch, config, guard, whose, pace),
        sts: reader!(aws_sdk_sts, config, guard, whose, pace),
        route53: reader!(aws_sdk_route53, config, guard, whose, pace),
        beanstalk: reader!(aws_sdk_elasticbeanstalk, config, guard, whose, pace),
        lambda: reader!(aws_sdk_lambda, config, guard, whose, pace),
        codepipeline: reader!(aws_sdk_codepipeline, config, guard, whose, pace),
        logs: reader!(aws_sdk_cloudwatchlogs, config, guard, whose, pace),
    }
}

macro_rules! changer {
    ($service:ident, $config:expr, $guard:expr, $limit:expr) => {
        $service::Client::from_conf(
            $service::config::Builder::from($config)
                .interceptor($guard.clone())
                .time_source($guard.aws_clock())
                .retry_config(RetryConfig::disabled())
                .timeout_config(time_limits($limit, $limit))
                .build(),
        )
    };
}

/// The clients that change something.
pub(super) fn changes(config: &SdkConfig, guard: &Guard, most: Option<Duration>) -> Changes {
    let limit = most.map_or(CHANGE, |most| CHANGE.min(most));
    Changes {
        codedeploy: changer!(aws_sdk_codedeploy, config, guard, limit),
        ecs: changer!(aws_sdk_ecs, config, guard, limit),
        elb: changer!(aws_sdk_elasticloadbalancingv2, config, guard, limit),
        route53: changer!(aws_sdk_route53, config, guard, limit),
        beanstalk: changer!(aws_sdk_elasticbeanstalk, config, guard, limit),
        codepipeline: changer!(aws_sdk_codepipeline, config, guard, limit),
    }
}

fn time_limits(attempt: Duration, whole: Duration) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .operation_attempt_timeout(attempt)
        .operation_timeout(whole)
        .build()
}
