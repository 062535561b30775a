//! What a scenario must hold beyond its types, so that the world need not doubt it.

use jiff::SignedDuration;

use super::{
    AlarmMetric, HeldBy, LifecycleHook, Native, Release, Routing, Scenario, ScenarioError, Split,
    Strategy, Weighted,
};

/// Every rule, first failure first.
pub(super) fn all(scenario: &Scenario) -> Result<(), ScenarioError> {
    release("blue", &scenario.blue)?;
    release("green", &scenario.green)?;
    traffic(scenario)?;
    rollout(scenario)?;
    scenario.native.as_ref().map_or(Ok(()), native)?;
    scenario.weighted.as_ref().map_or(Ok(()), |one| weighted(scenario, one))?;
    shape(scenario)?;
    place(scenario)?;
    history(scenario)
}

fn release(side: &str, release: &Release) -> Result<(), ScenarioError> {
    let rates = [
        ("error_rate", release.error_rate),
        ("client_error_rate", release.client_error_rate),
        ("redirect_rate", release.redirect_rate),
        ("cold_start.error_rate", release.cold_start.map_or(0.0, |cold| cold.error_rate)),
    ];
    for (field, rate) in rates {
        require((0.0..=1.0).contains(&rate), &format!("{side}.{field}"), "a share from 0 to 1")?;
    }
    let all = release.error_rate + release.client_error_rate + release.redirect_rate;
    require(all <= 1.0, &format!("{side}.error_rate"), "at most 1 together with 4xx and 3xx")?;
    require(
        release.p50_ms > 0.0 && release.p99_ms > release.p50_ms && release.p99_ms <= 60_000.0,
        &format!("{side}.p99_ms"),
        "above p50_ms, both above 0, at most 60000",
    )?;
    if let Some(cold) = release.cold_start {
        let field = format!("{side}.cold_start");
        let sane = (1.0..=100.0).contains(&cold.slowdown) && cold.half_life.is_positive();
        require(sane, &field, "a slowdown from 1 to 100 and a half_life above 0")?;
    }
    Ok(())
}

fn traffic(scenario: &Scenario) -> Result<(), ScenarioError> {
    let traffic = &scenario.traffic;
    let rate = (0.0..=100_000.0).contains(&traffic.requests_per_second);
    require(rate, "traffic.requests_per_second", "from 0 to 100000")?;
    require((0.0..1.0).contains(&traffic.wave), "traffic.wave", "from 0 to below 1")?;
    require((0.0..0.3).contains(&traffic.jitter), "traffic.jitter", "from 0 to below 0.3")?;
    let [earliest, latest] = traffic.delivery;
    let ordered = !earliest.is_negative() && earliest <= latest;
    require(ordered, "traffic.delivery", "earliest, then latest, neither negative")?;
    require(traffic.stickiness.is_none_or(|lag| lag.is_positive()), "traffic.stickiness", "above 0")
}

fn rollout(scenario: &Scenario) -> Result<(), ScenarioError> {
    let rollout = &scenario.rollout;
    let names = match (&scenario.lambda, &scenario.ec2) {
        (Some(_), _) => "CodeDeployDefault.Lambda",
        (None, Some(_)) => "CodeDeployDefault.",
        (None, None) => "CodeDeployDefault.ECS",
    };
    let known = rollout.config.starts_with(names)
        || rollout.configs.iter().any(|custom| custom.name == rollout.config);
    let rule = format!("a {names}... name or one of rollout.configs");
    require(known, "rollout.config", &rule)?;
    for custom in &rollout.configs {
        let sane = match custom.routing {
            Routing::AllAtOnce => true,
            Routing::Canary { percent, minutes } | Routing::Linear { percent, minutes } => {
                (1..=99).contains(&percent) && (1..=7200).contains(&minutes)
            }
        };
        require(sane, "rollout.configs", "percent from 1 to 99 and minutes from 1 to 7200")?;
    }
    let bake = rollout.termination_wait;
    let whole = !bake.is_negative() && bake.as_secs() % 60 == 0 && bake.as_mins() <= 2880;
    require(whole, "rollout.termination_wait", "whole minutes, at most 48h")?;
    let wait = rollout.approval_wait.is_none_or(|wait| wait.is_positive());
    require(wait, "rollout.approval_wait", "above 0")
}

fn native(native: &Native) -> Result<(), ScenarioError> {
    let minutes = |span: SignedDuration| {
        !span.is_negative() && span.as_secs() % 60 == 0 && span.as_mins() <= 1440
    };
    let steps = match native.strategy {
        Strategy::Rolling | Strategy::BlueGreen => true,
        Strategy::Linear { percent, bake } => (3..=99).contains(&percent) && minutes(bake),
        Strategy::Canary { percent, bake } => (1..=99).contains(&percent) && minutes(bake),
    };
    let rule = "percent from 3 (canary: 1) to 99, bake in whole minutes, at most 24h";
    require(steps, "native.strategy", rule)?;
    require(minutes(native.bake), "native.bake", "whole minutes, at most 24h")?;
    let room = native.minimum_healthy <= 100
        && (100..=200).contains(&native.maximum)
        && native.minimum_healthy < native.maximum;
    require(room, "native.maximum", "from 100 to 200 and above minimum_healthy, at most 100")?;
    let sane = |hook: &LifecycleHook| {
        hook.stages.iter().all(|stage| stage.takes_hooks())
            && (1..=20_160).contains(&hook.timeout.as_mins())
    };
    let rule = "at stages that take hooks, timeout from 1m to 14 days";
    require(native.hooks.iter().all(sane), "native.hooks", rule)
}

fn weighted(scenario: &Scenario, weighted: &Weighted) -> Result<(), ScenarioError> {
    require(scenario.native.is_none(), "weighted", "without a section [native]")?;
    let still = scenario.start_at == SignedDuration::ZERO;
    require(still, "start_at", "0s where nothing is deployed")?;
    let most = if weighted.records().is_some() { 255 } else { 999 };
    let sane = weighted.weights.iter().all(|weight| *weight <= most);
    require(sane, "weighted.weights", "from 0 to 999, of records to 255")?;
    let groups = scenario.place.target_groups.iter().chain(&weighted.spare_groups);
    let once = groups.clone().all(|name| groups.clone().filter(|one| *one == name).count() == 1);
    require(once, "weighted.spare_groups", "names of their own")?;
    match &weighted.held_by {
        HeldBy::Listener => Ok(()),
        HeldBy::Rule { priority, .. } => {
            require((1..50_000).contains(priority), "weighted.held_by", "a priority up to 49999")
        }
        HeldBy::Records(records) => {
            let within = records.name.ends_with(&format!(".{}", records.zone));
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c);
            let within = within && records.name.chars().all(plain);
            require(within, "weighted.held_by", "records whose name lies in the zone")?;
            let two = records.second_balancer != scenario.place.load_balancer;
            require(two, "weighted.held_by", "records of two load balancers")?;
            let known = ["eu-west-1", "eu-north-1", "us-east-1"];
            let region = records.second_region.as_deref();
            let region = region.is_none_or(|region| known.contains(&region));
            require(
                region,
                "weighted.held_by.second_region",
                "eu-west-1, eu-north-1 or us-east-1",
            )?;
            let spans = !records.sync.is_negative() && !records.busy.is_negative();
            require(spans, "weighted.held_by", "records with spans of time from 0s")
        }
    }
}

/// A world has one shape, and a function's alarms count its errors.
fn shape(scenario: &Scenario) -> Result<(), ScenarioError> {
    let shapes = [
        scenario.native.is_some(),
        scenario.lambda.is_some(),
        scenario.ec2.is_some(),
        scenario.beanstalk.is_some(),
        scenario.weighted.is_some(),
        scenario.argo.is_some(),
    ];
    let one = shapes.into_iter().filter(|given| *given).count() <= 1;
    require(
        one,
        ".",
        "of one shape: at most one of native, lambda, ec2, beanstalk, weighted and argo",
    )?;
    let errors = scenario.alarms.iter().all(|alarm| alarm.metric == AlarmMetric::Target5xx);
    require(
        scenario.lambda.is_none() || errors,
        "alarms.metric",
        "5xx where a function rolls out",
    )?;
    let alone = scenario.pipeline.is_none() || shapes.iter().all(|given| !given);
    require(alone, "pipeline", "in front of an ECS service that CodeDeploy rolls out")?;
    scenario.argo.as_ref().map_or(Ok(()), |one| super::argo::check(scenario, one))?;
    scenario.clusters.as_ref().map_or(Ok(()), |both| super::argo::check_both(scenario, both))?;
    let Some(beanstalk) = &scenario.beanstalk else { return Ok(()) };
    let environments = if beanstalk.split.is_some() { 1 } else { 2 };
    let rule = "two, or one with split";
    require(beanstalk.environments.len() == environments, "beanstalk.environments", rule)?;
    let sane =
        |split: &Split| (1..=99).contains(&split.percent) && (3..=600).contains(&split.minutes);
    let rule = "percent from 1 to 99 and minutes from 3 to 600";
    require(beanstalk.split.as_ref().is_none_or(sane), "beanstalk.split", rule)?;
    require(beanstalk.dns_lag.is_positive(), "beanstalk.dns_lag", "above 0")?;
    require(scenario.alarms.is_empty(), "alarms", "empty: there is no load balancer to watch")
}

fn place(scenario: &Scenario) -> Result<(), ScenarioError> {
    require((1..=200).contains(&scenario.place.desired), "place.desired", "from 1 to 200")?;
    let [first, second] = &scenario.place.target_groups;
    require(first != second, "place.target_groups", "two different names")?;
    let bounds = SignedDuration::ZERO..=SignedDuration::from_hours(72);
    require(bounds.contains(&scenario.start_at), "start_at", "from 0s to 72h")
}

fn history(scenario: &Scenario) -> Result<(), ScenarioError> {
    let newest_first = scenario.history.iter().rev().map(|past| past.ago);
    // Each must be over, its bake included, before the next begins.
    let room = scenario.rollout.termination_wait + SignedDuration::from_hours(3);
    let mut spaced = newest_first.scan(SignedDuration::ZERO, |next, ago| {
        let fits = ago.checked_sub(*next).is_some_and(|gap| gap >= room);
        *next = ago;
        Some(fits)
    });
    require(spaced.all(|fits| fits), "history", "oldest first, 3h and the termination wait apart")?;
    let last = scenario.history.last().is_none_or(|past| past.tag == scenario.blue.tag);
    require(last, "history", "the last one must bring the tag of blue")
}

pub(super) fn require(holds: bool, field: &str, rule: &str) -> Result<(), ScenarioError> {
    if holds {
        return Ok(());
    }
    Err(ScenarioError::Field {
        field: field.to_owned(),
        reason: format!("must be {rule}"),
        hint: String::new(),
    })
}
