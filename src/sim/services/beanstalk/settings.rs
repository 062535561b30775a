//! Applications, and the settings of their environments.

use super::{arn, environment, invalid, of_application};
use crate::sim::error::ApiError;
use crate::sim::value::{Value, list, map};
use crate::sim::world::World;

pub(super) const STACK: &str = "64bit Amazon Linux 2023 v4.5.2 running Docker";

/// Answers DescribeApplications.
pub(super) fn applications(world: &World, input: &Value) -> Value {
    let name = &world.names.place.application;
    let asked = input.texts("ApplicationNames");
    let wanted = asked.is_empty() || asked.contains(&name.as_str());
    let application = world.beanstalk.as_ref().filter(|_| wanted).map(|one| {
        let versions = world.releases.iter().map(|release| release.tag.as_str());
        map([
            ("ApplicationArn", arn(world, "application/{}").into()),
            ("ApplicationName", name.as_str().into()),
            ("DateCreated", one.created.into()),
            ("DateUpdated", one.created.into()),
            ("Versions", list(versions)),
            ("ConfigurationTemplates", list::<Value>([])),
        ])
    });
    map([("Applications", list(application))])
}

/// Answers DescribeConfigurationSettings.
pub(super) fn configuration(world: &World, input: &Value) -> Result<Value, ApiError> {
    if !input.has("ApplicationName") || !of_application(world, input) {
        let name = input.text("ApplicationName").unwrap_or_default();
        return Err(invalid(&format!("No Application named '{name}' found.")));
    }
    let environment = environment(world, input)?;
    let place = &world.names.place;
    let size = place.desired.to_string();
    let split = world.beanstalk.as_ref().and_then(|one| one.config.split);
    let policy = if split.is_some() { "TrafficSplitting" } else { "AllAtOnce" };
    let mut options = vec![
        ("aws:autoscaling:asg", "MinSize".to_owned(), size.clone()),
        ("aws:autoscaling:asg", "MaxSize".to_owned(), size),
        ("aws:elasticbeanstalk:command", "DeploymentPolicy".to_owned(), policy.to_owned()),
        (
            "aws:elasticbeanstalk:environment",
            "LoadBalancerType".to_owned(),
            "application".to_owned(),
        ),
        (
            "aws:elasticbeanstalk:healthreporting:system",
            "SystemType".to_owned(),
            "enhanced".to_owned(),
        ),
    ];
    if let Some(split) = split {
        let space = "aws:elasticbeanstalk:trafficsplitting";
        options.push((space, "NewVersionPercent".to_owned(), split.percent.to_string()));
        options.push((space, "EvaluationTime".to_owned(), split.minutes.to_string()));
    }
    let release = world.releases.get(environment.release.0);
    for (name, value) in release.iter().flat_map(|release| &release.env) {
        let space = "aws:elasticbeanstalk:application:environment";
        options.push((space, name.clone(), value.clone()));
    }
    let options = options.into_iter().map(|(space, name, value)| {
        map([("Namespace", space.into()), ("OptionName", name.into()), ("Value", value.into())])
    });
    let settings = map([
        ("SolutionStackName", STACK.into()),
        ("ApplicationName", place.application.as_str().into()),
        ("EnvironmentName", environment.name.as_str().into()),
        ("DeploymentStatus", "deployed".into()),
        ("DateCreated", environment.created.into()),
        ("DateUpdated", environment.updated.into()),
        ("OptionSettings", list(options)),
    ]);
    Ok(map([("ConfigurationSettings", list([settings]))]))
}
