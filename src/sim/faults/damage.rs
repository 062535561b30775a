//! What is wrong in an answer that a service has given: values, types, members, metrics.

use jiff::{SignedDuration, Timestamp};

use super::FaultKind;
use crate::sim::services::Service;
use crate::sim::value::{Value, list, map};

/// A value that no version of any API has.
const UNKNOWN: &str = "NOT_YET_INVENTED";
/// One in so many members is missing or of another type.
const ONE_IN: u64 = 4;
/// Metrics that are younger than this are still put right.
const YOUNG: SignedDuration = SignedDuration::from_mins(6);

/// The `index`-th number of a seed; the finaliser of `SplitMix64`.
pub(crate) fn dice(seed: u64, index: u64) -> u64 {
    let mut x = seed ^ index.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

/// Bytes that are no answer in any format.
pub(crate) fn noise(seed: u64) -> Vec<u8> {
    (0..200).map(|index| (dice(seed, index) % 256) as u8).collect()
}

/// The answer as the trouble leaves it.
pub(crate) fn answer(
    kind: FaultKind,
    service: Service,
    answer: Value,
    (now, seed): (Timestamp, u64),
) -> Value {
    let mut dice = Dice { seed, count: 0 };
    match kind {
        FaultKind::UnknownWords => unknown_words(answer),
        FaultKind::MissingMembers => members(answer, &mut dice, |_, _| Value::Null),
        FaultKind::WrongTypes => members(answer, &mut dice, |_, value| other_type(value)),
        FaultKind::ExtraMembers => extra(answer),
        FaultKind::Failures if service == Service::Ecs => failures(answer),
        FaultKind::Account(account) if service == Service::Sts => of_account(answer, account),
        FaultKind::PointsLate(span) => points(answer, |at| now.duration_since(at) >= span, 1),
        FaultKind::PointsAbsent => points(
            answer,
            |at| !self::dice(seed, at.as_second().unsigned_abs()).is_multiple_of(3),
            1,
        ),
        FaultKind::PointsTwice => points(answer, |_| true, 2),
        FaultKind::PointsRevised => revised(answer, now, &mut dice),
        _ => answer,
    }
}

struct Dice {
    seed: u64,
    count: u64,
}

impl Dice {
    fn throw(&mut self) -> u64 {
        self.count += 1;
        dice(self.seed, self.count)
    }
}

/// Walks through all members of all structures, from the outside in.
fn each(value: Value, change: &mut impl FnMut(&str, Value) -> Value) -> Value {
    match value {
        Value::Map(members) => Value::Map(
            members
                .into_iter()
                .filter_map(|(name, member)| {
                    let member = change(&name, member);
                    (member != Value::Null).then(|| (name, each(member, change)))
                })
                .collect(),
        ),
        Value::List(items) => {
            Value::List(items.into_iter().map(|item| each(item, change)).collect())
        }
        other => other,
    }
}

/// States, types and reasons that nobody knows yet. What names a thing stays what it is.
fn unknown_words(value: Value) -> Value {
    each(value, &mut |name, member| {
        let name = name.to_ascii_lowercase();
        let is_word = ["status", "state", "stage", "type", "code", "creator", "reason", "value"]
            .iter()
            .any(|end| name.ends_with(end));
        match member {
            Value::Text(_) if is_word => UNKNOWN.into(),
            member => member,
        }
    })
}

/// Changes one in four members.
fn members(value: Value, dice: &mut Dice, change: fn(&str, &Value) -> Value) -> Value {
    each(value, &mut |name, member| {
        if dice.throw().is_multiple_of(ONE_IN) { change(name, &member) } else { member }
    })
}

fn other_type(value: &Value) -> Value {
    match value {
        Value::Null | Value::Bool(_) => "perhaps".into(),
        Value::Int(number) => format!("about {number}").into(),
        Value::Double(number) => format!("{number} or so").into(),
        Value::Time(_) => "yesterday".into(),
        Value::Text(_) => list([Value::Int(42)]),
        Value::List(_) => "a list".into(),
        Value::Map(_) => Value::Int(-1),
    }
}

/// Every structure gets members that nobody has heard of.
fn extra(value: Value) -> Value {
    match value {
        Value::Map(members) => {
            let mut members: Vec<(String, Value)> =
                members.into_iter().map(|(name, member)| (name, extra(member))).collect();
            members.push(("newText".to_owned(), "\u{1b}[2J\u{202e}new".into()));
            members.push(("newList".to_owned(), list(["a", "b"])));
            members.push(("newMap".to_owned(), map([("status", Value::from("NEW"))])));
            Value::Map(members)
        }
        Value::List(items) => Value::List(items.into_iter().map(extra).collect()),
        other => other,
    }
}

/// Everything that was found is not, item by item.
fn failures(answer: Value) -> Value {
    if !answer.has("failures") {
        return answer;
    }
    let Value::Map(members) = answer else { return answer };
    let mut failed = Vec::new();
    for (_, member) in &members {
        let Value::List(items) = member else { continue };
        for item in items {
            let arns = ["serviceArn", "taskArn", "serviceDeploymentArn", "arn", "clusterArn"];
            let arn = arns.iter().find_map(|name| item.text(name)).unwrap_or("?");
            failed.push(map([("arn", arn), ("reason", "MISSING")].map(text)));
        }
    }
    let emptied = members.into_iter().map(|(name, member)| match member {
        Value::List(_) if name == "failures" => (name, Value::List(failed.clone())),
        Value::List(_) => (name, Value::List(Vec::new())),
        member => (name, member),
    });
    Value::Map(emptied.collect())
}

fn text((key, value): (&'static str, &str)) -> (&'static str, Value) {
    (key, value.into())
}

fn of_account(answer: Value, account: u64) -> Value {
    let account = format!("{account:012}");
    each(answer, &mut |name, member| match name {
        "Account" => account.clone().into(),
        "Arn" => format!("arn:aws:sts::{account}:assumed-role/rollout-operator/operator").into(),
        _ => member,
    })
}

/// The points of all series whose moment is wanted, each so many times.
fn points(answer: Value, wanted: impl Fn(Timestamp) -> bool, times: usize) -> Value {
    each(answer, &mut |name, member| match (name, member) {
        ("MetricDataResults", Value::List(results)) => Value::List(
            results
                .into_iter()
                .map(|result| {
                    let keep: Vec<bool> = result
                        .list("Timestamps")
                        .iter()
                        .map(|at| matches!(at, Value::Time(at) if wanted(*at)))
                        .collect();
                    each(result, &mut |name, member| match (name, member) {
                        ("Timestamps" | "Values", Value::List(items)) => {
                            let kept = items.into_iter().zip(&keep).filter(|(_, keep)| **keep);
                            let kept: Vec<Value> = kept.map(|(item, _)| item).collect();
                            Value::List(kept.into_iter().flat_map(|v| vec![v; times]).collect())
                        }
                        (_, member) => member,
                    })
                })
                .collect(),
        ),
        (_, member) => member,
    })
}

/// The newest minutes have counted only a part so far, each time another one.
fn revised(answer: Value, now: Timestamp, dice: &mut Dice) -> Value {
    each(answer, &mut |name, member| match (name, member) {
        ("MetricDataResults", Value::List(results)) => Value::List(
            results
                .into_iter()
                .map(|result| {
                    let young: Vec<bool> = result
                        .list("Timestamps")
                        .iter()
                        .map(|at| matches!(at, Value::Time(at) if now.duration_since(*at) < YOUNG))
                        .collect();
                    each(result, &mut |name, member| match (name, member) {
                        ("Values", Value::List(values)) => {
                            let values = values.into_iter().zip(&young);
                            Value::List(values.map(|(v, young)| part(v, *young, dice)).collect())
                        }
                        (_, member) => member,
                    })
                })
                .collect(),
        ),
        (_, member) => member,
    })
}

fn part(value: Value, young: bool, dice: &mut Dice) -> Value {
    match value {
        Value::Double(number) if young => {
            Value::Double((number * (50 + dice.throw() % 50) as f64 / 100.0).floor())
        }
        value => value,
    }
}
