//! What a Prometheus counts of both versions, asked for beside the watches.

use jiff::{SignedDuration, Timestamp};

use crate::domain::{Fact, Fault, FaultKind, Metrics, Reading};
use crate::sources::aws::Aws;
use crate::sources::metrics::Span;
use crate::sources::metrics::prometheus::{Counter, Reader, Versions};
use crate::sources::time::later;

/// How often it is asked.
const PERIOD: SignedDuration = SignedDuration::from_secs(30);

/// The newest counts, and when they are asked for again. Who reads them is away meanwhile.
pub(crate) struct Counting {
    /// Somebody has said what counts.
    wanted: bool,
    next: Option<Timestamp>,
    metrics: Fact<Metrics>,
    reader: Reader,
}

/// What the reader brought, and the reader.
pub(crate) type Counted = Box<(Result<Metrics, Fault>, Reader)>;

impl Counting {
    /// Asks as soon as what is asked for is known, if it is `wanted` at all.
    pub(crate) fn new(wanted: bool, now: Timestamp) -> Self {
        Self { wanted, next: Some(now), metrics: Fact::Unasked, reader: Reader::default() }
    }

    /// Asks at once, unless it is being asked.
    pub(crate) fn again(&mut self, now: Timestamp) {
        if let Some(next) = &mut self.next {
            *next = now;
        }
    }

    /// Whether somebody has said what counts.
    pub(crate) fn is_wanted(&self) -> bool {
        self.wanted
    }

    /// When it is to be asked; nothing while it is, and where nothing counts.
    pub(crate) fn due(&self, versions: Option<&Versions>) -> Option<Timestamp> {
        self.next.filter(|_| versions.is_some() && self.wanted)
    }

    /// Whether something came, or nothing can.
    pub(crate) fn is_settled(&self, versions: Option<&Versions>) -> bool {
        self.metrics != Fact::Unasked || versions.is_none() || !self.wanted
    }

    /// The question about `versions` to those who count them, if it is due.
    pub(crate) fn question(
        &mut self,
        aws: &Aws,
        counters: Vec<Counter>,
        versions: Option<Versions>,
        window: u32,
    ) -> Option<impl Future<Output = Counted> + use<>> {
        let now = aws.now();
        self.due(versions.as_ref()).filter(|due| *due <= now && !counters.is_empty())?;
        let versions = versions?;
        self.next = None;
        let config = aws.verdicts().of(&versions.target).clone();
        let span = Span::of_rollout(versions.began, window, config.settle_seconds, now);
        let (aws, reader) = (aws.clone(), std::mem::take(&mut self.reader));
        Some(async move { Box::new(reader.read((&counters, &aws), versions, span, &config).await) })
    }

    /// Keeps what came.
    pub(crate) fn hear(&mut self, counted: Counted, now: Timestamp) {
        let (result, reader) = *counted;
        self.reader = reader;
        self.next = Some(later(now, PERIOD));
        self.metrics = std::mem::take(&mut self.metrics).after(result, now);
    }

    /// What was counted.
    pub(crate) fn metrics(&self) -> Fact<Metrics> {
        if !self.wanted {
            let text = "no Prometheus is configured ([prometheus] in the configuration file)";
            return Fact::Unknown { fault: Fault::new(FaultKind::Absent, "prometheus", text) };
        }
        self.metrics.clone()
    }

    /// How fresh that is; nothing before it was asked for.
    pub(crate) fn reading(&self) -> Option<Reading> {
        // That nothing is counted is no trouble of the source.
        let fault = self.metrics.fault().filter(|fault| fault.kind != FaultKind::Absent);
        (self.metrics != Fact::Unasked).then(|| Reading {
            at: self.metrics.at(),
            fault: fault.or(self.reader.trouble()).cloned(),
            next: self.next,
            period_seconds: PERIOD.as_secs_f64(),
        })
    }
}
