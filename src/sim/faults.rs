//! What goes wrong between a client and the services, as data: set from a flag, by a scenario, or
//! while it runs.

pub(crate) mod damage;
mod kind;
pub(crate) mod pages;
pub(crate) mod rival;

#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::services::Service;
pub(crate) use kind::server_fault;
pub use kind::{FaultKind, Rival};

/// A rule: which requests meet which trouble, when, and how often.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(try_from = "String")]
pub struct Fault {
    /// The service; `None` for all of them.
    pub service: Option<Service>,
    /// `kubernetes/NAME`: the one of several clusters; `None` for all of them.
    pub cluster: Option<String>,
    /// The operation; `None` for all of the service.
    pub operation: Option<String>,
    /// The trouble.
    pub kind: FaultKind,
    /// `%30`: the share of the requests that meet it, in percent; `None` for all.
    pub share: Option<u8>,
    /// `@20s/40s`: it is in force for so long, then for so long not, and so on, in simulated time.
    pub bursts: Option<(SignedDuration, SignedDuration)>,
    /// `*3`: how many requests meet it; `None` for ever.
    pub count: Option<u32>,
}

/// Whom a request is for.
#[derive(Debug, Clone, Copy)]
pub struct Whom<'a> {
    /// The service.
    pub service: Service,
    /// The operation.
    pub operation: &'a str,
    /// The one of several clusters.
    pub cluster: Option<&'a str>,
}

impl<'a> From<(Service, &'a str)> for Whom<'a> {
    fn from((service, operation): (Service, &'a str)) -> Self {
        Self { service, operation, cluster: None }
    }
}

/// Other names that people give the services.
const ALIASES: [(&str, Service); 5] = [
    ("elb", Service::Elb),
    ("elbv2", Service::Elb),
    ("monitoring", Service::CloudWatch),
    ("deploy", Service::CodeDeploy),
    ("beanstalk", Service::Beanstalk),
];

/// The text of a fault that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("fault `{text}`: {problem}\nhint: {hint}")]
pub struct FaultError {
    text: String,
    problem: String,
    hint: String,
}

/// The faults in force; the one set last wins where several match.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    rules: Vec<Rule>,
    /// How many requests have met one.
    met: u64,
}

/// A fault with the time it is about.
#[derive(Debug, Clone)]
struct Rule {
    fault: Fault,
    /// In force from then on; bursts are counted from here.
    from: Timestamp,
    /// No longer in force from then on.
    until: Option<Timestamp>,
    /// How many requests it could have met.
    seen: u64,
}

/// A fault of a scenario, with its time.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Planned {
    /// Whom it meets and how, as on the command line.
    pub fault: Fault,
    /// How long after the start of the world it begins.
    #[serde(default)]
    pub from: SignedDuration,
    /// How long after the start of the world it ends; absent: never.
    pub until: Option<SignedDuration>,
}

impl Faults {
    /// Adds a fault that is in force from `now` on.
    pub fn set(&mut self, fault: Fault, now: Timestamp) {
        self.rules.push(Rule { fault, from: now, until: None, seen: 0 });
    }

    /// Adds a fault of a scenario whose world begins at `start`.
    pub fn plan(&mut self, planned: &Planned, start: Timestamp) {
        let at = |span| start.saturating_add(span).unwrap_or(Timestamp::MAX);
        let Planned { fault, from, until } = planned.clone();
        self.rules.push(Rule { fault, from: at(from), until: until.map(at), seen: 0 });
    }

    /// Removes all faults.
    pub fn clear(&mut self) {
        self.rules.clear();
    }

    /// The faults that are left, as text.
    pub fn texts(&self) -> Vec<String> {
        self.rules.iter().map(|rule| rule.fault.to_string()).collect()
    }

    /// How many requests have met a fault so far.
    pub fn met(&self) -> u64 {
        self.met
    }

    /// Whether something is not permitted at a moment, for whoever asks before trying it.
    pub fn denies(&self, whom: Whom<'_>, now: Timestamp) -> bool {
        self.rules.iter().any(|rule| rule.is_in_force(now) && rule.fault.denies(whom))
    }

    /// The trouble that lets nothing through to whom, if there is any now: what goes on longer than a
    /// request meets it in the middle.
    pub fn cuts_off(&self, whom: Whom<'_>, now: Timestamp) -> Option<FaultKind> {
        let cuts = |rule: &&Rule| {
            let fault = &rule.fault;
            let always = fault.operation.is_none() && fault.share.is_none();
            always && rule.is_in_force(now) && fault.matches(whom)
        };
        let found = self.rules.iter().rev().filter(cuts).map(|rule| rule.fault.kind);
        found.into_iter().find(|kind| matches!(kind, FaultKind::NoAnswer | FaultKind::DropBefore))
    }

    /// The trouble that a request meets; counts it, and forgets the fault after its last one.
    pub fn meet<'a>(
        &mut self,
        whom: impl Into<Whom<'a>>,
        now: Timestamp,
        seed: u64,
    ) -> Option<FaultKind> {
        let whom = whom.into();
        let index =
            (0..self.rules.len()).rev().find(|index| self.rules[*index].meets(whom, now, seed))?;
        self.met += 1;
        let fault = &mut self.rules.get_mut(index)?.fault;
        let kind = fault.kind;
        if let Some(left) = &mut fault.count {
            *left = left.saturating_sub(1);
            if *left == 0 {
                self.rules.remove(index);
            }
        }
        Some(kind)
    }
}

impl Rule {
    fn is_in_force(&self, now: Timestamp) -> bool {
        let in_time = now >= self.from && self.until.is_none_or(|until| now < until);
        in_time && self.is_in_a_burst(now)
    }

    fn meets(&mut self, whom: Whom<'_>, now: Timestamp, seed: u64) -> bool {
        if !self.is_in_force(now) || !self.fault.matches(whom) {
            return false;
        }
        self.seen += 1;
        let dice = damage::dice(seed, self.seen) % 100;
        self.fault.share.is_none_or(|share| dice < u64::from(share))
    }

    fn is_in_a_burst(&self, now: Timestamp) -> bool {
        let Some((on, off)) = self.fault.bursts else { return true };
        let whole = (on + off).as_millis().max(1);
        now.duration_since(self.from).as_millis().rem_euclid(whole) < on.as_millis()
    }
}

impl Fault {
    /// Whether it takes a permission away for as long as it is in force.
    fn denies(&self, whom: Whom<'_>) -> bool {
        self.is_a_denial() && self.share.is_none() && self.matches(whom)
    }

    fn matches(&self, Whom { service, operation, cluster }: Whom<'_>) -> bool {
        self.service.is_none_or(|wanted| wanted == service)
            && self.cluster.as_deref().is_none_or(|wanted| Some(wanted) == cluster)
            && self.operation.as_deref().is_none_or(|wanted| wanted == operation)
            && !(self.is_a_denial() && needs_no_permission(operation))
    }

    fn is_a_denial(&self) -> bool {
        matches!(self.kind, FaultKind::Deny | FaultKind::Revoked)
    }
}

/// AWS answers this one whatever the policies say.
fn needs_no_permission(operation: &str) -> bool {
    operation == "GetCallerIdentity"
}

impl FromStr for Fault {
    type Err = FaultError;

    /// Reads `SERVICE[.OPERATION]=KIND[:PARAMETER][%SHARE][@ON/OFF][*COUNT]`, e.g.
    /// `codedeploy.StopDeployment=drop-after*1`.
    fn from_str(text: &str) -> Result<Self, FaultError> {
        let fail = |(problem, hint): Problem| FaultError { text: text.to_owned(), problem, hint };
        let (whom, what) = text.split_once('=').ok_or_else(|| {
            let hint = "SERVICE[.OPERATION]=KIND[:PARAMETER][%SHARE][@ON/OFF][*COUNT], e.g. \
                        cloudwatch=deny";
            fail(("there is no `=`".to_owned(), hint.to_owned()))
        })?;
        let (whom, cluster) = split_cluster(whom.trim()).map_err(fail)?;
        let (service, operation) = parse_whom(&whom).map_err(fail)?;
        let (what, count) = suffix(what, '*', parse_count).map_err(fail)?;
        let (what, bursts) = suffix(what, '@', parse_bursts).map_err(fail)?;
        let (what, share) = suffix(what, '%', parse_share).map_err(fail)?;
        let kind = kind::parse(what.trim()).map_err(fail)?;
        let fault = Self { service, cluster, operation, kind, share, bursts, count };
        let role = fault.operation.as_deref() == Some("AssumeRole");
        if fault.is_a_denial() && service == Some(Service::Sts) && !role {
            let problem = "sts:GetCallerIdentity needs no permission, so AWS never denies it";
            return Err(fail((problem.to_owned(), "sts=expired makes it fail".to_owned())));
        }
        Ok(fault)
    }
}

impl TryFrom<String> for Fault {
    type Error = FaultError;

    fn try_from(text: String) -> Result<Self, FaultError> {
        text.parse()
    }
}

/// What is wrong, and what would be right.
type Problem = (String, String);

/// What stands behind the last `mark`, read, and the text before it.
fn suffix<T>(
    text: &str,
    mark: char,
    read: fn(&str) -> Result<T, Problem>,
) -> Result<(&str, Option<T>), Problem> {
    match text.rsplit_once(mark) {
        None => Ok((text, None)),
        Some((text, behind)) => Ok((text, Some(read(behind.trim())?))),
    }
}

/// `kubernetes/NAME[.OPERATION]` without the name, and the name.
fn split_cluster(text: &str) -> Result<(String, Option<String>), Problem> {
    let Some((service, rest)) = text.split_once('/') else { return Ok((text.to_owned(), None)) };
    let (name, operation) = rest.split_once('.').map_or((rest, ""), |(name, op)| (name, op));
    if !["kubernetes", "prometheus"].contains(&service) || name.is_empty() {
        let problem = format!("`{text}` names no cluster");
        return Err((problem, "e.g. kubernetes/eks-green.list".to_owned()));
    }
    let dot = if operation.is_empty() { "" } else { "." };
    Ok((format!("{service}{dot}{operation}"), Some(name.to_owned())))
}

fn parse_whom(text: &str) -> Result<(Option<Service>, Option<String>), Problem> {
    let (name, operation) = match text.split_once('.') {
        None => (text, None),
        Some((name, operation)) => (name, Some(operation)),
    };
    let known = Service::ALL.map(|service| (service.name(), service));
    let service = match known.iter().chain(&ALIASES).find(|(known, _)| *known == name) {
        Some((_, service)) => Some(*service),
        None if name == "all" => None,
        None => {
            let names = known.iter().map(|(known, _)| *known).chain(["all"]);
            return Err(unknown("service", name, names));
        }
    };
    let Some(operation) = operation else { return Ok((service, None)) };
    let services = Service::ALL.into_iter().filter(|s| service.is_none_or(|wanted| wanted == *s));
    let mut operations = services.flat_map(Service::operations).copied();
    if operations.clone().any(|known| known == operation) {
        return Ok((service, Some(operation.to_owned())));
    }
    Err(unknown("operation", operation, &mut operations))
}

fn parse_count(text: &str) -> Result<u32, Problem> {
    text.parse().ok().filter(|count| *count > 0).ok_or_else(|| {
        let hint = "*3 for three times; without a count it lasts until cleared";
        (format!("`{text}` is no count"), hint.to_owned())
    })
}

fn parse_share(text: &str) -> Result<u8, Problem> {
    text.parse().ok().filter(|share| (1..100).contains(share)).ok_or_else(|| {
        (format!("`{text}` is no share"), "%30 for three in ten requests; 1 to 99".to_owned())
    })
}

fn parse_bursts(text: &str) -> Result<(SignedDuration, SignedDuration), Problem> {
    let span = |text: &str| text.parse::<SignedDuration>().ok().filter(SignedDuration::is_positive);
    let both = text.split_once('/').and_then(|(on, off)| Some((span(on)?, span(off)?)));
    both.ok_or_else(|| {
        let hint = "@20s/40s: twenty seconds of trouble, then forty without, and so on";
        (format!("`{text}` are no bursts"), hint.to_owned())
    })
}

fn unknown(what: &str, word: &str, known: impl Iterator<Item = &'static str>) -> Problem {
    let known: Vec<&str> = known.collect();
    let distance = |candidate: &&&str| {
        strsim::damerau_levenshtein(&candidate.to_lowercase(), &word.to_lowercase())
    };
    let near = known.iter().min_by_key(distance).filter(|near| distance(near) <= near.len() / 2);
    let hint = match near {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("one of {}", known.join(", ")),
    };
    (format!("`{word}` is no {what}"), hint)
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.service.map_or("all", Service::name))?;
        if let Some(cluster) = &self.cluster {
            write!(f, "/{cluster}")?;
        }
        if let Some(operation) = &self.operation {
            write!(f, ".{operation}")?;
        }
        write!(f, "={}", self.kind)?;
        if let Some(share) = self.share {
            write!(f, "%{share}")?;
        }
        if let Some((on, off)) = self.bursts {
            write!(f, "@{on:#}/{off:#}")?;
        }
        self.count.map_or(Ok(()), |count| write!(f, "*{count}"))
    }
}
