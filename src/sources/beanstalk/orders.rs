//! Orders: the state is read again, then the one call goes out, once.

use aws_sdk_elasticbeanstalk::operation::RequestId;
use serde_json::Value;

use crate::domain::{
    Action, Fact, Fault, Means, Order, Progress, RolloutKind, Snapshot, Split, Target,
};
use crate::sources::aws::{Aws, Changes};
use crate::sources::order::{failed, param, unknown_call, was_carried_out};

use super::calls;
use super::raw::{Raw, Roles, Splitting, name};
use super::translate::snapshot;

/// Reads afresh what an order rests on: the caller, the environments, and their instances.
///
/// Which environment is which was settled when the order was confirmed, and is in the order.
pub(crate) async fn read_again(aws: &Aws, order: &Order) -> Snapshot {
    let Target::Beanstalk { application, .. } = &order.target else {
        return Snapshot::unasked(order.target.clone(), aws.now());
    };
    let (identity, environments) =
        tokio::join!(aws.identity(), calls::environments(aws, application));
    let now = aws.now();
    let identity = Fact::default().after(identity, now);
    let mut raw = Raw::default();
    let names = environments.as_ref().map(|all| all.iter().map(|one| name(one).to_owned()));
    let names: Vec<String> = names.map(Iterator::collect).unwrap_or_default();
    raw.environments = raw.environments.after(environments, now);
    if (1..=2).contains(&names.len()) {
        let (instances, events) =
            tokio::join!(calls::instances(aws, names), calls::events(aws, application, now));
        raw.instances = raw.instances.after(instances, aws.now());
        raw.events = raw.events.after(events, aws.now());
    }
    let text = |name: &str| param(order, name).and_then(Value::as_str).map(str::to_owned);
    raw.roles = text("SourceEnvironmentName").map(|blue| Roles {
        served_name: order.expected.rollout.as_str().to_owned(),
        blue,
        guessed: false,
        deployed: None,
    });
    raw.splitting = splitting(order, &raw);
    snapshot(&order.target, &identity, &raw, aws.now())
}

/// The deployment that an abort is about, from the rollout's id `ENVIRONMENT:VERSION`.
fn splitting(order: &Order, raw: &Raw) -> Option<Splitting> {
    if order.expected.means != Means::StopAndRollBack {
        return None;
    }
    let (environment, green) = order.expected.rollout.as_str().split_once(':')?;
    let Ok(all) = raw.instances.value()?.get(environment)? else { return None };
    let versions = all.iter().filter_map(|one| one.deployment()?.version_label());
    let blue = versions.into_iter().find(|version| *version != green).unwrap_or_default();
    Some(Splitting {
        environment: environment.to_owned(),
        blue: blue.to_owned(),
        green: green.to_owned(),
        since: order.at,
        undone: false,
    })
}

/// Sends the one call of an order. It is never sent again.
pub(crate) async fn send(changes: &Changes, order: &Order) -> Progress {
    let client = &changes.beanstalk;
    let text = |name: &str| param(order, name).and_then(Value::as_str).map(str::to_owned);
    let accepted = |request: Option<&str>| Progress::Accepted {
        request_id: request.map(str::to_owned),
        answer: String::new(),
        rollout: None,
    };
    match order.call.operation.as_str() {
        "SwapEnvironmentCNAMEs" => {
            let call = client
                .swap_environment_cnames()
                .set_source_environment_name(text("SourceEnvironmentName"))
                .set_destination_environment_name(text("DestinationEnvironmentName"));
            match call.send().await {
                Ok(answer) => accepted(answer.request_id()),
                Err(error) => failed(order, &error),
            }
        }
        "AbortEnvironmentUpdate" => {
            let call = client.abort_environment_update();
            match call.set_environment_id(text("EnvironmentId")).send().await {
                Ok(answer) => accepted(answer.request_id()),
                Err(error) => failed(order, &error),
            }
        }
        _ => unknown_call(order),
    }
}

/// Finds out by reading what became of an order whose answer was lost. That it was not carried out
/// is never certain: the call may still be on its way.
pub(crate) async fn reconcile(aws: &Aws, order: &Order, lost: Fault) -> Progress {
    let now = Box::pin(read_again(aws, order)).await;
    let rollout = now.rollout().filter(|rollout| rollout.id == order.expected.rollout);
    let carried_out = rollout.is_some_and(|rollout| match order.expected.means {
        Means::SwapNames => {
            let goal = match order.action {
                Action::RollBack => Split::ALL_BLUE,
                _ => Split::ALL_GREEN,
            };
            rollout.traffic.planned.fresh() == Some(&goal)
        }
        _ => rollout.kind != RolloutKind::Rollout,
    });
    if !carried_out {
        return Progress::Unknown { fault: lost };
    }
    was_carried_out(None)
}
