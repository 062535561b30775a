//! What happens to every request: AWS time is read off the answers, and a simulator's clients
//! reach nothing but this machine.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime};

use aws_smithy_async::time::{SystemTimeSource, TimeSource};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextRef,
};
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::{ConfigBag, Storable, StoreReplace};
use jiff::fmt::rfc2822::DateTimeParser;
use jiff::{SignedDuration, Timestamp};

use crate::sources::backend::AwsTime;

/// The header has whole seconds: less than this is no difference.
const TOLERATED: SignedDuration = SignedDuration::from_secs(2);

/// How the operations begin that change nothing.
const READS: [&str; 5] = ["Get", "List", "Describe", "BatchGet", "Filter"];

/// How far AWS's clock is ahead of this machine's, as its last answer showed; shared by all clients.
///
/// Each client of the SDK learns that for itself, from a first request that is refused and sent
/// again. A client that changes something sends nothing twice: on a machine whose clock is off, the
/// first order would be refused. So those clients sign by what the reading ones have learned.
#[derive(Debug, Clone, Default)]
pub(super) struct Ahead(Arc<AtomicI64>);

impl Ahead {
    /// AWS said that it is `date` there just now.
    fn learn(&self, date: Timestamp) {
        let here = Timestamp::try_from(SystemTimeSource::new().now()).unwrap_or(date);
        let ahead = date.duration_since(here);
        let ahead = if ahead.abs() > TOLERATED { ahead } else { SignedDuration::ZERO };
        self.0.store(ahead.as_millis() as i64, Ordering::Relaxed);
    }
}

impl TimeSource for Ahead {
    fn now(&self) -> SystemTime {
        let here = SystemTimeSource::new().now();
        let ahead = self.0.load(Ordering::Relaxed);
        let span = Duration::from_millis(ahead.unsigned_abs());
        let there = if ahead < 0 { here.checked_sub(span) } else { here.checked_add(span) };
        there.unwrap_or(here)
    }
}

/// Stands between every client and the network.
#[derive(Clone)]
pub(super) struct Guard {
    time: Arc<dyn AwsTime>,
    ahead: Ahead,
    loopback_only: bool,
    /// Whether the client may send what changes something.
    may_change: bool,
}

impl fmt::Debug for Guard {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Guard")
            .field("loopback_only", &self.loopback_only)
            .field("may_change", &self.may_change)
            .finish_non_exhaustive()
    }
}

impl Guard {
    /// The guard of a client that only reads.
    pub(super) fn new(time: Arc<dyn AwsTime>, loopback_only: bool) -> Self {
        Self { time, ahead: Ahead::default(), loopback_only, may_change: false }
    }

    /// The guard of a client that changes something.
    pub(super) fn that_changes(&self) -> Self {
        Self { may_change: true, ..self.clone() }
    }

    /// The clock to sign by.
    pub(super) fn aws_clock(&self) -> Ahead {
        self.ahead.clone()
    }
}

/// When the attempt went out, by the shell's clock.
#[derive(Debug, Clone, Copy)]
struct Sent(Timestamp);

impl Storable for Sent {
    type Storer = StoreReplace<Self>;
}

#[dyn_dispatch_hint]
impl Intercept for Guard {
    fn name(&self) -> &'static str {
        "cutover"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let uri = context.request().uri();
        if self.loopback_only && !is_loopback(uri) {
            return Err(
                format!("a simulation never asks anything beyond this machine: {uri}").into()
            );
        }
        let operation = bag.load::<Metadata>().map(|operation| operation.name().to_owned());
        if !self.may_change && !operation.as_deref().is_some_and(only_reads) {
            let name = operation.unwrap_or_else(|| "a request without a name".to_owned());
            return Err(format!("a client that only reads does not send {name}").into());
        }
        bag.interceptor_state().store_put(Sent(self.time.now()));
        Ok(())
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let date = context.response().headers().get("date").and_then(read_date);
        if let (Some(date), Some(Sent(sent))) = (date, bag.load::<Sent>()) {
            self.ahead.learn(date);
            let now = self.time.now();
            if let Some(aws) = aws_time(date, *sent, now) {
                self.time.correct(aws);
            }
        }
        let response = context.response();
        // Where an operation has no answer but "yes", the SDK takes any body for one.
        let is_page = response.headers().get("content-type").is_some_and(is_for_people);
        if is_page && response.status().is_success() {
            return Err("a page for people came instead of an answer: something between here and \
                        AWS has sent it"
                .into());
        }
        Ok(())
    }
}

/// Whether a media type is that of a page in a browser: no service of AWS answers with one.
fn is_for_people(media_type: &str) -> bool {
    media_type.trim_start().get(..9).is_some_and(|kind| kind.eq_ignore_ascii_case("text/html"))
}

fn only_reads(operation: &str) -> bool {
    READS.iter().any(|verb| operation.starts_with(verb))
}

fn is_loopback(uri: &str) -> bool {
    let host = uri.split_once("://").map_or(uri, |(_, rest)| rest);
    let host = host.split(['/', '?']).next().unwrap_or_default();
    let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
    host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn read_date(text: &str) -> Option<Timestamp> {
    DateTimeParser::new().parse_timestamp(text).ok()
}

/// What AWS's clock shows now, if that differs from ours by more than the header can be off: it
/// was written somewhere between sending and receiving, and has no fractions of a second.
fn aws_time(date: Timestamp, sent: Timestamp, received: Timestamp) -> Option<Timestamp> {
    let on_the_way = received.duration_since(sent);
    let aws = date
        .checked_add(SignedDuration::from_millis(500))
        .and_then(|at| at.checked_add(on_the_way / 2))
        .ok()?;
    (aws.duration_since(received).abs() > TOLERATED + on_the_way / 2).then_some(aws)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_loopback() {
        for (uri, fine) in [
            ("http://127.0.0.1:4566/", true),
            ("http://[::1]:4566/", true),
            ("https://ecs.eu-west-1.amazonaws.com/", false),
            ("http://127.0.0.1.example.com/", false),
            ("http://10.0.0.1:80/?x=127.0.0.1", false),
            ("", false),
        ] {
            assert_eq!(is_loopback(uri), fine, "{uri}");
        }
    }

    #[test]
    fn what_changes_something_is_told_by_its_name() {
        for read in ["GetDeployment", "BatchGetDeploymentTargets", "ListTasks", "FilterLogEvents"] {
            assert!(only_reads(read), "{read}");
        }
        for change in ["StopDeployment", "CreateDeployment", "UpdateService", "ModifyRule", ""] {
            assert!(!only_reads(change), "{change}");
        }
    }

    #[test]
    fn what_is_signed_goes_by_the_clock_of_aws() {
        let ahead = Ahead::default();
        let here = Timestamp::try_from(SystemTimeSource::new().now()).unwrap();
        for minutes in [90, -300, 0] {
            let there = here.checked_add(SignedDuration::from_mins(minutes)).unwrap();
            ahead.learn(there);
            let signed = Timestamp::try_from(ahead.now()).unwrap();
            assert!(
                signed.duration_since(there).abs() < SignedDuration::from_secs(60),
                "{minutes}"
            );
        }
    }

    #[test]
    fn a_clock_that_is_right_is_left_alone() {
        let date = read_date("Tue, 03 Mar 2026 12:00:00 GMT").unwrap();
        let at = |ms| date.checked_add(SignedDuration::from_millis(ms)).unwrap();
        assert_eq!(aws_time(date, at(900), at(1000)), None);
        assert_eq!(aws_time(date, at(-700), at(-500)), None);
        assert_eq!(aws_time(date, at(9800), at(10_000)), Some(at(600)));
        assert_eq!(aws_time(date, at(0), at(9000)), None, "a slow answer says little");
    }
}
