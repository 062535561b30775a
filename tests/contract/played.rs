//! Every control plane played by keys: forward to its end, and from every place on the way back.
//!
//! The keys go through the program's own state, the orders through the real SDK to the simulator, and
//! what the person is told in the end is what was read afterwards.

use std::fmt::Write as _;
use std::sync::Arc;

use cutover::app::{Event, Outcome};
use cutover::domain::{Action, ListenerSplit, Phase, Rollout, RolloutKind, Split};
use cutover::journal::Audit;
use cutover::runtime::{Clock, Desk as Hand, Inbox, Incoming, carry_out, channel};
use cutover::sim::scenario::Scenario;
use cutover::sim::world::World;
use cutover::sim::{self, Simulator};
use cutover::sources::{Account, Aws, AwsOptions, AwsTime, Backend, Loopback, Wish};
use jiff::{SignedDuration, Timestamp};

use super::Waiting;
use crate::harness::keyboard::Desk;

const SEED: u64 = 7;
/// How often is looked before it is said that it takes too long.
const LOOKS: u32 = 150;

/// A person before a rollout.
struct Play {
    desk: Desk,
    clock: sim::Clock,
    start: Timestamp,
    aws: Aws,
    /// Who sends orders: it may have to wait for what they bring about.
    acting: Aws,
    watch: <Aws as Account>::Backend,
    /// The backend is told of changes, a moment after the clock has moved; one that begins anew
    /// has heard of all of them.
    is_told: bool,
    hand: Hand,
    inbox: Inbox,
    _folder: tempfile::TempDir,
}

/// A place on the way: what the screen says there.
#[derive(Debug, Clone, PartialEq)]
struct Station {
    /// When, after the start.
    after: SignedDuration,
    phase: Phase,
    /// Green's share of what was planned, in whole percent.
    green: Option<i64>,
    /// The keys that led there.
    keys: Vec<(SignedDuration, &'static str)>,
}

impl Play {
    async fn begins(scenario: &str) -> Self {
        let start: Timestamp = "2026-03-02T03:00:00Z".parse().unwrap();
        let clock = sim::Clock::manual(start);
        let scenario = Scenario::named(scenario).unwrap();
        let (target, is_told) = (scenario.target(SEED).parse().unwrap(), scenario.argo.is_some());
        let world = World::new(scenario, SEED, start);
        let listener = sim::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let address = listener.local_addr().unwrap();
        let simulator = Simulator::new(world, clock.clone());
        tokio::spawn(sim::serve(listener, simulator, std::future::pending()));
        let shown = clock.clone();
        let time = Clock::simulated(move || shown.now(), 100.0);
        let connect = async |time: Arc<dyn AwsTime>| {
            let options = AwsOptions {
                seed: SEED,
                ..AwsOptions::simulated(Loopback::new(address, "eu-west-1").unwrap(), time)
            };
            Box::pin(cutover::sources::connect(options)).await.unwrap()
        };
        let aws = connect(Arc::new(time.clone())).await;
        let acting =
            if is_told { connect(Arc::new(Waiting(clock.clone()))).await } else { aws.clone() };
        let mut watch = aws.watch(&target);
        let picture = watch.observe_whole(Wish { window: 15, all: true }).await;
        let folder = tempfile::tempdir().unwrap();
        let audit = Audit::at(folder.path().join("audit.jsonl"));
        let (outbox, inbox) = channel();
        let hand = Hand { outbox, clock: time, audit };
        let desk = Desk::watching(picture);
        Self { desk, clock, start, aws, acting, watch, is_told, hand, inbox, _folder: folder }
    }

    fn after(&self) -> SignedDuration {
        self.clock.now().duration_since(self.start)
    }

    fn rollout(&self) -> &Rollout {
        self.desk.state.cockpit().and_then(|cockpit| cockpit.snapshot.rollout()).unwrap()
    }

    async fn looks_after(&mut self, seconds: i64) {
        self.clock.advance(SignedDuration::from_secs(seconds));
        if self.is_told {
            let target = self.desk.state.cockpit().unwrap().snapshot.target.clone();
            self.watch = self.aws.watch(&target);
        }
        let picture = self.watch.observe_whole(Wish { window: 15, all: true }).await;
        self.desk.state.now = picture.taken;
        self.desk.happens(Event::Observed(Box::new(picture)));
    }

    /// Presses a key and means it; nothing when there is no question, with what was said instead.
    async fn orders(&mut self, key: &str) -> Result<(), String> {
        self.desk.take();
        self.desk.presses(key);
        let Some(asked) = self.desk.state.confirm() else {
            return Err(self.desk.notice().to_owned());
        };
        if asked.wants_text() {
            let name = asked.name.clone();
            self.desk.types(&name).presses("enter");
        } else {
            self.desk.presses("y");
        }
        let order = self.desk.orders()[0].clone();
        carry_out(&self.acting, &order, &self.hand).await;
        while let Ok(incoming) = self.inbox.try_recv() {
            if let Incoming::Event(event) = incoming {
                self.desk.happens(event);
            }
        }
        Ok(())
    }

    /// Looks until the last order has its end.
    async fn follows(&mut self) -> Result<(), String> {
        for _ in 0..LOOKS {
            let track = self.desk.state.cockpit().and_then(|cockpit| cockpit.track.as_ref());
            let Some(track) = track else { return Err("nothing was ordered".to_owned()) };
            let rollout = self.rollout();
            // What is deployed to lead back waits where every deployment waits.
            let is_another = rollout.id != track.order.expected.rollout;
            let waits = is_another && rollout.phase == Phase::AwaitingApproval;
            match &track.outcome {
                Outcome::Done => return Ok(()),
                Outcome::OnItsWay if waits && track.order.action == Action::RollBack => {
                    self.orders("c").await?;
                }
                Outcome::OnItsWay => self.waits().await,
                other => return Err(format!("{other:?}")),
            }
        }
        Err(format!("it takes too long: {:?}", self.rollout().phase))
    }

    /// Whether blue has everything, or what it ran is deployed anew and has everything.
    async fn has_come_back(&mut self, before: &Rollout) -> bool {
        let blue_ran = before.blue.revision.value().cloned();
        for _ in 0..LOOKS {
            let rollout = self.rollout();
            let shares = rollout.traffic.listener.value();
            let undone = matches!(rollout.kind, RolloutKind::Rollback { .. });
            if shares == Some(&ListenerSplit::Split(Split::ALL_BLUE))
                || (undone && rollout.phase.is_over())
            {
                return true;
            }
            let has_all =
                matches!(rollout.phase, Phase::Baking | Phase::Finishing | Phase::Succeeded);
            if rollout.id != before.id && has_all {
                let runs = rollout.green.revision.value();
                return runs.map(|runs| &runs.name) == blue_ran.as_ref().map(|ran| &ran.name);
            }
            self.waits().await;
        }
        false
    }

    /// Looks a little later; where nothing moves, much later.
    async fn waits(&mut self) {
        let slow = matches!(self.rollout().phase, Phase::Baking | Phase::AwaitingApproval);
        self.looks_after(if slow { 120 } else { 20 }).await;
    }

    fn station(&self, keys: &[(SignedDuration, &'static str)]) -> Station {
        let rollout = self.rollout();
        let green = rollout.traffic.planned.value().map(|split| split.green.get().round() as i64);
        Station { after: self.after(), phase: rollout.phase.clone(), green, keys: keys.to_vec() }
    }

    /// The world at a station, as the same keys at the same times lead to it.
    async fn at(scenario: &str, station: &Station) -> Self {
        let mut play = Self::begins(scenario).await;
        for (after, key) in &station.keys {
            play.comes_to(*after).await;
            play.orders(key).await.unwrap();
            play.follows().await.unwrap();
        }
        play.comes_to(station.after).await;
        play
    }

    async fn comes_to(&mut self, after: SignedDuration) {
        let left = (after - self.after()).as_secs();
        self.looks_after(left.max(0)).await;
    }
}

/// Whether there is nothing more to bring forward.
fn is_at_the_end(rollout: &Rollout) -> bool {
    let held = rollout.phase == Phase::Held;
    let all_green = rollout.traffic.planned.value() == Some(&Split::ALL_GREEN);
    (rollout.phase.is_over() && rollout.gate.is_none()) || (held && all_green)
}

/// Forward to the end by those of `keys` that lead anywhere; the places on the way.
async fn forward(scenario: &str, keys: &[&'static str]) -> Vec<Station> {
    let mut play = Play::begins(scenario).await;
    let mut pressed = Vec::new();
    let mut stations = vec![play.station(&pressed)];
    for _ in 0..LOOKS {
        if is_at_the_end(play.rollout()) {
            break;
        }
        let at = play.after();
        let mut led = false;
        // The next key first, so that a step and then everything are two keys.
        for key in keys.iter().cycle().skip(pressed.len()).take(keys.len()) {
            if play.orders(key).await.is_ok() {
                let done = play.follows().await;
                assert_eq!(done, Ok(()), "{scenario}: {key} at {:?}", stations.last());
                pressed.push((at, *key));
                led = true;
                break;
            }
        }
        if led {
            play.looks_after(0).await;
        } else {
            play.waits().await;
        }
        let here = play.station(&pressed);
        let last = stations.last().unwrap();
        if (&here.phase, here.green) != (&last.phase, last.green) {
            stations.push(here);
        }
    }
    assert!(is_at_the_end(play.rollout()), "{scenario} stays in {:?}", stations.last());
    stations
}

/// From every one of the places back: either blue has everything in the end, or it is said why not.
async fn back(scenario: &str, stations: &[Station]) -> String {
    let mut told = String::new();
    for station in stations {
        let mut play = Play::at(scenario, station).await;
        let before = play.rollout().clone();
        let place = format!("{scenario}: {:?}, green {:?} %", station.phase, station.green);
        let end = match play.orders("R").await {
            Ok(()) => {
                assert_eq!(play.follows().await, Ok(()), "{place}");
                assert!(play.has_come_back(&before).await, "{place}: {:?}", play.rollout().phase);
                "rolled back".to_owned()
            }
            Err(why) => {
                assert!(!why.is_empty(), "{place}: the key does nothing and nothing is said");
                why
            }
        };
        writeln!(told, "{place}: {end}").unwrap();
    }
    told
}

macro_rules! plays {
    ($($name:ident: $scenario:literal by $keys:expr;)*) => {$(
        #[tokio::test]
        async fn $name() {
            let stations = forward($scenario, &$keys).await;
            let told = back($scenario, &stations).await;
            insta::assert_snapshot!(concat!("played_", $scenario), told);
        }
    )*};
}

plays! {
    codedeploy_canary: "canary" by ["c"];
    codedeploy_with_approval_and_bake: "all-at-once" by ["c", "F"];
    codedeploy_approval: "approval" by ["c"];
    ecs_blue_green: "ecs-bluegreen" by ["c"];
    ecs_canary: "ecs-canary" by ["c"];
    ecs_linear: "ecs-linear" by ["c"];
    ecs_rolling: "ecs-rolling" by ["c"];
    a_rule_of_a_load_balancer: "alb" by ["+", "A"];
    a_sticky_rule: "alb-sticky" by ["A"];
    weighted_records: "route53" by ["+", "A"];
    beanstalk_swap: "beanstalk" by ["c"];
    beanstalk_splitting: "beanstalk-split" by ["c"];
    instances: "ec2" by ["c"];
    a_function: "lambda-canary" by ["c"];
    a_pipeline: "pipeline" by ["c"];
    argo_blue_green: "argo-bluegreen" by ["c"];
    argo_canary: "argo-canary" by ["c"];
    argo_aborted: "argo-abort" by ["c"];
    argo_behind_a_load_balancer: "argo-alb" by ["c"];
    argo_with_an_experiment: "argo-experiment" by ["c"];
    argo_with_a_deployment: "argo-workloadref" by ["c"];
}
