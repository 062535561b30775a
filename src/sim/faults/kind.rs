//! Every kind of trouble, with its one spelling.

use std::fmt;
use std::time::Duration;

use jiff::SignedDuration;

use super::Problem;
use crate::sim::error::ApiError;
use crate::sim::services::Service;

/// What happens to a request.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum FaultKind {
    /// `deny`: the caller lacks the permission.
    Deny,
    /// `revoked`: a policy denies everything to sessions as old as the caller's.
    Revoked,
    /// `throttle`: too many requests.
    Throttle,
    /// `expired`: the credentials are too old.
    Expired,
    /// `unknown-key`: nobody has these credentials.
    UnknownKey,
    /// `bad-signature`: the secret does not belong to the key.
    BadSignature,
    /// `skew:10m`: the service's clock is that far ahead (`-2h`: behind) of real time. A request
    /// that was signed more than five minutes away from it is refused, as AWS does.
    Skew(SignedDuration),
    /// `account:444455556666`: the caller belongs to this account.
    Account(u64),
    /// `rival:stop`: just before the request is carried out, somebody else does this.
    Rival(Rival),
    /// `delay:2s`: carried out and answered after this much real time.
    Delay(Duration),
    /// `delay-virtual:2m`: the same in simulated time.
    DelayVirtual(SignedDuration),
    /// `late:2s`: carried out at once and answered after this much real time.
    Late(Duration),
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
    /// `error-after:500`: the operation is carried out, then answered as by `error`.
    ErrorAfter(u16),
    /// `html:502`: a page for people, as a proxy in between answers; nothing is carried out.
    Html(u16),
    /// `trickle:3s`: carried out; the answer comes in small pieces over this much real time.
    Trickle(Duration),
    /// `stall`: carried out; half of the answer comes, then nothing more.
    Stall,
    /// `cut`: carried out; the connection breaks in the middle of the answer.
    Cut,
    /// `truncate`: carried out; the answer ends in the middle as if it were whole.
    Truncate,
    /// `garbage`: carried out; the answer is noise.
    Garbage,
    /// `unknown-words`: carried out; states, types and reasons have values that nobody knows yet.
    UnknownWords,
    /// `missing-members`: carried out; some members of the answer are not there.
    MissingMembers,
    /// `extra-members`: carried out; the answer has members that nobody knows yet.
    ExtraMembers,
    /// `wrong-types`: carried out; some members of the answer are of another type.
    WrongTypes,
    /// `failures`: ECS finds nothing of what it was asked for, and says so item by item.
    Failures,
    /// `empty-pages:3`: so many empty pages come before each page of a list.
    EmptyPages(u8),
    /// `same-page`: every page of a list is the same, and says that there is another one.
    SamePage,
    /// `points-late:10m`: metrics younger than this have not arrived.
    PointsLate(SignedDuration),
    /// `points-absent`: a third of the minutes has no metrics.
    PointsAbsent,
    /// `points-twice`: every minute of metrics comes twice.
    PointsTwice,
    /// `points-revised`: the newest minutes are put right each time they are asked for.
    PointsRevised,
}

/// What another operator does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rival {
    /// Stops the rollout that runs.
    Stop,
    /// Stops it and rolls it back.
    RollBack,
    /// Passes the gate that it waits at.
    Continue,
    /// Deploys the same revision again, when nothing runs.
    Deploy,
}

impl Rival {
    const ALL: [(&str, Self); 4] = [
        ("stop", Self::Stop),
        ("rollback", Self::RollBack),
        ("continue", Self::Continue),
        ("deploy", Self::Deploy),
    ];
}

/// Every kind with an example of its parameter, for help and error messages.
pub(super) const KINDS: [(&str, &str); 35] = [
    ("deny", ""),
    ("revoked", ""),
    ("throttle", ""),
    ("expired", ""),
    ("unknown-key", ""),
    ("bad-signature", ""),
    ("skew", "10m"),
    ("account", "444455556666"),
    ("rival", "stop"),
    ("delay", "2s"),
    ("delay-virtual", "2m"),
    ("late", "2s"),
    ("no-answer", ""),
    ("drop-before", ""),
    ("drop-after", ""),
    ("error", "503"),
    ("error-empty", "503"),
    ("error-after", "500"),
    ("html", "502"),
    ("trickle", "3s"),
    ("stall", ""),
    ("cut", ""),
    ("truncate", ""),
    ("garbage", ""),
    ("unknown-words", ""),
    ("missing-members", ""),
    ("extra-members", ""),
    ("wrong-types", ""),
    ("failures", ""),
    ("empty-pages", "3"),
    ("same-page", ""),
    ("points-late", "10m"),
    ("points-absent", ""),
    ("points-twice", ""),
    ("points-revised", ""),
];

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
        let action = format!("{}:{operation}", service.name());
        let denied = |why: &str| {
            let message = format!(
                "User: {caller} is not authorized to perform: {action} on resource: {resource} {why}"
            );
            Some(ApiError::client("AccessDeniedException", message))
        };
        match self {
            Self::Deny => {
                denied(&format!("because no identity-based policy allows the {action} action"))
            }
            Self::Revoked => denied("with an explicit deny in an identity-based policy"),
            Self::Throttle => Some(ApiError::client("ThrottlingException", "Rate exceeded")),
            Self::Expired => {
                let message = "The security token included in the request is expired";
                Some(ApiError::client("ExpiredTokenException", message))
            }
            Self::UnknownKey => {
                let message = "The security token included in the request is invalid.";
                Some(ApiError::client("UnrecognizedClientException", message))
            }
            Self::BadSignature => {
                let message = "The request signature we calculated does not match the signature \
                               you provided. Check your AWS Secret Access Key and signing method.";
                Some(ApiError::client("InvalidSignatureException", message))
            }
            Self::Error(status) => Some(server_fault(status)),
            _ => None,
        }
    }

    /// Whether the trouble is in what the service answers, not in how the answer travels.
    pub(crate) fn is_in_the_answer(self) -> bool {
        matches!(
            self,
            Self::UnknownWords
                | Self::MissingMembers
                | Self::ExtraMembers
                | Self::WrongTypes
                | Self::Failures
                | Self::EmptyPages(_)
                | Self::SamePage
                | Self::Account(_)
                | Self::PointsLate(_)
                | Self::PointsAbsent
                | Self::PointsTwice
                | Self::PointsRevised
        )
    }
}

/// A fault of the service itself.
pub(crate) fn server_fault(status: u16) -> ApiError {
    let (code, message) = match status {
        503 => ("ServiceUnavailable", "The service is temporarily unavailable"),
        _ => ("InternalFailure", "An internal error occurred"),
    };
    ApiError { status, ..ApiError::server(code, message) }
}

/// Reads `KIND[:PARAMETER]`.
pub(super) fn parse(text: &str) -> Result<FaultKind, Problem> {
    let (name, parameter) = match text.split_once(':') {
        None => (text, None),
        Some((name, parameter)) => (name, Some(parameter)),
    };
    let Some((_, example)) = KINDS.iter().find(|(known, _)| *known == name) else {
        return Err(super::unknown("kind", name, KINDS.iter().map(|(known, _)| *known)));
    };
    if parameter.is_some() && example.is_empty() {
        return Err((format!("`{name}` takes no parameter"), name.to_owned()));
    }
    let wrong = || (format!("`{name}` needs a parameter"), format!("e.g. {name}:{example}"));
    with(name, parameter, wrong)
}

fn with(
    name: &str,
    parameter: Option<&str>,
    wrong: impl Fn() -> Problem,
) -> Result<FaultKind, Problem> {
    let any_span = || parameter.and_then(|text| text.parse::<SignedDuration>().ok());
    let span = || any_span().filter(|span| !span.is_negative()).ok_or_else(&wrong);
    let real = || span().map(SignedDuration::unsigned_abs);
    let number = || parameter.and_then(|text| text.parse::<u64>().ok());
    let status = |least: u16, what: &str| match parameter {
        None => Ok(500),
        Some(text) => {
            text.parse().ok().filter(|status| (least..600).contains(status)).ok_or_else(|| {
                (format!("`{text}` is no status of {what}"), format!("{least} to 599"))
            })
        }
    };
    Ok(match name {
        "deny" => FaultKind::Deny,
        "revoked" => FaultKind::Revoked,
        "throttle" => FaultKind::Throttle,
        "expired" => FaultKind::Expired,
        "unknown-key" => FaultKind::UnknownKey,
        "bad-signature" => FaultKind::BadSignature,
        "skew" => FaultKind::Skew(any_span().ok_or_else(&wrong)?),
        "account" => {
            let account = number().filter(|account| *account < 1_000_000_000_000);
            FaultKind::Account(account.ok_or_else(&wrong)?)
        }
        "rival" => {
            let word = parameter.ok_or_else(&wrong)?;
            let known = Rival::ALL.iter().find(|(name, _)| *name == word);
            let names = || Rival::ALL.iter().map(|(name, _)| *name);
            FaultKind::Rival(known.ok_or_else(|| super::unknown("rival", word, names()))?.1)
        }
        "delay" => FaultKind::Delay(real()?),
        "delay-virtual" => FaultKind::DelayVirtual(span()?),
        "late" => FaultKind::Late(real()?),
        "drop-before" => FaultKind::DropBefore,
        "drop-after" => FaultKind::DropAfter,
        "error" => FaultKind::Error(status(500, "a server fault")?),
        "error-empty" => FaultKind::ErrorEmpty(status(400, "a fault")?),
        "error-after" => FaultKind::ErrorAfter(status(500, "a server fault")?),
        "html" => FaultKind::Html(status(200, "a page")?),
        "trickle" => FaultKind::Trickle(real()?),
        "stall" => FaultKind::Stall,
        "cut" => FaultKind::Cut,
        "truncate" => FaultKind::Truncate,
        "garbage" => FaultKind::Garbage,
        "unknown-words" => FaultKind::UnknownWords,
        "missing-members" => FaultKind::MissingMembers,
        "extra-members" => FaultKind::ExtraMembers,
        "wrong-types" => FaultKind::WrongTypes,
        "failures" => FaultKind::Failures,
        "empty-pages" => {
            let count = number().and_then(|count| u8::try_from(count).ok());
            FaultKind::EmptyPages(count.filter(|count| *count > 0).ok_or_else(&wrong)?)
        }
        "same-page" => FaultKind::SamePage,
        "points-late" => FaultKind::PointsLate(span()?),
        "points-absent" => FaultKind::PointsAbsent,
        "points-twice" => FaultKind::PointsTwice,
        "points-revised" => FaultKind::PointsRevised,
        _ => FaultKind::NoAnswer,
    })
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self {
            Self::Deny => "deny",
            Self::Revoked => "revoked",
            Self::Throttle => "throttle",
            Self::Expired => "expired",
            Self::UnknownKey => "unknown-key",
            Self::BadSignature => "bad-signature",
            Self::Skew(span) => return write!(f, "skew:{span:#}"),
            Self::Account(account) => return write!(f, "account:{account:012}"),
            Self::Rival(rival) => {
                let word = Rival::ALL.iter().find(|(_, known)| known == rival);
                return write!(f, "rival:{}", word.map_or("", |(word, _)| word));
            }
            Self::Delay(span) => return write!(f, "delay:{span:?}"),
            Self::DelayVirtual(span) => return write!(f, "delay-virtual:{span:#}"),
            Self::Late(span) => return write!(f, "late:{span:?}"),
            Self::NoAnswer => "no-answer",
            Self::DropBefore => "drop-before",
            Self::DropAfter => "drop-after",
            Self::Error(status) => return write!(f, "error:{status}"),
            Self::ErrorEmpty(status) => return write!(f, "error-empty:{status}"),
            Self::ErrorAfter(status) => return write!(f, "error-after:{status}"),
            Self::Html(status) => return write!(f, "html:{status}"),
            Self::Trickle(span) => return write!(f, "trickle:{span:?}"),
            Self::Stall => "stall",
            Self::Cut => "cut",
            Self::Truncate => "truncate",
            Self::Garbage => "garbage",
            Self::UnknownWords => "unknown-words",
            Self::MissingMembers => "missing-members",
            Self::ExtraMembers => "extra-members",
            Self::WrongTypes => "wrong-types",
            Self::Failures => "failures",
            Self::EmptyPages(count) => return write!(f, "empty-pages:{count}"),
            Self::SamePage => "same-page",
            Self::PointsLate(span) => return write!(f, "points-late:{span:#}"),
            Self::PointsAbsent => "points-absent",
            Self::PointsTwice => "points-twice",
            Self::PointsRevised => "points-revised",
        };
        f.write_str(word)
    }
}
