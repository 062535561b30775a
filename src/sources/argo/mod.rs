//! Argo Rollouts in a Kubernetes cluster.
//!
//! | module | what |
//! |---|---|
//! | `answer` | what an answer means that is none |
//! | `cluster` | the way into a cluster, and its answers with their faults |
//! | `place` | where a Rollout is, and what has to do with it |
//! | `counting` | what a Prometheus counts of both versions |
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
pub(crate) mod orders;
mod place;
mod raw;
mod translate;
mod watch;

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::task::JoinSet;
use tokio::time::{Interval, MissedTickBehavior};

use crate::domain::{Side, Snapshot, Source};

use super::aws::Aws;
use super::backend::{Backend, Wish};
use super::metrics::prometheus::{Counter, Versions};
use super::time::later;
pub(crate) use cluster::{Cluster, Clusters};
pub(crate) use counting::{Counted, Counting};
pub(crate) use follow::{Follower, Scope};
pub(crate) use place::Place;
pub(crate) use translate::running::{Running, running, sets};

/// How long a single look waits for a cluster that answers, but not yet with what it holds: an API
/// server that has just started; and for one that does not answer at all, where it is not alone.
pub(crate) const MOMENT: SignedDuration = SignedDuration::from_secs(10);
/// How long one picture stays at least: hundreds of pods that start, and a Service that flaps after
/// an abort, tell far more than anybody can see.
const APART: Duration = Duration::from_millis(50);

/// One Rollout, watched.
pub(crate) struct Argo {
    aws: Aws,
    follower: Follower,
    counting: Counting,
    counts: JoinSet<Counted>,
    /// Something was heard since the last picture, which no other follows sooner than this.
    news: bool,
    pace: Option<Interval>,
}

impl Argo {
    /// Watches the Rollout at `place`; nothing is asked yet.
    pub(crate) fn new(aws: Aws, place: Place) -> Self {
        let follower = Follower::new(aws.clone(), place, Scope::Everything);
        let counting = Counting::new(aws.prometheus().is_some(), aws.now());
        let counts = JoinSet::new();
        Self { aws, follower, counting, counts, news: false, pace: None }
    }

    /// Which pods are which side's.
    fn versions(&self) -> Option<Versions> {
        translate::versions(self.follower.place(), self.follower.raw())
    }

    /// Asks for the counts of both versions, if that is due.
    fn count(&mut self, wish: Wish) {
        let (cluster, prometheus) = (self.follower.cluster(), self.aws.prometheus());
        let (Some(cluster), Some(prometheus)) = (cluster.cloned(), prometheus.cloned()) else {
            return;
        };
        let sides = vec![Side::Blue, Side::Green];
        let counters = vec![Counter { prometheus, cluster, sides }];
        let versions = self.versions();
        if let Some(asking) = self.counting.question(&self.aws, counters, versions, wish.window) {
            self.counts.spawn(asking);
        }
    }

    /// When the counts are to be asked for.
    fn next_count(&self) -> Option<Timestamp> {
        self.follower.cluster()?;
        self.counting.due(self.versions().as_ref())
    }

    /// The picture as it is now.
    fn picture(&self) -> Snapshot {
        let (place, raw) = (self.follower.place(), self.follower.raw());
        let mut picture = translate::snapshot(place, raw, self.aws.now());
        let mut reading = self.follower.reading();
        reading.next = [reading.next, self.next_count()].into_iter().flatten().min();
        picture.readings.insert(Source::Kubernetes, reading);
        if let Some(reading) = self.counting.reading() {
            picture.readings.insert(Source::Prometheus, reading);
        }
        picture.metrics = self.counting.metrics();
        picture
    }

    /// Whether everything has answered at least once.
    fn is_whole(&self) -> bool {
        let counted = self.counting.is_settled(self.versions().as_ref());
        self.follower.is_whole() && (counted || self.follower.cluster().is_none())
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
                () = self.follower.heard() => self.news = true,
                Some(Ok(counted)) = self.counts.join_next() => {
                    self.counting.hear(counted, self.aws.now());
                    self.news = true;
                }
                () = due => {}
            }
        }
        self.pace.get_or_insert_with(pace).tick().await;
        self.follower.catch_up();
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
