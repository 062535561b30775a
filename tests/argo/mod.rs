//! Argo Rollouts: the adapter against an API server on loopback that plays recordings of a real
//! controller.

mod login;
mod metrics;
mod orders;
mod prometheus;
mod server;
mod signature;
mod upkeep;
mod watching;

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use cutover::domain::{
    Action, Change, Order, OrderId, Policy, Progress, Prometheus, Rollout, Snapshot, permit,
};
use cutover::sources::{Account, Aws, AwsOptions, AwsTime, Backend, Loopback, Wish};
use jiff::{SignedDuration, Timestamp};

use server::Server;
pub(crate) use server::{merge, recording};

/// How much faster the time of a story passes.
const HURRY: u32 = 20;

/// The time of a story: from the moment it was played to, faster than the real one.
struct Hurried(Mutex<(Timestamp, Instant)>);

impl AwsTime for Hurried {
    fn now(&self) -> Timestamp {
        let (from, since) = *self.0.lock().unwrap();
        from + since.elapsed() * HURRY
    }

    fn until(&self, at: Timestamp) -> Option<Duration> {
        let span = at.duration_since(self.now());
        Some(Duration::try_from(span).unwrap_or_default() / HURRY)
    }

    fn correct(&self, _: Timestamp) {}
}

/// A story that is watched.
struct Story {
    server: Server,
    start: Timestamp,
    time: Arc<Hurried>,
    aws: Aws,
    watch: <Aws as Account>::Backend,
}

impl Story {
    async fn playing(story: &str, until: u64) -> Self {
        Self::measured_by(prometheus::usual(), story, until).await
    }

    async fn measured_by(counts: Prometheus, story: &str, until: u64) -> Self {
        let server = Server::playing(story).await;
        let start = server.start();
        let time = Arc::new(Hurried(Mutex::new((start, Instant::now()))));
        let options = AwsOptions {
            cluster_only: true,
            seed: 7,
            prometheus: Some(counts),
            ..AwsOptions::simulated(Loopback::new(server.address, "none").unwrap(), time.clone())
        };
        let aws = cutover::sources::connect(options).await.unwrap();
        let watch = aws.watch(&"argo:story/app".parse().unwrap());
        let story = Self { server, start, time, aws, watch };
        story.play(until);
        story
    }

    /// Plays on to a moment, in milliseconds from the beginning.
    fn play(&self, until: u64) {
        let now = self.start + SignedDuration::from_millis(until as i64);
        *self.time.0.lock().unwrap() = (now, Instant::now());
        self.server.play(until);
    }

    /// Looks until the picture is as wanted.
    async fn until(&mut self, wanted: impl Fn(&Snapshot) -> bool) -> Snapshot {
        let wish = Wish { window: 15, all: false };
        let looking = async {
            loop {
                let picture = self.watch.observe(wish).await;
                if wanted(&picture) {
                    return picture;
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(20), looking).await.unwrap()
    }

    /// The whole picture as it is now.
    async fn look(&mut self) -> Snapshot {
        self.watch.observe_whole(Wish { window: 15, all: true }).await
    }

    /// The order that a person would confirm on what was seen.
    fn order(seen: &Snapshot, action: Action) -> Order {
        let permit = permit(seen, action, &Policy::default()).unwrap();
        Order {
            id: OrderId::new(7, 1),
            target: seen.target.clone(),
            action,
            call: permit.call,
            expected: permit.expected,
            at: seen.taken,
            by: "ada".to_owned(),
            part_of: None,
            reason: None,
        }
    }

    /// Reads again and sends, as the shell does.
    async fn carry_out(&self, order: &Order) -> Result<Progress, Change> {
        let now = self.aws.read_again(order).await;
        match order.expected.change(order.action, &now) {
            Some(change) => Err(change),
            None => Ok(self.aws.send(order).await),
        }
    }
}

fn rollout(picture: &Snapshot) -> &Rollout {
    picture.rollout().unwrap()
}
