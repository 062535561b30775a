//! What goes wrong between a client and the services, as data: set from a flag or while running.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use jiff::SignedDuration;

use super::error::ApiError;
use super::services::Service;

/// A rule: which requests meet which trouble, and how often.
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    /// The service; `None` for all of them.
    pub service: Option<Service>,
    /// The operation; `None` for all of the service.
    pub operation: Option<String>,
    /// The trouble.
    pub kind: FaultKind,
    /// How many requests meet it; `None` for ever.
    pub count: Option<u32>,
}

/// What happens to a request.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum FaultKind {
    /// `deny`: the caller lacks the permission.
    Deny,
    /// `throttle`: too many requests.
    Throttle,
    /// `expired`: the credentials are too old.
    Expired,
    /// `delay:2s`: carried out and answered after this much real time.
    Delay(Duration),
    /// `delay-virtual:2m`: the same in simulated time.
    DelayVirtual(SignedDuration),
    /// `no-answer`: the connection stays open and silent; nothing is carried out.
    NoAnswer,
    /// `drop-before`: the connection closes; nothing is carried out.
    DropBefore,
    /// `drop-after`: the operation is carried out, then the connection closes without an answer.
    DropAfter,
    /// `error:503`: a fault of the service with a code; nothing is carried out.
    Error(u16),
    /// `error-empty:503`: the same without a body, as a proxy in between answers.
    ErrorEmpty(u16),
}

/// Every kind with an example of its parameter, for help and error messages.
const KINDS: [(&str, &str); 10] = [
    ("deny", ""),
    ("throttle", ""),
    ("expired", ""),
    ("delay", "2s"),
    ("delay-virtual", "2m"),
    ("no-answer", ""),
    ("drop-before", ""),
    ("drop-after", ""),
    ("error", "503"),
    ("error-empty", "503"),
];

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
pub struct Faults(Vec<Fault>);

impl Faults {
    /// Adds a fault.
    pub fn set(&mut self, fault: Fault) {
        self.0.push(fault);
    }

    /// Removes all faults.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// The trouble that a request meets; counts it, and forgets the fault after its last one.
    pub fn meet(&mut self, service: Service, operation: &str) -> Option<FaultKind> {
        let index = self.0.iter().rposition(|fault| fault.matches(service, operation))?;
        let fault = self.0.get_mut(index)?;
        let kind = fault.kind;
        if let Some(left) = &mut fault.count {
            *left = left.saturating_sub(1);
            if *left == 0 {
                self.0.remove(index);
            }
        }
        Some(kind)
    }
}

impl Fault {
    fn matches(&self, service: Service, operation: &str) -> bool {
        self.service.is_none_or(|wanted| wanted == service)
            && self.operation.as_deref().is_none_or(|wanted| wanted == operation)
            && !(self.kind == FaultKind::Deny && needs_no_permission(operation))
    }
}

/// AWS answers this one whatever the policies say.
fn needs_no_permission(operation: &str) -> bool {
    operation == "GetCallerIdentity"
}

impl FaultKind {
    /// The error that this trouble answers with; `None` when it is not one with a body.
    ///
    /// `caller` and `resource` are ARNs, or `*` where the operation has no resource.
    pub(crate) fn error(
        self,
        (service, operation): (Service, &str),
        caller: &str,
        resource: &str,
    ) -> Option<ApiError> {
        match self {
            Self::Deny => {
                let action = format!("{}:{operation}", service.name());
                let message = format!(
                    "User: {caller} is not authorized to perform: {action} on resource: {resource} \
                     because no identity-based policy allows the {action} action"
                );
                Some(ApiError::client("AccessDeniedException", message))
            }
            Self::Throttle => Some(ApiError::client("ThrottlingException", "Rate exceeded")),
            Self::Expired => {
                let message = "The security token included in the request is expired";
                Some(ApiError::client("ExpiredTokenException", message))
            }
            Self::Error(status) => {
                let (code, message) = match status {
                    503 => ("ServiceUnavailable", "The service is temporarily unavailable"),
                    _ => ("InternalFailure", "An internal error occurred"),
                };
                Some(ApiError { status, ..ApiError::server(code, message) })
            }
            Self::Delay(_)
            | Self::DelayVirtual(_)
            | Self::NoAnswer
            | Self::DropBefore
            | Self::DropAfter
            | Self::ErrorEmpty(_) => None,
        }
    }
}

impl FromStr for Fault {
    type Err = FaultError;

    /// Reads `SERVICE[.OPERATION]=KIND[:PARAMETER][*COUNT]`, e.g. `codedeploy.StopDeployment=drop-after*1`.
    fn from_str(text: &str) -> Result<Self, FaultError> {
        let fail = |(problem, hint): Problem| FaultError { text: text.to_owned(), problem, hint };
        let (whom, what) = text.split_once('=').ok_or_else(|| {
            let hint = "SERVICE[.OPERATION]=KIND[:PARAMETER][*COUNT], e.g. cloudwatch=deny";
            fail(("there is no `=`".to_owned(), hint.to_owned()))
        })?;
        let (service, operation) = parse_whom(whom.trim()).map_err(fail)?;
        let (what, count) = match what.rsplit_once('*') {
            None => (what, None),
            Some((what, count)) => (what, Some(parse_count(count.trim()).map_err(fail)?)),
        };
        let kind = parse_kind(what.trim()).map_err(fail)?;
        if kind == FaultKind::Deny && (service == Some(Service::Sts)) {
            let problem = "sts:GetCallerIdentity needs no permission, so AWS never denies it";
            return Err(fail((problem.to_owned(), "sts=expired makes it fail".to_owned())));
        }
        Ok(Self { service, operation, kind, count })
    }
}

/// What is wrong, and what would be right.
type Problem = (String, String);

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

fn parse_kind(text: &str) -> Result<FaultKind, Problem> {
    let (name, parameter) = match text.split_once(':') {
        None => (text, None),
        Some((name, parameter)) => (name, Some(parameter)),
    };
    let Some((_, example)) = KINDS.iter().find(|(known, _)| *known == name) else {
        return Err(unknown("kind", name, KINDS.iter().map(|(known, _)| *known)));
    };
    let wrong = || (format!("`{name}` needs a parameter"), format!("e.g. {name}:{example}"));
    if parameter.is_some() && example.is_empty() {
        return Err((format!("`{name}` takes no parameter"), name.to_owned()));
    }
    let span = || parameter.and_then(span).ok_or_else(wrong);
    let status = || match parameter {
        None => Ok(500),
        Some(text) => {
            text.parse().ok().filter(|status| (500..600).contains(status)).ok_or_else(|| {
                (format!("`{text}` is no status of a server fault"), "500 to 599".to_owned())
            })
        }
    };
    Ok(match name {
        "deny" => FaultKind::Deny,
        "throttle" => FaultKind::Throttle,
        "expired" => FaultKind::Expired,
        "delay" => FaultKind::Delay(span()?.unsigned_abs()),
        "delay-virtual" => FaultKind::DelayVirtual(span()?),
        "drop-before" => FaultKind::DropBefore,
        "drop-after" => FaultKind::DropAfter,
        "error" => FaultKind::Error(status()?),
        "error-empty" => FaultKind::ErrorEmpty(status()?),
        _ => FaultKind::NoAnswer,
    })
}

/// A span such as `500ms`, `2s` or `1m30s`, not negative.
fn span(text: &str) -> Option<SignedDuration> {
    text.parse().ok().filter(|span| *span >= SignedDuration::ZERO)
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
        if let Some(operation) = &self.operation {
            write!(f, ".{operation}")?;
        }
        write!(f, "={}", self.kind)?;
        self.count.map_or(Ok(()), |count| write!(f, "*{count}"))
    }
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Deny => f.write_str("deny"),
            Self::Throttle => f.write_str("throttle"),
            Self::Expired => f.write_str("expired"),
            Self::Delay(span) => write!(f, "delay:{span:?}"),
            Self::DelayVirtual(span) => write!(f, "delay-virtual:{span:#}"),
            Self::NoAnswer => f.write_str("no-answer"),
            Self::DropBefore => f.write_str("drop-before"),
            Self::DropAfter => f.write_str("drop-after"),
            Self::Error(status) => write!(f, "error:{status}"),
            Self::ErrorEmpty(status) => write!(f, "error-empty:{status}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> Fault {
        text.parse().unwrap()
    }

    #[test]
    fn the_text_names_whom_what_and_how_often() {
        assert_eq!(
            fault("codedeploy.StopDeployment=drop-after*1"),
            Fault {
                service: Some(Service::CodeDeploy),
                operation: Some("StopDeployment".to_owned()),
                kind: FaultKind::DropAfter,
                count: Some(1),
            }
        );
        assert_eq!(fault("elbv2=delay:500ms").kind, FaultKind::Delay(Duration::from_millis(500)));
        let slow = FaultKind::DelayVirtual(SignedDuration::from_mins(2));
        assert_eq!(fault("all=delay-virtual:2m").kind, slow);
        assert_eq!(fault("ecs=error-empty").kind, FaultKind::ErrorEmpty(500));
    }

    #[test]
    fn every_kind_is_read_from_its_own_text() {
        for (name, example) in KINDS {
            let colon = if example.is_empty() { "" } else { ":" };
            let text = format!("ecs.ListTasks={name}{colon}{example}*7");
            assert_eq!(fault(&text).to_string(), text);
        }
    }

    #[test]
    fn a_wrong_word_is_told_with_the_nearest_right_one() {
        let error = |text: &str| text.parse::<Fault>().unwrap_err().to_string();
        for (text, said) in [
            ("cloudwatch", "there is no `=`"),
            ("cloudwach=deny", "did you mean `cloudwatch`?"),
            ("codedeploy.StopDeploymnet=deny", "did you mean `StopDeployment`?"),
            ("all.stopdeployment=deny", "did you mean `StopDeployment`?"),
            ("ecs=trottle", "did you mean `throttle`?"),
            ("ecs=zzzzzzzzz", "one of deny, throttle"),
            ("ecs=delay", "e.g. delay:2s"),
            ("ecs=delay:-2s", "e.g. delay:2s"),
            ("ecs=error:404", "500 to 599"),
            ("ecs=deny:x", "takes no parameter"),
            ("ecs=deny*0", "is no count"),
            ("sts=deny", "needs no permission"),
        ] {
            assert!(error(text).contains(said), "{text}: {}", error(text));
        }
    }

    #[test]
    fn the_fault_set_last_wins_until_it_is_used_up() {
        let mut faults = Faults::default();
        faults.set(fault("all=throttle"));
        faults.set(fault("ecs.ListTasks=expired*2"));
        let mut meet = |operation| faults.meet(Service::Ecs, operation);
        assert_eq!(meet("DescribeTasks"), Some(FaultKind::Throttle));
        assert_eq!(
            [meet("ListTasks"), meet("ListTasks"), meet("ListTasks")],
            [Some(FaultKind::Expired), Some(FaultKind::Expired), Some(FaultKind::Throttle)]
        );
        faults.clear();
        assert_eq!(faults.meet(Service::Ecs, "ListTasks"), None);
    }

    #[test]
    fn a_denial_names_user_action_and_resource_and_spares_the_question_who_am_i() {
        let mut faults = Faults::default();
        faults.set(fault("all=deny"));
        assert_eq!(faults.meet(Service::Sts, "GetCallerIdentity"), None);
        let met = faults.meet(Service::Elb, "DescribeRules").unwrap();
        let error = met.error((Service::Elb, "DescribeRules"), "arn:user", "*").unwrap();
        assert!(error.message.starts_with(
            "User: arn:user is not authorized to perform: elasticloadbalancing:DescribeRules on resource: *"
        ));
    }
}
