//! One order, given by keys on a good picture, carried out while something is wrong, and followed to
//! what the person is told in the end.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cutover::app::{Event, Outcome, Overlay};
use cutover::domain::{
    Change, Fault, FaultKind, LogPage, LogQuestion, OneTimeCode, Order, Progress, RolloutSummary,
    Snapshot, Target,
};
use cutover::journal::{Audit, Record};
use cutover::runtime::{Clock, Desk as Hand, Inbox, Incoming, carry_out, channel};
use cutover::sim::faults::FaultKind as Trouble;
use cutover::sim::scenario::Scenario;
use cutover::sim::services;
use cutover::sim::world::World;
use cutover::sim::{self, CallRecord, Simulator};
use cutover::sources::{Account, Aws, AwsOptions, Loopback};
use jiff::{SignedDuration, Timestamp};

use super::orders::{Given, Moment, SEED};
use crate::harness::keyboard::Desk;
use crate::harness::looking::whole;

/// How long a call may take where nothing hangs.
pub(crate) const USUAL: Duration = Duration::from_secs(20);

/// Longer than a look takes that waits for nothing.
const TURN: Duration = Duration::from_secs(4);

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

    async fn log(&self, question: &LogQuestion) -> Result<LogPage, Fault> {
        self.0.log(question).await
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

/// The world at the moment of an order, and what is to be seen of it.
pub(crate) struct Evening {
    world: Mutex<World>,
    picture: Snapshot,
}

impl Evening {
    /// The world goes on to the moment of the order; what has to be ordered before is.
    async fn comes(given: &Given) -> Self {
        let start: Timestamp = "2026-03-02T03:00:00Z".parse().unwrap();
        let world = World::new(Scenario::named(given.scenario).unwrap(), SEED, start);
        let (simulator, address) = serve(world, start).await;
        let clock = simulator.clock().clone();
        let time = time(&clock);
        let account = account(address, &time, USUAL).await;
        let mut watch = account.watch(&given.target());
        let folder = tempfile::tempdir().unwrap();
        let (outbox, _inbox) = channel();
        let audit = Audit::at(folder.path().join("audit.jsonl"));
        let hand = Hand { outbox, clock: time, audit };
        let mut picture = reach(&mut watch, &clock, given, given.keys[0].0).await;
        for pair in given.keys.windows(2) {
            let order = confirm(&mut Desk::watching(picture), pair[0].1);
            carry_out(&account, &order, &hand).await;
            picture = reach(&mut watch, &clock, given, pair[1].0).await;
        }
        Self { world: Mutex::new(simulator.with_world(|world| world.clone())), picture }
    }
}

impl Night {
    /// The order, confirmed; nothing has been done about it yet.
    pub(crate) async fn falls(given: &Given, patience: Duration) -> Self {
        let Evening { world, picture } =
            given.evening.get_or_init(|| Box::pin(Evening::comes(given))).await;
        let world = world.lock().unwrap().clone();
        let (simulator, address) = serve(world, picture.taken).await;
        let clock = simulator.clock().clone();
        let time = time(&clock);
        let aws = account(address, &time, patience).await;
        let mut desk = Desk::watching(picture.clone());
        let order = confirm(&mut desk, given.keys[given.keys.len() - 1].1);
        assert!(given.is(&order), "{}: {order:?}", given.name());
        let folder = tempfile::tempdir().unwrap();
        let audit = Audit::at(folder.path().join("audit.jsonl"));
        let (outbox, inbox) = channel();
        let hand = Hand { outbox, clock: time, audit: audit.clone() };
        let watch = aws.watch(&given.target());
        let account = Watchful(aws, clock);
        Self { simulator, account, desk, order, audit, hand, inbox, watch, _folder: folder }
    }

    /// Time goes by before anything is done about the order.
    pub(crate) fn later(&mut self, hours: i64) {
        self.account.1.advance(SignedDuration::from_hours(hours));
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
        let changes = |call: &CallRecord| !services::reads(&call.operation);
        let met = self.met();
        let calls = self.simulator.calls().into_iter().filter(changes).collect();
        let records = self.audit.verify().unwrap();
        assert_eq!(self.audit.open_orders().unwrap(), [], "an order is left open");
        Morning { told: self.told(), calls, records, met, order: self.order }
    }

    /// How many requests have met a fault. One millisecond is how a call is spared what everything
    /// else meets.
    fn met(&self) -> u64 {
        let spared = Trouble::Delay(Duration::from_millis(1));
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
        let picture = whole(&mut self.watch, &self.account.1, TURN).await;
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
            Outcome::Refused(Fault { kind: FaultKind::Denied { permission }, .. })
                if *permission == self.order.call.permission() =>
            {
                "refused: no permission for it".to_owned()
            }
            Outcome::Refused(fault) => format!("refused: {}", fault.brief()),
            Outcome::Unknown(_) => "unknown".to_owned(),
            Outcome::Failed(why) if why.contains("did not arrive") => "did not arrive".to_owned(),
            Outcome::Failed(why) if why.contains("ended") => "the rollout ended before".to_owned(),
            Outcome::Failed(why) => format!("failed: {why}"),
        }
    }
}

/// A simulator whose clock stands at this moment.
async fn serve(world: World, at: Timestamp) -> (Simulator, SocketAddr) {
    let simulator = Simulator::new(world, sim::Clock::manual(at));
    let listener = sim::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(sim::serve(listener, simulator.clone(), std::future::pending()));
    (simulator, address)
}

/// The time as the program sees it.
fn time(clock: &sim::Clock) -> Clock {
    let shown = clock.clone();
    Clock::simulated(move || shown.now(), 100.0)
}

/// An account whose calls may take this long.
async fn account(address: SocketAddr, time: &Clock, patience: Duration) -> Aws {
    let loopback = Loopback::new(address, "eu-west-1").unwrap().impatient(patience);
    let options = AwsOptions {
        profile: Some(format!("night-{}", RUN.fetch_add(1, Ordering::Relaxed))),
        seed: SEED,
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

/// Looks until the moment has come.
async fn reach(
    watch: &mut <Aws as Account>::Backend,
    clock: &sim::Clock,
    given: &Given,
    moment: Moment,
) -> Snapshot {
    for look in 0..100 {
        let picture = whole(watch, clock, TURN).await;
        if moment(&picture) {
            return picture;
        }
        // Only the end is far off.
        clock.advance(SignedDuration::from_secs(if look < 40 { 20 } else { 300 }));
    }
    panic!("{}: the moment of the order never came", given.name())
}

/// The keys of somebody who means it.
fn confirm(desk: &mut Desk, key: &str) -> Order {
    desk.presses(key);
    if let Some(Overlay::Choosing(_)) = &desk.state.overlay {
        desk.presses("enter");
    }
    let asked = desk.state.confirm().unwrap_or_else(|| panic!("no question: {}", desk.notice()));
    if asked.wants_text() {
        let name = asked.name.clone();
        desk.types(&name).presses("enter");
    } else {
        desk.presses("y");
    }
    desk.orders()[0].clone()
}
