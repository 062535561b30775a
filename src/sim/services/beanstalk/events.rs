//! DescribeEvents: what the environments said, newest first.

use super::{of_application, page};
use crate::sim::error::ApiError;
use crate::sim::value::{Value, map};
use crate::sim::world::World;
use crate::sim::world::beanstalk::{Environment, Notice};

/// The severities of the API, the least grave first.
const SEVERITIES: [&str; 6] = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];

pub(super) fn describe(world: &World, input: &Value) -> Result<Value, ApiError> {
    let rank = |word: &str| SEVERITIES.iter().position(|known| *known == word);
    let least = match input.text("Severity") {
        None => 0,
        Some(word) => rank(word).ok_or_else(|| super::invalid("The severity is not valid."))?,
    };
    let (from, to) = (input.time("StartTime"), input.time("EndTime"));
    let all = world.beanstalk.as_ref();
    let at = |notice: &Notice| all.and_then(|all| all.environments.get(notice.environment));
    let wanted = |notice: &Notice, environment: &Environment| {
        let is = |member: &str, value: &str| input.text(member).is_none_or(|asked| asked == value);
        is("EnvironmentName", &environment.name)
            && is("EnvironmentId", &environment.id)
            && is("RequestId", &notice.request)
            && of_application(world, input)
            && rank(notice.severity.word()) >= Some(least)
            && from.is_none_or(|from| notice.at >= from)
            && to.is_none_or(|to| notice.at < to)
    };
    let notices = all.iter().flat_map(|all| all.notices.iter().rev());
    let found = notices
        .filter_map(|notice| Some((notice, at(notice)?)))
        .filter(|(notice, environment)| wanted(notice, environment))
        .map(|(notice, environment)| described(world, notice, environment))
        .collect();
    let (found, next) = page(found, (input.text("NextToken"), input.int("MaxRecords")))?;
    Ok(map([("Events", found), ("NextToken", next.into())]))
}

fn described(world: &World, notice: &Notice, environment: &Environment) -> Value {
    map([
        ("EventDate", notice.at.into()),
        ("Message", notice.message.as_str().into()),
        ("ApplicationName", world.names.place.application.as_str().into()),
        ("EnvironmentName", environment.name.as_str().into()),
        ("RequestId", notice.request.as_str().into()),
        ("Severity", notice.severity.word().into()),
    ])
}
