//! Argo Rollouts in a Kubernetes cluster.
//!
//! | module | what |
//! |---|---|
//! | `answer` | what an answer means that is none |
//! | `cluster` | the way into a cluster, and its answers with their faults |
//! | `place` | where a Rollout is, and what has to do with it |
//! | `counting` | what a Prometheus counts of both versions |
//! | `watch` | one kind of object, listed and followed |
//! | `raw` | what the cluster said, each kind with its age |
//! | `translate` | raw objects → one snapshot, pure |
//! | `orders` | reading again before an order, its patch, and whether the controller took it |
//!
//! Unlike the AWS backends this one is told of changes. A watch that is silent may also be one
//! whose connection is dead, so the rollout is read every few seconds as well.

mod answer;
mod cluster;
mod counting;
#[cfg(any(fuzzing, test))]
pub(crate) mod fuzzing;
pub(crate) mod orders;
mod place;
mod raw;
mod translate;
mod watch;

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;
use tokio::time::{Interval, MissedTickBehavior};

use crate::domain::{Fact, Fault, FaultKind, Identity, Reading, Snapshot, Source};

use super::aws::Aws;
use super::backend::{Backend, Wish};
use super::time::later;
use cluster::Resource;
pub(crate) use cluster::{Cluster, Clusters};
use counting::{Counted, Counting};
pub(crate) use place::Place;
use raw::{Kind, News, Raw};
use watch::Watch;

/// How often the rollout is read although it is watched.
const BEAT: SignedDuration = SignedDuration::from_secs(10);
/// How often after an order, and after an answer of a server that has just started. A Service that the
/// controller had moved before the answer to the order came was told of too early to show what the
/// order has led to, and is not told of again.
const SOON: SignedDuration = SignedDuration::from_secs(1);
/// How long a single look waits for a cluster that answers, but not yet with what it holds: an API
/// server that has just started.
const MOMENT: SignedDuration = SignedDuration::from_secs(10);
/// How long one picture stays at least: hundreds of pods that start, and a Service that flaps after
/// an abort, tell far more than anybody can see.
const APART: Duration = Duration::from_millis(50);
/// How long after a login that failed the next one is tried.
const LOGIN: SignedDuration = SignedDuration::from_secs(5);
/// How often the caller and the permissions are asked for.
const WHO: SignedDuration = SignedDuration::from_mins(5);

/// Something that was heard from the cluster.
enum Heard {
    /// The way into it.
    Open(Result<Cluster, Fault>),
    /// What a watch tells.
    News(Kind, News),
    /// Who asks, and what that person may not do.
    Caller(Result<Identity, Fault>, Vec<String>),
    /// The rollout and the Services, read without the watch.
    Beat(Result<Vec<(Kind, Value)>, Fault>),
    /// What Prometheus counted.
    Counted(Counted),
}

/// One Rollout, watched.
pub(crate) struct Argo {
    aws: Aws,
    place: Place,
    raw: Raw,
    cluster: Option<Cluster>,
    inbox: UnboundedReceiver<Heard>,
    tell: UnboundedSender<Heard>,
    /// Everything that asks; ended with this.
    asked: JoinSet<()>,
    watches: JoinSet<()>,
    /// The Deployment that is watched because the rollout takes its template from it.
    workload: Option<String>,
    next_login: Option<Timestamp>,
    next_beat: Option<Timestamp>,
    next_who: Option<Timestamp>,
    counting: Counting,
    /// The cluster did not answer the last time it was asked beside the watches.
    missed: bool,
    /// Something was heard since the last picture, which no other follows sooner than this.
    news: bool,
    pace: Option<Interval>,
}

impl Argo {
    /// Watches the Rollout at `place`; nothing is asked yet.
    pub(crate) fn new(aws: Aws, place: Place) -> Self {
        let (tell, inbox) = unbounded_channel();
        let now = aws.now();
        Self {
            aws,
            place,
            raw: Raw::default(),
            cluster: None,
            inbox,
            tell,
            asked: JoinSet::new(),
            watches: JoinSet::new(),
            workload: None,
            next_login: Some(now),
            next_beat: None,
            next_who: None,
            counting: Counting::default(),
            missed: false,
            news: false,
            pace: None,
        }
    }

    /// Begins to ask for what is due.
    fn ask(&mut self, wish: Wish) {
        let now = self.aws.now();
        let is_due = |at: Option<Timestamp>| at.is_some_and(|at| at <= now);
        let tell = self.tell.clone();
        let Some(cluster) = self.cluster.clone() else {
            if is_due(self.next_login) {
                self.next_login = None;
                let (aws, context) = (self.aws.clone(), self.place.context.clone());
                self.asked.spawn(async move {
                    let _ = tell.send(Heard::Open(aws.cluster(context.as_deref()).await));
                });
            }
            return;
        };
        if self.aws.is_urgent(now) {
            let soon = later(now, SOON);
            self.next_beat = self.next_beat.map(|at| at.min(soon));
        }
        if is_due(self.next_beat) {
            self.next_beat = None;
            let (cluster, place) = (cluster.clone(), self.place.clone());
            let services = self.raw.service_names();
            let tell = tell.clone();
            self.asked.spawn(async move {
                let _ = tell.send(Heard::Beat(beat(&cluster, &place, services).await));
            });
        }
        let versions = translate::versions(&self.place, &self.raw);
        if let Some(asking) = self.counting.question(&self.aws, &cluster, versions, wish.window) {
            let tell = tell.clone();
            self.asked.spawn(async move {
                let _ = tell.send(Heard::Counted(asking.await));
            });
        }
        if is_due(self.next_who) {
            self.next_who = Some(later(now, WHO));
            let namespace = self.place.namespace.clone();
            self.asked.spawn(async move {
                let (caller, denied) = tokio::join!(
                    cluster.identity(&namespace),
                    orders::denied(&cluster, &namespace)
                );
                let _ = tell.send(Heard::Caller(caller, denied));
            });
        }
    }

    /// Begins all watches anew.
    fn watch(&mut self, cluster: &Cluster) {
        self.watches.abort_all();
        self.workload = None;
        for kind in Kind::ALL {
            self.follow(cluster, kind, self.place.resource(kind));
        }
    }

    fn follow(&mut self, cluster: &Cluster, kind: Kind, resource: Resource) {
        let (aws, cluster, tell) = (self.aws.clone(), cluster.clone(), self.tell.clone());
        self.watches.spawn(Watch { aws, cluster, kind, resource, tell }.run());
    }

    /// Watches the Deployment that the rollout refers to, as soon as that is known.
    fn watch_workload(&mut self) {
        let named = self.raw.workload().map(str::to_owned);
        let Some(cluster) = self.cluster.clone().filter(|_| named != self.workload) else { return };
        if let Some(name) = &named {
            let fields = Some(format!("metadata.name={name}"));
            let resource = Resource { fields, ..self.place.resource(Kind::Deployment) };
            self.follow(&cluster, Kind::Deployment, resource);
        }
        self.workload = named;
    }

    /// Takes in what was heard.
    fn hear(&mut self, heard: Heard) {
        let now = self.aws.now();
        self.news = true;
        match heard {
            Heard::Open(Ok(cluster)) => {
                self.watch(&cluster);
                self.cluster = Some(cluster);
                self.next_beat = Some(later(now, BEAT));
                self.next_who = Some(now);
                self.counting.hurry(now);
            }
            Heard::Open(Err(fault)) => {
                self.next_login = Some(later(now, LOGIN));
                self.raw.identity =
                    std::mem::take(&mut self.raw.identity).after(Err(fault.clone()), now);
                self.raw.hear(Kind::Rollout, News::Broken(fault), now);
            }
            Heard::Counted(counted) => self.counting.hear(counted, now),
            Heard::News(kind, news) => {
                self.raw.hear(kind, news, now);
                if kind == Kind::Rollout {
                    self.watch_workload();
                }
            }
            Heard::Caller(caller, denied) => {
                if let Err(fault) = &caller {
                    let wait = if fault.kind == FaultKind::Server { SOON } else { LOGIN };
                    self.next_who = Some(later(now, wait));
                }
                self.raw.identity = std::mem::take(&mut self.raw.identity).after(caller, now);
                self.raw.denied = denied;
            }
            Heard::Beat(Ok(objects)) => {
                self.next_beat = Some(later(now, BEAT));
                for (kind, object) in objects {
                    self.raw.hear(kind, News::Is(object), now);
                }
                // Watches may have died without a word together with the answers.
                if std::mem::take(&mut self.missed)
                    && let Some(cluster) = self.cluster.clone()
                {
                    self.watch(&cluster);
                }
            }
            Heard::Beat(Err(fault)) => {
                self.next_beat = Some(later(now, BEAT));
                if fault.kind == FaultKind::NotFound {
                    // A cluster that does not know Rollouts at all has said so to the list.
                    if self.raw.age(Kind::Rollout).0.is_some() {
                        self.raw.hear(Kind::Rollout, News::All(Vec::new()), now);
                    }
                } else {
                    self.missed = true;
                    self.raw.hear(Kind::Rollout, News::Broken(fault), now);
                }
            }
        }
    }

    /// When something is to be asked again.
    fn next_due(&self) -> Option<Timestamp> {
        match self.cluster {
            Some(_) => {
                let versions = translate::versions(&self.place, &self.raw);
                let counting = self.counting.due(&self.aws, versions.as_ref());
                [self.next_beat, self.next_who, counting].into_iter().flatten().min()
            }
            None => self.next_login,
        }
    }

    /// The picture as it is now.
    fn picture(&self) -> Snapshot {
        let mut picture = translate::snapshot(&self.place, &self.raw, self.aws.now());
        let (at, fault) = self.raw.age(Kind::Rollout);
        let also = || self.raw.kinds().find_map(|kind| self.raw.age(kind).1);
        let reading = Reading {
            at,
            fault: fault.or_else(also).cloned(),
            next: self.next_due(),
            period_seconds: BEAT.as_secs_f64(),
        };
        picture.readings.insert(Source::Kubernetes, reading);
        if let Some(reading) = self.counting.reading() {
            picture.readings.insert(Source::Prometheus, reading);
        }
        picture.metrics = self.counting.metrics(&self.aws);
        picture
    }

    /// Whether a server answers that has nothing to say yet.
    fn is_starting(&self) -> bool {
        let mut faults = self.raw.kinds().filter_map(|kind| self.raw.age(kind).1);
        let starts = |fault: &Fault| fault.kind == FaultKind::Server;
        self.raw.identity.fault().is_some_and(starts) || faults.any(starts)
    }

    /// Whether everything has answered at least once.
    fn is_whole(&self) -> bool {
        let heard = |kind: Kind| self.raw.age(kind) != (None, None);
        let who = self.raw.identity != Fact::Unasked;
        let versions = translate::versions(&self.place, &self.raw);
        let counted = self.counting.is_settled(&self.aws, versions.as_ref());
        let lost = self.cluster.is_none() && self.raw.age(Kind::Rollout).1.is_some();
        lost || (who && counted && self.raw.kinds().all(heard))
    }
}

/// Until a moment comes, if ever.
async fn sleep(aws: Aws, until: Option<Timestamp>) {
    match until.and_then(|at| aws.time().until(at)) {
        Some(span) => tokio::time::sleep(span).await,
        None => std::future::pending().await,
    }
}

/// Ready at once after a rest.
fn pace() -> Interval {
    let mut pace = tokio::time::interval(APART);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    pace
}

/// Reads what an order is judged by, beside the watches.
async fn beat(
    cluster: &Cluster,
    place: &Place,
    services: Vec<String>,
) -> Result<Vec<(Kind, Value)>, Fault> {
    let rollout = cluster.get(&place.resource(Kind::Rollout), &place.name).await?;
    let mut found = vec![(Kind::Rollout, rollout)];
    for name in services {
        // One that cannot be read says so in its own watch.
        if let Ok(service) = cluster.get(&place.resource(Kind::Service), &name).await {
            found.push((Kind::Service, service));
        }
    }
    Ok(found)
}

impl Backend for Argo {
    async fn observe(&mut self, wish: Wish) -> Snapshot {
        if wish.all {
            let now = self.aws.now();
            self.counting.again(now);
            if let Some(next) = &mut self.next_beat {
                *next = now;
            }
        }
        // This may be given up at any time; what was heard is kept for the next.
        while !self.news {
            self.ask(wish);
            let asleep = sleep(self.aws.clone(), self.next_due());
            tokio::select! {
                biased;
                heard = self.inbox.recv() => match heard {
                    Some(heard) => self.hear(heard),
                    None => break,
                },
                () = asleep => {}
            }
        }
        self.pace.get_or_insert_with(pace).tick().await;
        while let Ok(heard) = self.inbox.try_recv() {
            self.hear(heard);
        }
        self.ask(wish);
        self.news = false;
        self.picture()
    }

    async fn observe_whole(&mut self, wish: Wish) -> Snapshot {
        let until = later(self.aws.now(), MOMENT);
        let mut picture = self.observe(wish).await;
        while !self.is_whole() || (self.is_starting() && self.aws.now() < until) {
            picture = self.observe(Wish { all: false, ..wish }).await;
        }
        picture
    }
}
