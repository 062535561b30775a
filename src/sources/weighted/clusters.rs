//! What runs on each side in a cluster of its own, beside the weights.
//!
//! Each side is followed by itself: a cluster that is out of reach, whose login has run out or that
//! lacks a permission leaves the other side and the weights as they are, and nothing waits for it.
//! Nothing is ever sent to a cluster from here.

use std::cmp::Reverse;

use jiff::{SignedDuration, Timestamp};
use tokio::task::JoinSet;
use tokio::time::Interval;

use crate::domain::{
    Environment, Fact, Fault, FaultKind, Prometheus, Runs, Side, SideSettings, Snapshot, Source,
    Standing, Target, TimelineEvent, Workload,
};
use crate::sources::argo::{self, Countable, Counted, Counting, Follower, Place, Running, Scope};
use crate::sources::aws::Aws;
use crate::sources::backend::{Backend, Wish};
use crate::sources::metrics::prometheus::{Counter, Pods, Versions, Whose};
use crate::sources::poll::{Kind, Poller};
use crate::sources::time::later;

/// How long a single look, and so an order on the command line, waits for clusters: a login and a list take
/// a second or two.
const PATIENCE: SignedDuration = SignedDuration::from_secs(5);

/// One side in its cluster.
struct Followed {
    side: Side,
    workload: Workload,
    follower: Follower,
    /// What counts its requests.
    prometheus: Option<Prometheus>,
}

/// Weights that a person sets, and what runs behind them.
pub(crate) struct Joined<K: Kind> {
    target: Target,
    poller: Poller<K>,
    sides: Vec<Followed>,
    counting: Counting,
    counts: JoinSet<Counted>,
    /// Something was heard since the last picture.
    news: bool,
    pace: Option<Interval>,
}

impl<K: Kind> Joined<K> {
    /// Watches the weights of `target` and what a person has said that runs behind them.
    pub(crate) fn new(aws: &Aws, target: &Target, kind: K) -> Self {
        let [blue, green] = aws.sides().of(target);
        let followed = |(side, said): (Side, &SideSettings)| {
            let (workload, prometheus) = (said.runs.clone()?, said.prometheus.clone());
            let place = Place::of_workload(&workload);
            let follower = Follower::new(aws.clone(), place, Scope::Running);
            Some(Followed { side, workload, follower, prometheus })
        };
        let named = [(Side::Blue, blue), (Side::Green, green)];
        let sides: Vec<Followed> = named.into_iter().filter_map(followed).collect();
        let counted = sides.iter().any(|one| one.prometheus.is_some());
        Self {
            target: target.clone(),
            poller: Poller::new(aws.clone(), kind),
            sides,
            counting: Counting::new(counted.then_some(Source::Prometheus), aws.now()),
            counts: JoinSet::new(),
            news: false,
            pace: None,
        }
    }

    /// Which pods are which side's; nothing before any is known.
    fn versions(&self) -> Option<Versions> {
        let pods = |side: Side| {
            let one = self.sides.iter().find(|one| one.side == side)?;
            let (place, raw) = (one.follower.place(), one.follower.raw());
            Some(Pods { namespace: place.namespace.clone(), sets: argo::sets(place, raw) })
        };
        let [blue, green] = [Side::Blue, Side::Green].map(|side| pods(side).unwrap_or_default());
        let known = !(blue.sets.is_empty() && green.sets.is_empty());
        known.then(|| Versions { target: self.target.clone(), blue, green, began: None })
    }

    /// Whether somebody has said what counts.
    fn is_counted(&self) -> bool {
        self.sides.iter().any(|one| one.prometheus.is_some())
    }

    /// Those who can be asked now: the way to them is open, and it is known whose pods to ask for.
    fn countable(&self) -> Option<Countable> {
        let counter = |one: &Followed| {
            let (prometheus, cluster) = (one.prometheus.as_ref()?, one.follower.cluster()?);
            let known = !argo::sets(one.follower.place(), one.follower.raw()).is_empty();
            let (prometheus, cluster) = (prometheus.clone(), cluster.clone());
            known.then(|| Counter { prometheus, cluster, sides: vec![one.side] })
        };
        let counters: Vec<Counter> = self.sides.iter().filter_map(counter).collect();
        let versions = self.versions().filter(|_| !counters.is_empty())?;
        Some(Countable::Counters(counters, Box::new(Whose::Pods(versions)), None))
    }

    /// Asks them, if that is due.
    fn count(&mut self, wish: Wish) {
        let (what, aws) = (self.countable(), self.poller.aws().clone());
        if let Some(asking) = self.counting.question(&aws, what, wish.window) {
            self.counts.spawn(asking);
        }
    }

    /// When they are to be asked; nothing while nobody can be.
    fn next_count(&self) -> Option<Timestamp> {
        self.countable()?;
        self.counting.next()
    }

    /// Begins at once with what is wanted now.
    fn hurry(&mut self, wish: Wish) {
        if wish.all {
            self.counting.again(self.poller.aws().now());
            self.sides.iter_mut().for_each(|one| one.follower.hurry());
        }
    }

    /// Takes in all that has come.
    fn catch_up(&mut self) {
        self.sides.iter_mut().for_each(|one| one.follower.catch_up());
        while let Some(Ok(counted)) = self.counts.try_join_next() {
            self.counting.hear(counted, self.poller.aws().now());
        }
    }

    /// The picture as it is now.
    fn picture(&self, wish: Wish) -> Snapshot {
        let mut picture = self.poller.picture(wish);
        for Followed { side, workload, follower, .. } in &self.sides {
            let source = match side {
                Side::Blue => Source::BlueCluster,
                Side::Green => Source::GreenCluster,
            };
            picture.readings.insert(source, follower.reading());
            let running = argo::running(follower.place(), follower.raw());
            join(&mut picture, (*side, workload), running);
        }
        if self.is_counted() {
            picture.metrics = self.counting.metrics();
            picture.readings.extend(self.counting.reading());
        }
        picture
    }
}

/// Waits until every cluster has answered or failed, but for no longer than that: the weights do not
/// wait for them.
async fn whole(sides: &mut [Followed], aws: Aws, until: Timestamp) {
    while sides.iter().any(|one| !one.follower.is_whole()) {
        tokio::select! {
            biased;
            () = heard(sides) => {}
            () = argo::sleep(aws.clone(), Some(until)) => break,
        }
    }
    for one in sides {
        let text = format!("no answer within {} s", PATIENCE.as_secs());
        one.follower.give_up(Fault::new(FaultKind::Timeout, "kubernetes:watch", text));
    }
}

/// Waits for news of any of the clusters; for ever where there is none.
async fn heard(sides: &mut [Followed]) {
    match sides {
        [] => std::future::pending().await,
        [one] => one.follower.heard().await,
        [one, rest @ ..] => {
            tokio::select! {
                () = one.follower.heard() => {}
                () = Box::pin(heard(rest)) => {}
            }
        }
    }
}

impl<K: Kind> Backend for Joined<K> {
    async fn observe(&mut self, wish: Wish) -> Snapshot {
        if self.sides.is_empty() {
            return self.poller.observe(wish).await;
        }
        self.hurry(wish);
        // This may be given up at any time; what was heard is kept for the next.
        if !self.news || wish.all {
            self.count(wish);
            let counts = argo::sleep(self.poller.aws().clone(), self.next_count());
            tokio::select! {
                biased;
                _ = self.poller.observe(wish) => {}
                () = heard(&mut self.sides) => {}
                Some(Ok(counted)) = self.counts.join_next() => {
                    self.counting.hear(counted, self.poller.aws().now());
                }
                () = counts => self.count(wish),
            }
            self.news = true;
        }
        self.pace.get_or_insert_with(argo::pace).tick().await;
        self.catch_up();
        self.count(wish);
        self.news = false;
        self.picture(wish)
    }

    async fn observe_whole(&mut self, wish: Wish) -> Snapshot {
        if self.sides.is_empty() {
            return self.poller.observe_whole(wish).await;
        }
        self.hurry(wish);
        let aws = self.poller.aws().clone();
        let until = later(aws.now(), PATIENCE);
        let clusters = whole(&mut self.sides, aws.clone(), until);
        tokio::join!(self.poller.observe_whole(wish), clusters);
        self.catch_up();
        self.count(wish);
        while !self.counts.is_empty() {
            tokio::select! {
                biased;
                Some(Ok(counted)) = self.counts.join_next() => {
                    self.counting.hear(counted, aws.now());
                }
                () = argo::sleep(aws.clone(), Some(until)) => break,
            }
        }
        self.picture(wish)
    }
}

/// Puts what runs on a side into the picture of the weights.
fn join(picture: &mut Snapshot, (side, workload): (Side, &Workload), running: Running) {
    let Running { environment, standing, events, .. } = running;
    let told = events.into_iter().map(|event| TimelineEvent {
        side: Some(side),
        key: format!("{} {}", side.word(), event.key),
        ..event
    });
    picture.events.extend(told);
    picture.events.sort_by_key(|event| Reverse(event.at));
    if let Fact::Known { value: Some(rollout), .. } | Fact::Stale { value: Some(rollout), .. } =
        &mut picture.rollout
    {
        let own = match side {
            Side::Blue => &mut rollout.blue,
            Side::Green => &mut rollout.green,
        };
        put(own, workload, environment, standing);
    }
}

/// Puts what runs on a side into what the weights say of it. What leads there stays where nothing is
/// known of its cluster; the health that a load balancer sees is worth more than that of pods.
fn put(own: &mut Environment, workload: &Workload, running: Environment, standing: Fact<Standing>) {
    let behind = own.revision.value().map(|revision| revision.name.clone());
    own.runs = Some(Box::new(Runs { workload: workload.clone(), behind, standing }));
    if running.revision.value().is_some() {
        own.revision = running.revision;
    }
    (own.tasks, own.task_list, own.log) = (running.tasks, running.task_list, running.log);
    if own.targets.fault().is_some_and(|fault| fault.kind == FaultKind::Absent) {
        own.targets = running.targets;
    }
}
