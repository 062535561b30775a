//! What a Prometheus counts of both versions, asked for beside the watches.

use jiff::{SignedDuration, Timestamp};

use crate::domain::{Fact, Fault, FaultKind, Metrics, Reading};
use crate::sources::aws::Aws;
use crate::sources::metrics::Span;
use crate::sources::metrics::prometheus::{Reader, Versions};
use crate::sources::time::later;

use super::Cluster;

/// How often it is asked.
const PERIOD: SignedDuration = SignedDuration::from_secs(30);

/// The newest counts, and when they are asked for again. Who reads them is away meanwhile.
pub(super) struct Counting {
    next: Option<Timestamp>,
    metrics: Fact<Metrics>,
    reader: Reader,
}

/// What the reader brought, and the reader.
pub(super) type Counted = Box<(Result<Metrics, Fault>, Reader)>;

impl Counting {
    /// Asks as soon as what is asked for is known.
    pub(super) fn new(now: Timestamp) -> Self {
        Self { next: Some(now), metrics: Fact::Unasked, reader: Reader::default() }
    }

    /// Asks at once, unless it is being asked.
    pub(super) fn again(&mut self, now: Timestamp) {
        if let Some(next) = &mut self.next {
            *next = now;
        }
    }

    /// When it is to be asked; nothing while it is, and where no Prometheus is configured.
    pub(super) fn due(&self, aws: &Aws, versions: Option<&Versions>) -> Option<Timestamp> {
        self.next.filter(|_| versions.is_some() && aws.prometheus().is_some())
    }

    /// Whether something came, or nothing can.
    pub(super) fn is_settled(&self, aws: &Aws, versions: Option<&Versions>) -> bool {
        self.metrics != Fact::Unasked || versions.is_none() || aws.prometheus().is_none()
    }

    /// The question about `versions`, if it is due.
    pub(super) fn question(
        &mut self,
        aws: &Aws,
        cluster: &Cluster,
        versions: Option<Versions>,
        window: u32,
    ) -> Option<impl Future<Output = Counted> + use<>> {
        let now = aws.now();
        self.due(aws, versions.as_ref()).filter(|due| *due <= now)?;
        let (versions, prometheus) = (versions?, aws.prometheus()?.clone());
        self.next = None;
        let config = aws.verdicts().of(&versions.target).clone();
        let span = Span::of_rollout(versions.began, window, config.settle_seconds, now);
        let (aws, cluster) = (aws.clone(), cluster.clone());
        let reader = std::mem::take(&mut self.reader);
        Some(async move {
            Box::new(reader.read((&prometheus, &aws, &cluster), versions, span, &config).await)
        })
    }

    /// Keeps what came.
    pub(super) fn hear(&mut self, counted: Counted, now: Timestamp) {
        let (result, reader) = *counted;
        self.reader = reader;
        self.next = Some(later(now, PERIOD));
        self.metrics = std::mem::take(&mut self.metrics).after(result, now);
    }

    /// What was counted.
    pub(super) fn metrics(&self, aws: &Aws) -> Fact<Metrics> {
        if aws.prometheus().is_none() {
            let text = "no Prometheus is configured ([prometheus] in the configuration file)";
            return Fact::Unknown { fault: Fault::new(FaultKind::Absent, "prometheus", text) };
        }
        self.metrics.clone()
    }

    /// How fresh that is; nothing before it was asked for.
    pub(super) fn reading(&self) -> Option<Reading> {
        // That nothing is counted is no trouble of the source.
        let fault = self.metrics.fault().filter(|fault| fault.kind != FaultKind::Absent);
        (self.metrics != Fact::Unasked).then(|| Reading {
            at: self.metrics.at(),
            fault: fault.cloned(),
            next: self.next,
            period_seconds: PERIOD.as_secs_f64(),
        })
    }
}
