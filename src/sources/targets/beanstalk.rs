//! Elastic Beanstalk applications with two web environments, whose names can be swapped, or with
//! one that divides its traffic between two versions.
//!
//! Its quota is not published and easily met: one call brings all environments, and only those
//! that are no pair are asked about, one every two seconds after the first ten.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_elasticbeanstalk::types::EnvironmentDescription;

use crate::domain::{Fault, Found, What};
use crate::sources::aws::Aws;
use crate::sources::error::fault;

use super::{Shelf, Turns};

/// No more environments are asked how they deploy.
const ASKED: usize = 40;
/// More pages is a server that repeats itself.
const PAGES: usize = 20;

pub(super) async fn list(aws: &Aws, shelf: &mut Shelf) -> Result<(), Fault> {
    let mut turns = Turns::new(10, Duration::from_secs(2));
    let mut room = ASKED;
    for (application, environments) in applications(aws, &mut turns).await? {
        if environments.len() == 2 {
            shelf.found.push(found(&application, &environments, false));
            continue;
        }
        for environment in &environments {
            let Some(name) = environment.environment_name() else { continue };
            let Some(left) = room.checked_sub(1) else {
                shelf.too_many(ASKED, "environments");
                return Ok(());
            };
            room = left;
            turns.next().await;
            let splits = splits_traffic(aws, &application, name).await;
            if shelf.spare(splits)? == Some(true) {
                shelf.found.push(found(&application, &environments, true));
                break;
            }
        }
    }
    Ok(())
}

/// The web environments that are there, by application.
async fn applications(
    aws: &Aws,
    turns: &mut Turns,
) -> Result<BTreeMap<String, Vec<EnvironmentDescription>>, Fault> {
    let mut found: BTreeMap<String, Vec<EnvironmentDescription>> = BTreeMap::new();
    let mut token = None;
    for _ in 0..PAGES {
        turns.next().await;
        let call = aws.reads().beanstalk.describe_environments().include_deleted(false);
        let answer = call
            .set_next_token(token)
            .send()
            .await
            .map_err(|error| fault("elasticbeanstalk:DescribeEnvironments", &error))?;
        for environment in answer.environments().iter().filter(|one| serves(one)) {
            if let Some(application) = environment.application_name() {
                found.entry(application.to_owned()).or_default().push(environment.clone());
            }
        }
        token = answer.next_token().filter(|token| !token.is_empty()).map(str::to_owned);
        if token.is_none() {
            break;
        }
    }
    Ok(found)
}

fn status(environment: &EnvironmentDescription) -> &str {
    environment.status().map_or("?", |status| status.as_str())
}

/// Whether it answers requests: workers have no name to swap.
fn serves(environment: &EnvironmentDescription) -> bool {
    let worker = environment.tier().and_then(|tier| tier.name()) == Some("Worker");
    !worker && !matches!(status(environment), "Terminated" | "Terminating")
}

async fn splits_traffic(aws: &Aws, application: &str, name: &str) -> Result<bool, Fault> {
    let call = aws.reads().beanstalk.describe_configuration_settings();
    let answer = call
        .application_name(application)
        .environment_name(name)
        .send()
        .await
        .map_err(|error| fault("elasticbeanstalk:DescribeConfigurationSettings", &error))?;
    let mut options = answer.configuration_settings().iter().flat_map(|all| all.option_settings());
    Ok(options.any(|option| {
        option.namespace() == Some("aws:elasticbeanstalk:command")
            && option.option_name() == Some("DeploymentPolicy")
            && option.value() == Some("TrafficSplitting")
    }))
}

fn found(application: &str, environments: &[EnvironmentDescription], splits: bool) -> Found {
    let busy = environments.iter().find(|one| status(one) != "Ready");
    let name = |one: &EnvironmentDescription| one.environment_name().unwrap_or("?").to_owned();
    Found {
        target: format!("beanstalk:{application}"),
        what: What::Beanstalk {
            environments: environments.iter().map(name).collect(),
            traffic_splitting: splits,
        },
        running: busy.is_some(),
        rollout: busy.map(name),
        status: busy.map(|one| status(one).to_owned()),
        owner: None,
    }
}
