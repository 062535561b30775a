//! What every adapter owes the shell, asked of CodeDeploy's through the real SDK against the
//! simulator, on loopback, with the time set by hand.

mod actions;
mod argo;
mod beanstalk;
mod by_service;
mod clusters;
mod cost;
mod instances;
mod lambda;
mod laws;
mod log;
mod metrics;
mod permissions;
mod phases;
mod pipeline;
mod played;
mod trouble;
mod weighted;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

pub(crate) use cutover::cli::rehearsal::Standing;
use cutover::domain::{
    Action, Change, Offered, Order, OrderId, Phase, Policy, Progress, Rollout, Snapshot, Target,
    permit,
};
use cutover::sim::scenario::Scenario;
use cutover::sim::world::World;
use cutover::sim::{self, Clock, Simulator, bind, serve};
use cutover::sources::{Account, Aws, AwsOptions, AwsTime, Backend, Loopback, Wish};
use cutover::stats::{Config, Configs};
use jiff::{SignedDuration, Timestamp};

type Watch = <Aws as Account>::Backend;

/// The simulator's clock for whoever waits for what an order brings about: it goes on to that moment.
pub(crate) struct Waiting(pub(crate) Clock);

impl AwsTime for Waiting {
    fn now(&self) -> Timestamp {
        self.0.now()
    }

    fn until(&self, at: Timestamp) -> Option<Duration> {
        self.0.advance(at.duration_since(self.0.now()));
        Some(Duration::ZERO)
    }

    fn correct(&self, _: Timestamp) {}
}

/// A target that is watched in a simulated account.
struct Bench {
    simulator: Simulator,
    address: SocketAddr,
    aws: Aws,
    target: Target,
    watch: Watch,
}

impl Bench {
    /// The deployment group of a scenario.
    async fn group(scenario: &str) -> Self {
        Self::target(scenario, "codedeploy:shop/checkout").await
    }

    /// A target in the world of a scenario.
    async fn target(scenario: &str, target: &str) -> Self {
        Self::judged(scenario, target, Config::default()).await
    }

    /// The same, judged in another way.
    async fn judged(scenario: &str, target: &str, verdict: Config) -> Self {
        let start: Timestamp = "2026-03-02T09:00:00Z".parse().unwrap();
        let world = World::new(Scenario::named(scenario).unwrap(), 7, start);
        let simulator = Simulator::new(world, Clock::manual(start));
        let listener = bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(serve(listener, simulator.clone(), std::future::pending()));
        let aws = connect_with(&simulator, address, false, verdict).await;
        let target: Target = target.parse().unwrap();
        let watch = aws.watch(&target);
        Self { simulator, address, aws, target, watch }
    }

    fn pass(&self, seconds: i64) {
        self.simulator.clock().advance(SignedDuration::from_secs(seconds));
    }

    /// Puts a fault in force, written as on the command line.
    fn fault(&self, text: &str) {
        self.simulator.set_fault(text.parse::<sim::Fault>().unwrap());
    }

    /// Everything there is to see now.
    async fn look(&mut self) -> Snapshot {
        self.watch.observe_whole(Wish { window: 15, all: true }).await
    }

    /// Looks every ten seconds until the rollout stands there.
    async fn reach(&mut self, phase: &Phase) -> Snapshot {
        self.until(|rollout| rollout.phase == *phase).await
    }

    async fn until(&mut self, wanted: impl Fn(&Rollout) -> bool) -> Snapshot {
        self.until_by(10, wanted).await
    }

    /// The same with as many seconds between two looks.
    async fn until_by(&mut self, step: i64, wanted: impl Fn(&Rollout) -> bool) -> Snapshot {
        let mut last = String::new();
        for _ in 0..600 {
            let picture = self.look().await;
            if picture.rollout().is_some_and(&wanted) {
                return picture;
            }
            last = format!("{:?}", picture.rollout().map(|rollout| &rollout.phase));
            self.pass(step);
        }
        panic!("it stayed at {last}");
    }

    /// How many calls a minute of watching costs, asked only for what is due.
    async fn minute(&mut self) -> usize {
        let mut picture = self.look().await;
        // What hurries after the first look.
        picture = self.watch_for(130, picture).await;
        let before = self.simulator.calls().len();
        self.watch_for(60, picture).await;
        self.simulator.calls().len() - before
    }

    /// Watches for as many seconds, each source whenever it is due.
    async fn watch_for(&mut self, seconds: i64, mut picture: Snapshot) -> Snapshot {
        for _ in 0..seconds {
            self.pass(1);
            let now = self.simulator.clock().now();
            let is_due = |picture: &Snapshot| {
                picture.readings.values().any(|one| one.next.is_some_and(|next| next <= now))
            };
            while is_due(&picture) {
                picture = self.watch.observe(Wish { window: 15, all: false }).await;
            }
        }
        picture
    }

    /// Looks in the second in which the rollout ends: what follows it has not begun.
    async fn end(&mut self) -> Snapshot {
        for _ in 0..3600 {
            if self.aws.list().await.unwrap().is_empty() {
                return self.look().await;
            }
            self.pass(1);
        }
        panic!("it goes on and on")
    }

    /// The order that a person would confirm on what was seen.
    fn order(&self, seen: &Snapshot, action: Action) -> Order {
        let permit = permit(seen, action, &Policy::default()).unwrap();
        let (id, by) = (OrderId::new(7, 1), "arn:aws:iam::111122223333:user/ada".to_owned());
        let mut call = permit.call;
        if call.operation == "CreateDeployment" {
            call.params.push(("description".into(), format!("cutover: ada {id}").into()));
        }
        let target = self.target.clone();
        Order {
            id,
            target,
            action,
            call,
            expected: permit.expected,
            at: seen.taken,
            by,
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

    /// How often an operation has arrived.
    fn arrived(&self, operation: &str) -> usize {
        self.simulator.calls().iter().filter(|call| call.operation == operation).count()
    }
}

async fn connect(simulator: &Simulator, address: SocketAddr, read_only: bool) -> Aws {
    connect_with(simulator, address, read_only, Config::default()).await
}

async fn connect_with(
    simulator: &Simulator,
    address: SocketAddr,
    read_only: bool,
    verdict: Config,
) -> Aws {
    let time = Arc::new(Standing(simulator.clock().clone()));
    let loopback = Loopback::new(address, "eu-west-1").unwrap();
    let options = AwsOptions {
        read_only,
        seed: 7,
        verdicts: Configs::new(verdict, Vec::new()),
        ..AwsOptions::simulated(loopback, time)
    };
    cutover::sources::connect(options).await.unwrap()
}

/// The rollout of a picture.
fn rollout(picture: &Snapshot) -> &Rollout {
    picture.rollout().unwrap()
}

/// Green's share in percent that was asked for.
fn planned(picture: &Snapshot) -> Option<f64> {
    rollout(picture).traffic.planned.value().map(|split| split.green.get())
}

/// The actions that are possible.
fn possible(picture: &Snapshot) -> Vec<Action> {
    let offers = rollout(picture).offers.iter();
    let possible = offers.filter_map(|offer| match offer {
        Offered::Possible { action, .. } => Some(*action),
        Offered::Refused { .. } | Offered::OneOf(_) | Offered::Dial(_) => None,
    });
    possible.collect()
}
