//! The adapters through the real SDK against the simulator, on loopback, with the time set by hand.

mod actions;
mod picture;
mod trouble;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use cutover::domain::{
    Action, Change, Order, OrderId, Policy, Progress, Rollout, Snapshot, Target, permit,
};
use cutover::sim::scenario::Scenario;
use cutover::sim::world::World;
use cutover::sim::{Clock, Simulator, bind, serve};
use cutover::sources::{Account, Aws, AwsOptions, AwsTime, Backend, CodeDeploy, Loopback, Wish};
use jiff::{SignedDuration, Timestamp};

/// The simulator's clock, as the adapters see it. It stands still between two looks.
struct Simulated(Clock);

impl AwsTime for Simulated {
    fn now(&self) -> Timestamp {
        self.0.now()
    }

    fn until(&self, at: Timestamp) -> Option<Duration> {
        // Nothing comes by itself while the clock stands still.
        (at <= self.0.now()).then_some(Duration::ZERO)
    }

    fn correct(&self, _: Timestamp) {}
}

/// A target watched in a simulated account.
struct Watched {
    simulator: Simulator,
    address: SocketAddr,
    aws: Aws,
    target: Target,
    backend: CodeDeploy,
}

impl Watched {
    /// The group of a scenario, at the scenario's beginning.
    async fn scenario(name: &str) -> Self {
        Self::target(name, "codedeploy:shop/checkout").await
    }

    /// Something else to watch in the world of a scenario.
    async fn target(scenario: &str, target: &str) -> Self {
        let start: Timestamp = "2026-03-02T09:00:00Z".parse().unwrap();
        let world = World::new(Scenario::named(scenario).unwrap(), 7, start);
        let simulator = Simulator::new(world, Clock::manual(start));
        let listener = bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(serve(listener, simulator.clone(), std::future::pending()));
        let aws = connect(&simulator, address, false).await;
        let target: Target = target.parse().unwrap();
        let backend = aws.watch(&target);
        Self { simulator, address, aws, target, backend }
    }

    /// Lets simulated time pass.
    fn pass(&self, seconds: i64) {
        self.simulator.clock().advance(SignedDuration::from_secs(seconds));
    }

    /// Everything there is to see now.
    async fn look(&mut self) -> Snapshot {
        self.backend.observe_whole(Wish { window: 30, all: true }).await
    }

    /// Looks every few seconds until the rollout is as wanted.
    async fn until(&mut self, what: &str, wanted: impl Fn(&Rollout) -> bool) -> Snapshot {
        for _ in 0..600 {
            let picture = self.look().await;
            if picture.rollout().is_some_and(&wanted) {
                return picture;
            }
            self.pass(10);
        }
        panic!("it never came to this: {what}");
    }

    /// The order for `action` on what was seen.
    fn order(&self, seen: &Snapshot, action: Action) -> Order {
        let permit = permit(seen, action, &Policy::default()).unwrap();
        Order {
            id: OrderId::new(7, 1),
            target: self.target.clone(),
            action,
            call: permit.call,
            expected: permit.expected,
            at: seen.taken,
            by: "arn:aws:iam::123456789012:user/tests".to_owned(),
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

    /// How many calls of this operation the server carried out or refused.
    fn calls(&self, operation: &str) -> usize {
        self.simulator.calls().iter().filter(|call| call.operation == operation).count()
    }
}

async fn connect(simulator: &Simulator, address: SocketAddr, read_only: bool) -> Aws {
    let time = Arc::new(Simulated(simulator.clock().clone()));
    let loopback = Some(Loopback::new(address, "eu-west-1").unwrap());
    let options = AwsOptions { profile: None, region: None, loopback, read_only, time, seed: 7 };
    cutover::sources::connect(options).await.unwrap()
}
