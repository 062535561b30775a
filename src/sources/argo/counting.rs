//! What is counted of both versions, asked for beside the watches: by pod in a Prometheus, or by
//! Service at a load balancer.

use jiff::{SignedDuration, Timestamp};

use crate::domain::{Fact, Fault, FaultKind, Metrics, Reading, Source};
use crate::sources::aws::Aws;
use crate::sources::metrics::prometheus::{Counter, Reader, Whose};
use crate::sources::metrics::{Owners, Span};
use crate::sources::time::later;

use super::cluster::Cluster;
use super::groups::{self, Metering};

/// How often it is asked.
const PERIOD: SignedDuration = SignedDuration::from_secs(30);

/// What can be asked.
pub(crate) enum Countable {
    /// Those who count pods or Services, and who has each minute and until when that is known, where
    /// it is not said by pods.
    Counters(Vec<Counter>, Box<Whose>, Option<(Owners, Timestamp)>),
    /// What a load balancer counts by Service, found in a cluster.
    Services(Cluster, Box<groups::Counted>),
}

impl Countable {
    /// Who is asked in the end.
    fn source(&self) -> Source {
        match self {
            Self::Counters(..) => Source::Prometheus,
            Self::Services(..) => Source::Metrics,
        }
    }
}

/// The newest counts, and when they are asked for again. Who reads them is away meanwhile.
pub(crate) struct Counting {
    next: Option<Timestamp>,
    metrics: Fact<Metrics>,
    /// Who is asked.
    asked: Option<Source>,
    readers: Readers,
}

/// Who reads them.
#[derive(Default)]
pub(crate) struct Readers {
    pods: Reader,
    services: Metering,
}

/// What a reader brought, and the readers.
pub(crate) type Counted = Box<(Result<Metrics, Fault>, Readers)>;

impl Counting {
    /// Asks as soon as there is somebody to ask; who that will be, where it is known.
    pub(crate) fn new(asked: Option<Source>, now: Timestamp) -> Self {
        let (metrics, readers) = (Fact::Unasked, Readers::default());
        Self { next: Some(now), metrics, asked, readers }
    }

    /// Asks at once, unless it is being asked.
    pub(crate) fn again(&mut self, now: Timestamp) {
        if let Some(next) = &mut self.next {
            *next = now;
        }
    }

    /// When it is to be asked where that is possible; nothing while it is.
    pub(crate) fn next(&self) -> Option<Timestamp> {
        self.next
    }

    /// Whether something came.
    pub(crate) fn is_settled(&self) -> bool {
        self.metrics != Fact::Unasked
    }

    /// The question to whoever counts, if it is due.
    pub(crate) fn question(
        &mut self,
        aws: &Aws,
        what: Option<Countable>,
        window: u32,
    ) -> Option<impl Future<Output = Counted> + use<>> {
        let now = aws.now();
        self.next.filter(|due| *due <= now)?;
        let what = what?;
        self.asked = Some(what.source());
        self.next = None;
        let (aws, readers) = (aws.clone(), std::mem::take(&mut self.readers));
        let Readers { pods, services } = readers;
        Some(async move {
            Box::new(match what {
                Countable::Counters(counters, whose, owners) => {
                    let config = aws.verdicts().of(whose.target()).clone();
                    let (owners, heard) = owners.unzip();
                    let until = heard.map_or(now, |heard| heard.min(now));
                    let settle = config.settle_seconds;
                    let span = Span::of_rollout(whose.began(), window, settle, until);
                    let (who, whose) = ((&counters[..], &aws), (*whose, owners.as_ref()));
                    let (result, pods) = pods.read(who, whose, span, &config).await;
                    (result, Readers { pods, services })
                }
                Countable::Services(cluster, what) => {
                    let (result, services) = services.read(&aws, &cluster, *what, window).await;
                    (result, Readers { pods, services })
                }
            })
        })
    }

    /// Keeps what came.
    pub(crate) fn hear(&mut self, counted: Counted, now: Timestamp) {
        let (result, readers) = *counted;
        self.readers = readers;
        self.next = Some(later(now, PERIOD));
        self.metrics = std::mem::take(&mut self.metrics).after(result, now);
    }

    /// What was counted.
    pub(crate) fn metrics(&self) -> Fact<Metrics> {
        self.metrics.clone()
    }

    /// How fresh that is, and whose it is; nothing while nobody is known.
    pub(crate) fn reading(&self) -> Option<(Source, Reading)> {
        // That nothing is counted is no trouble of the source.
        let fault = self.metrics.fault().filter(|fault| fault.kind != FaultKind::Absent);
        let reading = Reading {
            at: self.metrics.at(),
            fault: fault.or(self.readers.pods.trouble()).cloned(),
            next: self.next.filter(|_| self.is_settled()),
            period_seconds: PERIOD.as_secs_f64(),
        };
        // A cluster without anything to count by has no such source.
        let source = self.asked?;
        let none = source == Source::Metrics && self.metrics.at().is_none() && fault.is_none();
        (!none || self.metrics == Fact::Unasked).then_some((source, reading))
    }
}
