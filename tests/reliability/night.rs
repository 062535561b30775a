//! One order, given by keys on a good picture, carried out while something is wrong, and followed to
//! what the person is told in the end.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cutover::app::{Event, Outcome};
use cutover::domain::{
    Change, Fault, OneTimeCode, Order, Phase, Progress, Rollout, RolloutSummary, Snapshot, Target,
};
use cutover::journal::{Audit, Record};
use cutover::runtime::{Clock, Desk as Hand, Inbox, Incoming, carry_out, channel};
use cutover::sim::faults::FaultKind;
use cutover::sim::scenario::Scenario;
use cutover::sim::world::World;
use cutover::sim::{self, CallRecord, Simulator};
use cutover::sources::{Account, Aws, AwsOptions, Backend, Loopback, Wish};
use jiff::{SignedDuration, Timestamp};

use crate::harness::keyboard::Desk;

/// An order and the moment it is given in.
pub(crate) struct Given {
    /// In words.
    pub(crate) name: &'static str,
    scenario: &'static str,
    target: &'static str,
    /// Where the rollout has to stand.
    phase: Phase,
    key: &'static str,
    /// The call it leads to, as faults name it.
    pub(crate) call: &'static str,
}

/// Every order, on both control planes.
pub(crate) fn orders() -> [Given; 8] {
    use Phase::{AwaitingApproval, Baking, Shifting, Succeeded};
    const GROUP: &str = "codedeploy:shop/checkout";
    const SERVICE: &str = "ecs:prod/checkout";
    let given = |name, scenario, target, phase, key, call| Given {
        name,
        scenario,
        target,
        phase,
        key,
        call,
    };
    [
        given(
            "continue",
            "approval",
            GROUP,
            AwaitingApproval,
            "c",
            "codedeploy.ContinueDeployment",
        ),
        given("roll back", "canary", GROUP, Shifting, "R", "codedeploy.StopDeployment"),
        given("stop", "canary", GROUP, Shifting, "S", "codedeploy.StopDeployment"),
        given("finish", "all-at-once", GROUP, Baking, "F", "codedeploy.ContinueDeployment"),
        given("redeploy", "finished", GROUP, Succeeded, "R", "codedeploy.CreateDeployment"),
        given(
            "continue, ECS",
            "ecs-canary",
            SERVICE,
            AwaitingApproval,
            "c",
            "ecs.ContinueServiceDeployment",
        ),
        given("roll back, ECS", "ecs-bluegreen", SERVICE, Baking, "R", "ecs.StopServiceDeployment"),
        given("redeploy, ECS", "ecs-bluegreen", SERVICE, Succeeded, "R", "ecs.UpdateService"),
    ]
}

/// How long a call may take where nothing hangs.
pub(crate) const USUAL: Duration = Duration::from_secs(20);

/// When the rollout of each order stands where it has to, once that is known.
static REACHED: Mutex<BTreeMap<&str, SignedDuration>> = Mutex::new(BTreeMap::new());

/// Each run has a budget of retries of its own.
static RUN: AtomicU32 = AtomicU32::new(0);

/// A rollout at the moment of the order.
pub(crate) struct Night {
    pub(crate) simulator: Simulator,
    account: Watchful,
    desk: Desk,
    order: Order,
    audit: Audit,
    hand: Hand,
    inbox: Inbox,
    watch: <Aws as Account>::Backend,
    _folder: tempfile::TempDir,
}

/// The account; while an order's end is looked for, time goes by.
#[derive(Clone)]
struct Watchful(Aws, sim::Clock);

impl Account for Watchful {
    type Backend = <Aws as Account>::Backend;

    fn watch(&self, target: &Target) -> Self::Backend {
        self.0.watch(target)
    }

    async fn list(&self) -> Result<Vec<RolloutSummary>, Fault> {
        self.0.list().await
    }

    fn present(&self, code: OneTimeCode) {
        self.0.present(code);
    }

    async fn read_again(&self, order: &Order) -> Snapshot {
        self.0.read_again(order).await
    }

    async fn send(&self, order: &Order) -> Progress {
        self.0.send(order).await
    }

    async fn reconcile(&self, order: &Order, lost: Fault) -> Progress {
        self.1.advance(SignedDuration::from_secs(5));
        self.0.reconcile(order, lost).await
    }
}

/// What became of it.
pub(crate) struct Morning {
    /// What the person was told in the end, in a few words.
    pub(crate) told: String,
    /// The calls that change something, as they arrived.
    pub(crate) calls: Vec<CallRecord>,
    /// What was written down.
    pub(crate) records: Vec<Record>,
    /// How many requests met a fault.
    pub(crate) met: u64,
    pub(crate) order: Order,
}

impl Night {
    /// The order, confirmed; nothing has been done about it yet.
    pub(crate) async fn falls(given: &Given, patience: Duration) -> Self {
        let start: Timestamp = "2026-03-02T03:00:00Z".parse().unwrap();
        let clock = sim::Clock::manual(start);
        let world = World::new(Scenario::named(given.scenario).unwrap(), 7, start);
        let simulator = Simulator::new(world, clock.clone());
        let listener = sim::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(sim::serve(listener, simulator.clone(), std::future::pending()));
        let shown = clock.clone();
        let time = Clock::simulated(move || shown.now(), 100.0);
        // Only the order is in a hurry: the picture before it is a good one.
        let usual = account(address, &time, USUAL).await;
        let aws = account(address, &time, patience).await;
        let mut watch = usual.watch(&given.target.parse().unwrap());
        let known = REACHED.lock().unwrap().get(given.name).copied().unwrap_or_default();
        clock.advance(known);
        let picture = reach(&mut watch, &clock, &given.phase).await;
        REACHED.lock().unwrap().insert(given.name, clock.now().duration_since(start));
        let mut desk = Desk::watching(picture);
        let order = confirm(&mut desk, given.key);
        let folder = tempfile::tempdir().unwrap();
        let audit = Audit::at(folder.path().join("audit.jsonl"));
        let (outbox, inbox) = channel();
        let hand = Hand { outbox, clock: time, audit: audit.clone() };
        let watch = aws.watch(&given.target.parse().unwrap());
        let account = Watchful(aws, clock);
        Self { simulator, account, desk, order, audit, hand, inbox, watch, _folder: folder }
    }

    /// Carries the order out while the faults are in force, and follows it until it is answered.
    pub(crate) async fn passes(mut self, faults: &[String]) -> Morning {
        for fault in faults {
            self.simulator.set_fault(fault.parse().unwrap_or_else(|error| panic!("{error}")));
        }
        carry_out(&self.account, &self.order, &self.hand).await;
        self.hears();
        // What the order has nothing to do with is met by a look of the screen.
        if self.met() == 0 {
            self.looks().await;
        }
        self.simulator.clear_faults();
        for _ in 0..12 {
            if self.is_over() {
                break;
            }
            self.looks().await;
        }
        let changes = |call: &CallRecord| {
            let verbs = ["Stop", "Continue", "Create", "Update"];
            verbs.iter().any(|verb| call.operation.starts_with(verb))
        };
        let met = self.met();
        let calls = self.simulator.calls().into_iter().filter(changes).collect();
        let records = self.audit.verify().unwrap();
        assert_eq!(self.audit.open_orders().unwrap(), [], "an order is left open");
        Morning { told: self.told(), calls, records, met, order: self.order }
    }

    /// How many requests have met a fault. One millisecond is how a call is spared what everything
    /// else meets.
    fn met(&self) -> u64 {
        let spared = FaultKind::Delay(Duration::from_millis(1));
        let all = self.simulator.calls();
        all.iter().filter(|call| call.trouble.is_some_and(|kind| kind != spared)).count() as u64
    }

    fn hears(&mut self) {
        while let Ok(incoming) = self.inbox.try_recv() {
            if let Incoming::Event(event) = incoming {
                self.desk.happens(event);
            }
        }
    }

    async fn looks(&mut self) {
        self.account.1.advance(SignedDuration::from_secs(10));
        let picture = self.watch.observe_whole(Wish { window: 15, all: true }).await;
        self.desk.state.now = picture.taken;
        self.desk.happens(Event::Observed(Box::new(picture)));
    }

    fn is_over(&self) -> bool {
        let track = self.desk.state.cockpit().and_then(|cockpit| cockpit.track.as_ref());
        track.is_none_or(|track| track.outcome.is_final() || track.accepted.is_some())
    }

    fn told(&self) -> String {
        let track = self.desk.state.cockpit().and_then(|cockpit| cockpit.track.as_ref());
        let Some(track) = track else { return "nothing".to_owned() };
        match &track.outcome {
            Outcome::Done | Outcome::OnItsWay => "taken".to_owned(),
            Outcome::Void(change) => format!("nothing sent: {}", in_short(change)),
            Outcome::NotAudited(_) => "nothing sent: not written down".to_owned(),
            Outcome::Refused(fault) => format!("refused: {}", fault.brief()),
            Outcome::Unknown(_) => "unknown".to_owned(),
            Outcome::Failed(why) if why.contains("did not arrive") => "did not arrive".to_owned(),
            Outcome::Failed(why) if why.contains("ended") => "the rollout ended before".to_owned(),
            Outcome::Failed(why) => format!("failed: {why}"),
        }
    }
}

/// An account whose calls may take this long.
async fn account(address: SocketAddr, time: &Clock, patience: Duration) -> Aws {
    let loopback = Loopback::new(address, "eu-west-1").unwrap().impatient(patience);
    let options = AwsOptions {
        profile: Some(format!("night-{}", RUN.fetch_add(1, Ordering::Relaxed))),
        seed: 7,
        ..AwsOptions::simulated(loopback, Arc::new(time.clone()))
    };
    cutover::sources::connect(options).await.unwrap()
}

fn in_short(change: &Change) -> &'static str {
    match change {
        Change::Identity { .. } => "another account",
        Change::Rollout(_) => "another rollout",
        Change::Phase { .. } | Change::Gate | Change::Split { .. } => "it moved on",
        Change::NoLongerPossible(_) => "no longer possible",
        Change::Dial => "the weights were changed",
        Change::Means => "other means",
        Change::Blue { .. } => "blue lost tasks",
        Change::Unreadable(_) => "the state could not be read",
    }
}

async fn reach(
    watch: &mut <Aws as Account>::Backend,
    clock: &sim::Clock,
    phase: &Phase,
) -> Snapshot {
    let wanted = |rollout: &Rollout| rollout.phase == *phase;
    for _ in 0..60 {
        let picture = watch.observe_whole(Wish { window: 15, all: true }).await;
        if picture.rollout().is_some_and(wanted) {
            return picture;
        }
        clock.advance(SignedDuration::from_secs(if *phase == Phase::Succeeded { 300 } else { 20 }));
    }
    panic!("it never came to {phase:?}")
}

/// The keys of somebody who means it.
fn confirm(desk: &mut Desk, key: &str) -> Order {
    desk.presses(key);
    let asked = desk.state.confirm().unwrap_or_else(|| panic!("no question: {}", desk.notice()));
    if asked.wants_text() {
        let name = asked.name.clone();
        desk.types(&name).presses("enter");
    } else {
        desk.presses("y");
    }
    desk.orders()[0].clone()
}
