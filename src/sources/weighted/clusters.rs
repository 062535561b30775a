//! What runs on each side in a cluster of its own, beside the weights.
//!
//! Each side is followed by itself: a cluster that is out of reach, whose login has run out or that
//! lacks a permission leaves the other side and the weights as they are, and nothing waits for it.
//! Nothing is ever sent to a cluster from here.

use tokio::time::Interval;

use crate::domain::{
    Environment, Fact, Fault, FaultKind, Runs, Side, Snapshot, Source, Standing, Target,
    TimelineEvent, Workload,
};
use crate::sources::argo::{self, Follower, Place, Running, Scope};
use crate::sources::aws::Aws;
use crate::sources::backend::{Backend, Wish};
use crate::sources::poll::{Kind, Poller};
use crate::sources::time::later;

/// One side in its cluster.
struct Followed {
    side: Side,
    workload: Workload,
    follower: Follower,
}

/// Weights that a person sets, and what runs behind them.
pub(crate) struct Joined<K: Kind> {
    poller: Poller<K>,
    sides: Vec<Followed>,
    /// Something was heard since the last picture.
    news: bool,
    pace: Option<Interval>,
}

impl<K: Kind> Joined<K> {
    /// Watches the weights of `target` and what a person has said that runs behind them.
    pub(crate) fn new(aws: &Aws, target: &Target, kind: K) -> Self {
        let [blue, green] = aws.sides().of(target);
        let named = [(Side::Blue, &blue.runs), (Side::Green, &green.runs)];
        let named = named.into_iter().filter_map(|(side, runs)| Some((side, runs.clone()?)));
        let sides = named.map(|(side, workload)| {
            let place = Place::of_workload(&workload);
            let follower = Follower::new(aws.clone(), place, Scope::Running);
            Followed { side, workload, follower }
        });
        let sides = sides.collect();
        Self { poller: Poller::new(aws.clone(), kind), sides, news: false, pace: None }
    }

    /// The picture as it is now.
    fn picture(&self, wish: Wish) -> Snapshot {
        let mut picture = self.poller.picture(wish);
        for Followed { side, workload, follower } in &self.sides {
            let source = match side {
                Side::Blue => Source::BlueCluster,
                Side::Green => Source::GreenCluster,
            };
            picture.readings.insert(source, follower.reading());
            let running = argo::running(follower.place(), follower.raw());
            join(&mut picture, (*side, workload), running);
        }
        picture
    }
}

/// Waits until every cluster has answered or failed, but for no longer than a moment: the weights are
/// worth more than to wait for.
async fn whole(sides: &mut [Followed], aws: Aws) {
    let until = later(aws.now(), argo::MOMENT);
    while sides.iter().any(|one| !one.follower.is_whole()) {
        tokio::select! {
            biased;
            () = heard(sides) => {}
            () = argo::sleep(aws.clone(), Some(until)) => break,
        }
    }
    for one in sides {
        let text = "no answer within 10 s";
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
        if wish.all {
            self.sides.iter_mut().for_each(|one| one.follower.hurry());
        }
        // This may be given up at any time; what was heard is kept for the next.
        if !self.news || wish.all {
            tokio::select! {
                biased;
                _ = self.poller.observe(wish) => {}
                () = heard(&mut self.sides) => {}
            }
            self.news = true;
        }
        self.pace.get_or_insert_with(argo::pace).tick().await;
        self.sides.iter_mut().for_each(|one| one.follower.catch_up());
        self.news = false;
        self.picture(wish)
    }

    async fn observe_whole(&mut self, wish: Wish) -> Snapshot {
        if self.sides.is_empty() {
            return self.poller.observe_whole(wish).await;
        }
        if wish.all {
            self.sides.iter_mut().for_each(|one| one.follower.hurry());
        }
        let aws = self.poller.aws().clone();
        tokio::join!(self.poller.observe_whole(wish), whole(&mut self.sides, aws));
        self.sides.iter_mut().for_each(|one| one.follower.catch_up());
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
    picture.events.sort_by(|a, b| b.at.cmp(&a.at));
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
    (own.tasks, own.task_list) = (running.tasks, running.task_list);
    if own.targets.fault().is_some_and(|fault| fault.kind == FaultKind::Absent) {
        own.targets = running.targets;
    }
}
