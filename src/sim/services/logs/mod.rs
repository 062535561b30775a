//! CloudWatch Logs: what the containers of the service have written.

mod pattern;

use jiff::Timestamp;

use self::pattern::Pattern;
use super::page::page;
use super::{Service, unknown_operation};
use crate::sim::error::ApiError;
use crate::sim::value::{Value, list, map};
use crate::sim::world::World;
use crate::sim::world::ecs::Task;
use crate::sim::world::lines::Line;

/// The operations that are simulated.
pub const OPERATIONS: &[&str] =
    &["DescribeLogGroups", "DescribeLogStreams", "FilterLogEvents", "GetLogEvents"];

/// The most events of a page, and how many there are when none is asked for.
const EVENTS: i64 = 10_000;
/// The most groups or streams of a page.
const PAGE: i64 = 50;

/// Carries out an operation.
pub fn handle(world: &World, operation: &str, input: &Value) -> Result<Value, ApiError> {
    match operation {
        "DescribeLogGroups" => describe_log_groups(world, input),
        "DescribeLogStreams" => describe_log_streams(world, input),
        "FilterLogEvents" => filter_log_events(world, input),
        "GetLogEvents" => get_log_events(world, input),
        _ => Err(unknown_operation(Service::Logs, operation)),
    }
}

fn describe_log_groups(world: &World, input: &Value) -> Result<Value, ApiError> {
    let begin = input.text("logGroupNamePrefix").unwrap_or_default();
    let fits = |name: &String| name.starts_with(begin);
    let groups: Vec<Value> = world
        .log_group()
        .into_iter()
        .filter(fits)
        .map(|name| {
            let arn = arn(world, &name);
            map([
                ("logGroupName", Value::from(name)),
                ("arn", format!("{arn}:*").into()),
                ("logGroupArn", arn.into()),
                ("creationTime", millis(world.deploy.created).into()),
                ("metricFilterCount", 0_i64.into()),
                ("storedBytes", 0_i64.into()),
            ])
        })
        .collect();
    let (groups, next) = page(groups, input, limit(input, PAGE)?, bad_token)?;
    Ok(map([("logGroups", Value::List(groups)), ("nextToken", next.into())]))
}

fn describe_log_streams(world: &World, input: &Value) -> Result<Value, ApiError> {
    let group = known_group(world, input)?;
    let begin = input.text("logStreamNamePrefix").unwrap_or_default();
    let mut streams: Vec<(String, &Task)> =
        world.log_streams().filter(|(name, _)| name.starts_with(begin)).collect();
    match input.text("orderBy") {
        None | Some("LogStreamName") => streams.sort_by(|(a, _), (b, _)| a.cmp(b)),
        Some("LastEventTime") if begin.is_empty() => {
            streams.sort_by_key(|(_, task)| (task.stopped.is_none(), task.stopped, task.started));
        }
        Some("LastEventTime") => {
            return Err(invalid("Cannot order by LastEventTime with a logStreamNamePrefix."));
        }
        Some(_) => return Err(invalid("orderBy is LogStreamName or LastEventTime")),
    }
    if input.bool("descending") == Some(true) {
        streams.reverse();
    }
    let streams = streams.into_iter().map(|(name, task)| {
        let lines = world.lines(task, (Timestamp::MIN, Timestamp::MAX));
        let at = |line: Option<&Line>| line.map(|line| millis(line.at));
        map([
            ("arn", format!("{}:log-stream:{name}", arn(world, &group)).into()),
            ("creationTime", task.started.map(millis).into()),
            ("firstEventTimestamp", at(lines.first()).into()),
            ("lastEventTimestamp", at(lines.last()).into()),
            ("lastIngestionTime", lines.last().map(|line| millis(line.ingested)).into()),
            ("logStreamName", name.into()),
            ("storedBytes", 0_i64.into()),
        ])
    });
    let (streams, next) = page(streams.collect(), input, limit(input, PAGE)?, bad_token)?;
    Ok(map([("logStreams", Value::List(streams)), ("nextToken", next.into())]))
}

fn filter_log_events(world: &World, input: &Value) -> Result<Value, ApiError> {
    known_group(world, input)?;
    let names = input.texts("logStreamNames");
    let begin = input.text("logStreamNamePrefix");
    if !names.is_empty() && begin.is_some() {
        return Err(invalid("Only one of logStreamNames and logStreamNamePrefix can be given"));
    }
    if names.len() > 100 {
        return Err(invalid("logStreamNames has at most 100 names"));
    }
    let pattern = Pattern::read(input.text("filterPattern").unwrap_or_default())?;
    let streams: Vec<(String, &Task)> = world.log_streams().collect();
    if names.iter().any(|name| !streams.iter().any(|(known, _)| known == name)) {
        return Err(missing("The specified log stream does not exist."));
    }
    let span = span(input);
    let mut events: Vec<(String, Line)> = Vec::new();
    for (name, task) in &streams {
        let wanted = (names.is_empty() || names.contains(&name.as_str()))
            && begin.is_none_or(|begin| name.starts_with(begin));
        if wanted {
            let lines = world.lines(task, span).into_iter();
            let fit = lines.filter(|line| pattern.fits(&line.text));
            events.extend(fit.map(|line| (name.clone(), line)));
        }
    }
    events.sort_by(|(a, x), (b, y)| (x.at, a).cmp(&(y.at, b)));
    let events = events.into_iter().map(|(stream, line)| {
        let Value::Map(mut members) = event(&line) else { return Value::Null };
        members.push(("eventId".to_owned(), event_id(&stream, &line).into()));
        members.push(("logStreamName".to_owned(), stream.into()));
        Value::Map(members)
    });
    let (events, next) = page(events.collect(), input, limit(input, EVENTS)?, bad_token)?;
    Ok(map([
        ("events", Value::List(events)),
        ("searchedLogStreams", Value::List(Vec::new())),
        ("nextToken", next.into()),
    ]))
}

/// A token is the position between two lines; one that was given at the end comes back unchanged.
fn get_log_events(world: &World, input: &Value) -> Result<Value, ApiError> {
    known_group(world, input)?;
    let name = input.text("logStreamName").unwrap_or_default();
    let found = world.log_streams().find(|(known, _)| known == name);
    let (_, task) = found.ok_or_else(|| missing("The specified log stream does not exist."))?;
    let lines = world.lines(task, span(input));
    let limit = limit(input, EVENTS)?;
    let head = input.bool("startFromHead") == Some(true);
    let place = |token: &str, kind: &str| {
        let position = token.strip_prefix(kind)?.parse::<usize>().ok()?;
        Some(position.min(lines.len()))
    };
    let (from, to) = match input.text("nextToken") {
        None if head => (0, limit.min(lines.len())),
        None => (lines.len().saturating_sub(limit), lines.len()),
        Some(token) => match (place(token, "f/"), place(token, "b/")) {
            (Some(from), _) => (from, from.saturating_add(limit).min(lines.len())),
            (None, Some(to)) => (to.saturating_sub(limit), to),
            (None, None) => return Err(bad_token()),
        },
    };
    let events = lines.get(from..to).unwrap_or_default().iter().map(event);
    Ok(map([
        ("events", list(events)),
        ("nextForwardToken", format!("f/{to}").into()),
        ("nextBackwardToken", format!("b/{from}").into()),
    ]))
}

/// The log group that a request is about.
fn known_group(world: &World, input: &Value) -> Result<String, ApiError> {
    let named = input.text("logGroupName").or_else(|| input.text("logGroupIdentifier"));
    let named = named.ok_or_else(|| invalid("logGroupName is missing"))?;
    let group = world.log_group().filter(|group| named == group || named == arn(world, group));
    group.ok_or_else(|| missing("The specified log group does not exist."))
}

fn arn(world: &World, group: &str) -> String {
    let place = &world.names.place;
    format!("arn:aws:logs:{}:{}:log-group:{group}", place.region, place.account)
}

/// From `startTime` up to, but not including, `endTime`, both in milliseconds.
fn span(input: &Value) -> (Timestamp, Timestamp) {
    let moment = |name| input.int(name).and_then(|at| Timestamp::from_millisecond(at).ok());
    (moment("startTime").unwrap_or(Timestamp::MIN), moment("endTime").unwrap_or(Timestamp::MAX))
}

fn limit(input: &Value, most: i64) -> Result<usize, ApiError> {
    let limit = input.int("limit").unwrap_or(most);
    let fits = (1..=most).contains(&limit);
    let limit = fits.then(|| usize::try_from(limit).ok()).flatten();
    limit.ok_or_else(|| invalid(&format!("limit lies between 1 and {most}")))
}

fn event(line: &Line) -> Value {
    map([
        ("timestamp", millis(line.at).into()),
        ("message", line.text.as_str().into()),
        ("ingestionTime", millis(line.ingested).into()),
    ])
}

/// An id of 56 digits, as AWS has them; the same for the same line.
fn event_id(stream: &str, line: &Line) -> String {
    let sum = |seed: u64, text: &str| {
        text.bytes().fold(seed, |sum, byte| sum.wrapping_mul(1_099_511_628_211) ^ u64::from(byte))
    };
    let (a, b) = (sum(14_695_981_039, stream), sum(2_166_136_261, &line.text));
    format!("{:016}{a:020}{b:020}", millis(line.at))
}

fn millis(at: Timestamp) -> i64 {
    at.as_millisecond()
}

fn invalid(message: &str) -> ApiError {
    ApiError::client("InvalidParameterException", message)
}

fn missing(message: &str) -> ApiError {
    ApiError::client("ResourceNotFoundException", message)
}

fn bad_token() -> ApiError {
    invalid("The specified nextToken is invalid.")
}
