//! Argo Rollouts in a Kubernetes cluster.
//!
//! | module | what |
//! |---|---|
//! | `answer` | what an answer means that is none |
//! | `cluster` | the way into a cluster, and its answers with their faults |
//! | `place` | where a Rollout is, and what has to do with it |
//! | `counting` | what is counted of both versions, and by whom |
//! | `groups` | the target groups that lead to Services, and what is counted of them |
//! | `watch` | one kind of object, listed and followed |
//! | `follow` | what is told of a workload and what is read beside it |
//! | `raw` | what the cluster said, each kind with its age |
//! | `translate` | raw objects → one snapshot, pure |
//! | `orders` | reading again before an order, its patch, and whether the controller took it |

mod answer;
mod cluster;
mod counting;
mod follow;
#[cfg(any(fuzzing, test))]
pub(crate) mod fuzzing;
mod groups;
pub(crate) mod orders;
mod place;
mod raw;
mod translate;
mod watch;

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::task::JoinSet;
use tokio::time::{Interval, MissedTickBehavior};

use crate::domain::{CountedBy, Fact, Fault, FaultKind, Metrics, Side, Snapshot, Source};

use super::aws::Aws;
use super::backend::{Backend, Wish};
use super::metrics::prometheus::{Counter, Whose};
use super::time::later;
pub(crate) use cluster::{Cluster, Clusters};
pub(crate) use counting::{Countable, Counted, Counting};
pub(crate) use follow::{Follower, Scope};
use groups::Ledger;
pub(crate) use place::Place;
use translate::ByService;
pub(crate) use translate::running::{Running, running, sets};

/// How long a single look waits for a cluster that answers, but not yet with what it holds: an API
/// server that has just started.
const MOMENT: SignedDuration = SignedDuration::from_secs(10);
/// How long one picture stays at least: hundreds of pods that start, and a Service that flaps after
/// an abort, tell far more than anybody can see.
const APART: Duration = Duration::from_millis(50);

/// One Rollout, watched.
pub(crate) struct Argo {
    aws: Aws,
    follower: Follower,
    counting: Counting,
    counts: JoinSet<Counted>,
    /// Which versions its Services have led to.
    ledger: Ledger,
    /// Something was heard since the last picture, which no other follows sooner than this.
    news: bool,
    pace: Option<Interval>,
}

impl Argo {
    /// Watches the Rollout at `place`; nothing is asked yet.
    pub(crate) fn new(aws: Aws, place: Place) -> Self {
        let follower = Follower::new(aws.clone(), place, Scope::Everything);
        let counter = aws.prometheus().map(|_| Source::Prometheus);
        let counting = Counting::new(counter, aws.now());
        let (counts, ledger) = (JoinSet::new(), Ledger::default());
        Self { aws, follower, counting, counts, ledger, news: false, pace: None }
    }

    /// Who can be asked for counts, and about what: a Prometheus if there is one.
    fn countable(&self) -> Option<Countable> {
        let cluster = self.follower.cluster()?.clone();
        let (place, raw) = (self.follower.place(), self.follower.raw());
        if let Some(prometheus) = self.aws.prometheus().cloned() {
            let counted_by = prometheus.counted_by;
            let sides = vec![Side::Blue, Side::Green];
            let counters = vec![Counter { prometheus, cluster, sides }];
            let (whose, owners) = match counted_by {
                CountedBy::Pod => (Whose::Pods(translate::versions(place, raw)?), None),
                CountedBy::Service | CountedBy::Ingress => {
                    let by = self.by_service()?;
                    let owners = self.ledger.owners(&by)?;
                    (Whose::Services(by.counted_in(&place.namespace)), Some(owners))
                }
            };
            return Some(Countable::Counters(counters, Box::new(whose), owners));
        }
        let by = self.by_service()?;
        let (owners, heard) = self.ledger.owners(&by)?;
        let namespace = place.namespace.clone();
        let what = groups::Counted { by, namespace, owners, heard };
        Some(Countable::Services(cluster, Box::new(what)))
    }

    /// The Services that are counted, where whoever counts can tell them apart.
    fn by_service(&self) -> Option<ByService> {
        let by = translate::by_service(self.follower.place(), self.follower.raw())?;
        let fits = match self.aws.prometheus().map(|prometheus| prometheus.counted_by) {
            None => by.balanced,
            Some(CountedBy::Ingress) => by.ingresses.is_some(),
            Some(CountedBy::Service | CountedBy::Pod) => true,
        };
        fits.then_some(by)
    }

    /// Asks for the counts of both versions, if that is due.
    fn count(&mut self, wish: Wish) {
        if self.next_count().is_none_or(|due| due > self.aws.now()) {
            return;
        }
        let what = self.countable();
        if let Some(asking) = self.counting.question(&self.aws, what, wish.window) {
            self.counts.spawn(asking);
        }
    }

    /// When the counts are to be asked for; nothing while nobody can be.
    fn next_count(&self) -> Option<Timestamp> {
        self.countable()?;
        self.counting.next()
    }

    /// What was counted, or why nothing is.
    fn metrics(&self) -> Fact<Metrics> {
        let metrics = self.counting.metrics();
        let is_known = self.follower.raw().rollout().is_some();
        let by = self.aws.prometheus().map(|prometheus| prometheus.counted_by);
        match by {
            Some(CountedBy::Service | CountedBy::Ingress)
                if is_known && metrics == Fact::Unasked && self.by_service().is_none() =>
            {
                let text = "this Rollout is not counted by Service: preset = \"nginx\" needs \
                            trafficRouting.nginx, $service any trafficRouting and both Services";
                let fault = Fault::new(FaultKind::Absent, "prometheus", text);
                return Fact::Unknown { fault };
            }
            Some(_) => return metrics,
            None => {}
        }
        let nobody = "no Prometheus is configured ([prometheus] in the configuration file)";
        let absent = |text: String| Fault::new(FaultKind::Absent, "prometheus", text);
        match metrics {
            Fact::Unknown { fault } if fault.kind == FaultKind::Absent => {
                Fact::Unknown { fault: absent(format!("{nobody}, and {}", fault.message)) }
            }
            Fact::Unasked if is_known && self.countable().is_none() => {
                let text = "only an ALB is found without one (trafficRouting.alb)";
                Fact::Unknown { fault: absent(format!("{nobody}; {text}")) }
            }
            metrics => metrics,
        }
    }

    /// The picture as it is now.
    fn picture(&self) -> Snapshot {
        let (place, raw) = (self.follower.place(), self.follower.raw());
        let mut picture = translate::snapshot(place, raw, self.aws.now());
        let mut reading = self.follower.reading();
        reading.next = [reading.next, self.next_count()].into_iter().flatten().min();
        picture.readings.insert(Source::Kubernetes, reading);
        picture.readings.extend(self.counting.reading());
        picture.metrics = self.metrics();
        picture
    }

    /// Whether everything has answered at least once.
    fn is_whole(&self) -> bool {
        let counted = self.counting.is_settled() || self.countable().is_none();
        self.follower.is_whole() && counted
    }
}

/// Until a moment comes, if ever.
pub(crate) async fn sleep(aws: Aws, until: Option<Timestamp>) {
    match until.and_then(|at| aws.time().until(at)) {
        Some(span) => tokio::time::sleep(span).await,
        None => std::future::pending().await,
    }
}

/// Ready at once after a rest.
pub(crate) fn pace() -> Interval {
    let mut pace = tokio::time::interval(APART);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    pace
}

impl Backend for Argo {
    async fn observe(&mut self, wish: Wish) -> Snapshot {
        if wish.all {
            self.counting.again(self.aws.now());
            self.follower.hurry();
        }
        // This may be given up at any time; what was heard is kept for the next.
        while !self.news {
            self.count(wish);
            let due = sleep(self.aws.clone(), self.next_count());
            tokio::select! {
                biased;
                () = self.follower.heard() => {
                    self.ledger.note(self.follower.raw(), self.aws.now());
                    self.news = true;
                }
                Some(Ok(counted)) = self.counts.join_next() => {
                    self.counting.hear(counted, self.aws.now());
                    self.news = true;
                }
                () = due => {}
            }
        }
        self.pace.get_or_insert_with(pace).tick().await;
        self.follower.catch_up();
        self.ledger.note(self.follower.raw(), self.aws.now());
        while let Some(Ok(counted)) = self.counts.try_join_next() {
            self.counting.hear(counted, self.aws.now());
        }
        self.count(wish);
        self.news = false;
        self.picture()
    }

    async fn observe_whole(&mut self, wish: Wish) -> Snapshot {
        let until = later(self.aws.now(), MOMENT);
        let mut picture = self.observe(wish).await;
        while !self.is_whole() || (self.follower.is_starting() && self.aws.now() < until) {
            picture = self.observe(Wish { all: false, ..wish }).await;
        }
        picture
    }
}
