//! What goes wrong, row by row. `{call}` stands for the order's own call, `{read}` for the one that
//! reads the state again before it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use cutover::sim::services::{self, Service};
use cutover::sources::permissions::{Where, policy};

use super::orders::orders;

/// A fault of the table.
pub(crate) struct Case {
    /// In words.
    pub(crate) name: String,
    /// As on the command line.
    pub(crate) faults: Vec<String>,
    /// Whether something hangs, so that time limits count.
    pub(crate) hangs: bool,
    /// How much time goes by before the order, in hours.
    pub(crate) hours: i64,
    /// The orders that may meet it, by their place in the table of orders.
    pub(crate) about: Vec<usize>,
    /// Whether each of those meets it; else who does is seen when it is played.
    pub(crate) meets_all: bool,
}

fn case(name: &str, faults: &[&str]) -> Case {
    Case {
        name: name.to_owned(),
        faults: faults.iter().map(|fault| (*fault).to_owned()).collect(),
        hangs: false,
        hours: 0,
        about: (0..orders().len()).collect(),
        meets_all: true,
    }
}

fn hanging(name: &str, faults: &[&str]) -> Case {
    Case { hangs: true, ..case(name, faults) }
}

/// A fault of one service, for the orders that ask it.
fn of(service: &str, name: &str, faults: &[&str]) -> Case {
    let asks = |action: &str| action.split_once(':').is_some_and(|(name, _)| name == service);
    let about = (0..orders().len()).filter(|index| permissions(*index).iter().any(|one| asks(one)));
    Case { about: about.collect(), meets_all: false, ..case(name, faults) }
}

/// A part of the table.
pub(crate) struct Group {
    pub(crate) title: &'static str,
    pub(crate) cases: Vec<Case>,
}

/// The whole table.
pub(crate) static GROUPS: LazyLock<Vec<Group>> = LazyLock::new(|| {
    let group = |(title, cases)| Group { title, cases };
    let mut groups: Vec<Group> = written().into_iter().map(group).collect();
    let place = groups.len() - 1;
    groups.insert(place, Group { title: "One permission is missing", cases: missing() });
    groups
});

/// Everything that the policy of an order's target lists, for reading as for acting.
fn permissions(order: usize) -> BTreeSet<&'static str> {
    static ALL: LazyLock<Vec<BTreeSet<&'static str>>> = LazyLock::new(|| {
        let of = |target| policy(Some(&target), &Where::default(), false).unwrap();
        let all = orders().iter().map(|given| of(given.target()));
        all.map(|statements| statements.into_iter().flat_map(|one| one.actions).collect()).collect()
    });
    ALL[order].clone()
}

/// Every single permission.
fn missing() -> Vec<Case> {
    let mut about: BTreeMap<&'static str, Vec<usize>> = BTreeMap::new();
    for (index, given) in orders().iter().enumerate() {
        for permission in permissions(index) {
            let (service, operation) = permission.split_once(':').unwrap();
            let known = Service::ALL.into_iter().find(|known| known.name() == service);
            // Another order's call is met by no run of this one.
            let is_own = given.call.ends_with(&format!(".{operation}"));
            let is_met = is_own || services::reads(operation);
            if is_met && known.is_some_and(|known| known.operations().contains(&operation)) {
                about.entry(permission).or_default().push(index);
            }
        }
    }
    let case = |(permission, about): (&str, _)| Case {
        name: format!("`{permission}`"),
        faults: vec![format!("{}=deny", permission.replacen(':', ".", 1))],
        hangs: false,
        hours: 0,
        about,
        meets_all: false,
    };
    about.into_iter().map(case).collect()
}

/// One service throttles whoever reads; the order's own call is taken.
fn reading(service: &str, name: &str) -> Case {
    let fault = format!("{service}=throttle");
    let name = format!("{name} is throttled for reading");
    of(service, &name, &[&fault, "{call}=delay:1ms"])
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn written() -> Vec<(&'static str, Vec<Case>)> {
    vec![
        (
            "Throttling",
            vec![
                case("the order is throttled", &["{call}=throttle"]),
                case("everything is throttled", &["all=throttle"]),
                case(
                    "every reading is throttled, the order is not",
                    &["all=throttle", "{call}=delay:1ms"],
                ),
                case("seven in ten requests are throttled", &["all=throttle%70"]),
                case("everything is throttled every other minute", &["all=throttle@1m/1m"]),
                reading("codedeploy", "CodeDeploy"),
                reading("ecs", "ECS"),
                reading("elasticloadbalancing", "the load balancer"),
                reading("cloudwatch", "CloudWatch"),
                reading("route53", "Route 53"),
                reading("elasticbeanstalk", "Elastic Beanstalk"),
                reading("codepipeline", "CodePipeline"),
                reading("lambda", "Lambda"),
                case("STS is throttled", &["sts=throttle"]),
            ],
        ),
        (
            "Faults of the service",
            vec![
                case("the order: 500 with a body", &["{call}=error:500"]),
                case("the order: 503 with a body", &["{call}=error:503"]),
                case("the order: 502 without a body", &["{call}=error-empty:502"]),
                case("the order is carried out and answered with 500", &["{call}=error-after:500"]),
                case("the order: a proxy's page with 502", &["{call}=html:502"]),
                case("the order: a proxy's page with 403", &["{call}=html:403"]),
                case("the order: a page with 200", &["{call}=html:200"]),
                case("everything: 503", &["all=error:503"]),
                case("everything: a proxy's page with 502", &["all=html:502"]),
                case(
                    "every reading: 500, the order is taken",
                    &["all=error:500", "{call}=delay:1ms"],
                ),
            ],
        ),
        (
            "Connections",
            vec![
                case("the order is lost before it arrives", &["{call}=drop-before"]),
                case("the order is carried out, its answer lost", &["{call}=drop-after"]),
                case("the order's answer breaks off", &["{call}=cut"]),
                case("the order's answer comes in small pieces", &["{call}=trickle:400ms"]),
                case("every connection is reset", &["all=drop-before"]),
                hanging("the order is never answered", &["{call}=no-answer"]),
                hanging("the order is carried out, the answer stalls", &["{call}=stall"]),
                hanging("the order is carried out, the answer comes too late", &["{call}=late:5s"]),
                hanging(
                    "every reading hangs, the order does not",
                    &["all=no-answer", "{call}=delay:1ms"],
                ),
                hanging("nothing is answered", &["all=no-answer"]),
                Case {
                    hangs: true,
                    ..of("cloudwatch", "a fetch of metrics hangs", &["cloudwatch=no-answer"])
                },
            ],
        ),
        (
            "Answers",
            vec![
                case("the order's answer is cut short", &["{call}=truncate"]),
                case("the order's answer is noise", &["{call}=garbage"]),
                case("the order's answer lacks members", &["{call}=missing-members"]),
                case("the order's answer has wrong types", &["{call}=wrong-types"]),
                case("every answer is cut short", &["all=truncate"]),
                case("every answer is noise", &["all=garbage"]),
                case("states that nobody knows yet", &["all=unknown-words"]),
                case("members that nobody knows yet", &["all=extra-members"]),
                case("a quarter of all members is missing", &["all=missing-members"]),
                case("a quarter of all members has another type", &["all=wrong-types"]),
                of("ecs", "ECS finds nothing (failures[])", &["ecs=failures"]),
                case("three empty pages before each page", &["all=empty-pages:3"]),
                case("pages that repeat without end", &["all=same-page"]),
                of(
                    "cloudwatch",
                    "metrics late, absent",
                    &["cloudwatch=points-late:20m", "cloudwatch=points-absent%50"],
                ),
                of(
                    "cloudwatch",
                    "metrics twice, revised",
                    &["cloudwatch=points-twice", "cloudwatch=points-revised%50"],
                ),
            ],
        ),
        (
            "Identity and time",
            vec![
                case("this machine's clock is ten minutes behind", &["all=skew:10m"]),
                case("this machine's clock is two hours ahead", &["all=skew:-2h"]),
                case("the login has expired", &["all=expired"]),
                case("the login expires with the order", &["{call}=expired"]),
                case("the key is unknown", &["all=unknown-key"]),
                case("the secret is wrong", &["all=bad-signature"]),
                case("the session was revoked", &["all=revoked"]),
                case("the order is not permitted", &["{call}=deny"]),
                case("the caller is in another account", &["sts=account:444455556666"]),
                of(
                    "elasticloadbalancing",
                    "the load balancer may not be read",
                    &["elb=deny", "{call}=delay:1ms"],
                ),
                of("cloudwatch", "CloudWatch may not be read", &["cloudwatch=deny"]),
            ],
        ),
        (
            "The world changes",
            vec![
                case("somebody stops it just before the order", &["{call}=rival:stop*1"]),
                case("somebody rolls it back just before the order", &["{call}=rival:rollback*1"]),
                case("somebody continues it just before the order", &["{call}=rival:continue*1"]),
                case("somebody deploys just before the order", &["{call}=rival:deploy*1"]),
                case("somebody stops it before it is read again", &["{read}=rival:stop*1"]),
                case(
                    "somebody rolls it back before it is read again",
                    &["{read}=rival:rollback*1"],
                ),
                case("somebody continues it before it is read again", &["{read}=rival:continue*1"]),
                case("somebody deploys before it is read again", &["{read}=rival:deploy*1"]),
                Case { hours: 3, ..case("three hours go by between look and key", &[]) },
            ],
        ),
    ]
}
