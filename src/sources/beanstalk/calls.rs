//! What Elastic Beanstalk is asked.

use aws_sdk_elasticbeanstalk::operation::describe_environment_health::DescribeEnvironmentHealthOutput;
use aws_sdk_elasticbeanstalk::types::{
    EnvironmentDescription, EnvironmentHealthAttribute, EventDescription, InstancesHealthAttribute,
    SingleInstanceHealth,
};
use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};

use crate::domain::{Fault, FaultKind, Split, Weight};
use crate::sources::aws::Aws;
use crate::sources::error::fault;
use crate::sources::time::{earlier, sdk_time};

use super::raw::{Each, status};

/// An application has few environments; more pages is a server that repeats itself.
const PAGES: usize = 10;
/// Events of the last day: a swap that is older is no news any more.
pub(crate) const RECENT: SignedDuration = SignedDuration::from_hours(24);
/// The newest events that are kept.
const EVENTS: i32 = 100;

/// The web environments of an application that are not terminated.
pub(crate) async fn environments(
    aws: &Aws,
    application: &str,
) -> Result<Vec<EnvironmentDescription>, Fault> {
    const OPERATION: &str = "elasticbeanstalk:DescribeEnvironments";
    let mut found: Vec<EnvironmentDescription> = Vec::new();
    let mut token = None;
    for _ in 0..PAGES {
        let call = aws.reads().beanstalk.describe_environments().application_name(application);
        let answer = call
            .include_deleted(false)
            .set_next_token(token)
            .send()
            .await
            .map_err(|error| fault(OPERATION, &error))?;
        found.extend(answer.environments().iter().cloned());
        token = answer.next_token().filter(|token| !token.is_empty()).map(str::to_owned);
        if token.is_none() {
            break;
        }
    }
    let worker = |one: &EnvironmentDescription| {
        one.tier().and_then(|tier| tier.name()).is_some_and(|tier| tier != "WebServer")
    };
    found.retain(|one| !matches!(status(one), "Terminated" | "Terminating") && !worker(one));
    found.sort_by(|a, b| a.environment_name().cmp(&b.environment_name()));
    if found.is_empty() {
        let text = format!("no application {application}, or it has no web environment");
        return Err(Fault::new(FaultKind::NotFound, OPERATION, text));
    }
    Ok(found)
}

/// What was said about an application's environments, newest first.
pub(crate) async fn events(
    aws: &Aws,
    application: &str,
    now: Timestamp,
) -> Result<Vec<EventDescription>, Fault> {
    let call = aws.reads().beanstalk.describe_events().application_name(application);
    let answer = call
        .start_time(sdk_time(earlier(now, RECENT)))
        .max_records(EVENTS)
        .send()
        .await
        .map_err(|error| fault("elasticbeanstalk:DescribeEvents", &error))?;
    Ok(answer.events().to_vec())
}

/// The health of each environment.
pub(crate) async fn health(
    aws: &Aws,
    names: Vec<String>,
) -> Result<Each<DescribeEnvironmentHealthOutput>, Fault> {
    let reads = names.into_iter().map(|name| async move {
        let call = aws.reads().beanstalk.describe_environment_health();
        let call = call.environment_name(&name).attribute_names(EnvironmentHealthAttribute::All);
        let answer = call.send().await;
        let answer = answer
            .map_err(|error| enhanced(fault("elasticbeanstalk:DescribeEnvironmentHealth", &error)));
        (name, answer)
    });
    all(join_all(reads).await.into_iter().collect())
}

/// The instances of each environment.
pub(crate) async fn instances(
    aws: &Aws,
    names: Vec<String>,
) -> Result<Each<Vec<SingleInstanceHealth>>, Fault> {
    let reads = names.into_iter().map(|name| async move {
        let answer = of_environment(aws, &name).await;
        (name, answer)
    });
    all(join_all(reads).await.into_iter().collect())
}

async fn of_environment(aws: &Aws, name: &str) -> Result<Vec<SingleInstanceHealth>, Fault> {
    let mut found: Vec<SingleInstanceHealth> = Vec::new();
    let mut token = None;
    for _ in 0..PAGES {
        let call = aws.reads().beanstalk.describe_instances_health().environment_name(name);
        let answer = call
            .attribute_names(InstancesHealthAttribute::All)
            .set_next_token(token)
            .send()
            .await
            .map_err(|error| enhanced(fault("elasticbeanstalk:DescribeInstancesHealth", &error)))?;
        found.extend(answer.instance_health_list().iter().cloned());
        token = answer.next_token().filter(|token| !token.is_empty()).map(str::to_owned);
        if token.is_none() {
            break;
        }
    }
    Ok(found)
}

/// Only with enhanced health there is anything to tell.
fn enhanced(fault: Fault) -> Fault {
    match &fault.kind {
        FaultKind::Rejected { code } if code == "InvalidRequestException" => Fault::new(
            FaultKind::Absent,
            &fault.operation,
            "the environment has basic health only, which tells no numbers",
        ),
        _ => fault,
    }
}

/// When no environment answers there is nothing at all, and the reason is the fault of the part.
fn all<T>(each: Each<T>) -> Result<Each<T>, Fault> {
    match each.values().find_map(|one| one.as_ref().err()) {
        Some(fault) if each.values().all(Result::is_err) => Err(fault.clone()),
        _ => Ok(each),
    }
}

/// The split that a traffic-splitting deployment of an environment holds.
pub(crate) async fn split(
    aws: &Aws,
    application: &str,
    environment: &str,
) -> Result<Option<Split>, Fault> {
    let call = aws.reads().beanstalk.describe_configuration_settings();
    let answer = call
        .application_name(application)
        .environment_name(environment)
        .send()
        .await
        .map_err(|error| fault("elasticbeanstalk:DescribeConfigurationSettings", &error))?;
    let options = answer.configuration_settings().iter().flat_map(
        aws_sdk_elasticbeanstalk::types::ConfigurationSettingsDescription::option_settings,
    );
    let option = |space: &str, name: &str| {
        options
            .clone()
            .find(|one| one.namespace() == Some(space) && one.option_name() == Some(name))
            .and_then(|one| one.value())
    };
    let splits = option("aws:elasticbeanstalk:command", "DeploymentPolicy");
    if splits != Some("TrafficSplitting") {
        return Ok(None);
    }
    let percent = option("aws:elasticbeanstalk:trafficsplitting", "NewVersionPercent");
    // What nobody has set is 10 %.
    let percent = percent.map_or(Some(10.0), |text| text.parse().ok());
    Ok(percent.and_then(Weight::percent).map(|green| Split { green }))
}
