//! The ground that is made up: the simulator's cluster, and the program's own state before it. Time
//! passes only while a story waits.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use cutover::app::{Event, Outcome};
use cutover::cli::order::{End, Report, why_not};
use cutover::cli::status;
use cutover::domain::{Action, Analysis, Candidate, Snapshot, Target};
use cutover::input::Command;
use cutover::journal::Audit;
use cutover::runtime::{Clock, Desk as Hand, Inbox, Incoming, carry_out, channel};
use cutover::sim::scenario::Scenario;
use cutover::sim::world::{Habit, Party, World};
use cutover::sim::{self, Fault, Simulator};
use cutover::sources::{Account, Aws, AwsOptions, AwsTime, Backend, Loopback, Wish};
use cutover::stats::Config;
use jiff::{SignedDuration, Timestamp};
use kube::Client;
use serde_json::Value;
use tokio::runtime::Runtime;

use super::bed;
use super::ground::{Ground, Login, Program};
use super::person::Person;
use super::scene::Scene;
use crate::cli::process::Ended;
use crate::contract::{Standing, Waiting};
use crate::harness::keyboard::{Desk, settings};

/// A cluster as the bed is one: pods take half a second to be ready.
const CLUSTER: &str = r#"
name = "bare"
summary = "an empty cluster"
truth = "whatever is made in it"
history = []
[place]
application = "stories"
service = "app"
[argo]
strategy = "bare"
pull = "100ms"
start = "300ms"
stop = "1s"
[blue]
tag = "v1"
[green]
tag = "v2"
"#;

/// How often is looked whether an order has had its effect.
const LOOK: SignedDuration = SignedDuration::from_millis(250);

/// How long the program waits for an answer at most, and a little more, by the clock on the wall.
const SILENCE: Duration = Duration::from_secs(9);

/// Somebody's watch of a target.
pub(super) type Watch = <Aws as Account>::Backend;

/// A cluster of the story's own; clones are the same one.
#[derive(Clone)]
pub(crate) struct Simulated(Arc<Inner>);

struct Inner {
    runtime: Runtime,
    simulator: Simulator,
    cluster: Client,
    looking: Aws,
    acting: Aws,
    folder: tempfile::TempDir,
    cut_off: AtomicBool,
}

impl Simulated {
    fn open() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let start: Timestamp = "2026-03-02T09:00:00Z".parse().unwrap();
        let clock = sim::Clock::manual(start);
        let world = World::new(Scenario::parse(CLUSTER).unwrap(), 7, start);
        let simulator = Simulator::new(world, clock.clone());
        let served = simulator.clone();
        let (cluster, looking, acting) = runtime.block_on(async {
            let listener = sim::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
            let port = listener.local_addr().unwrap();
            tokio::spawn(sim::serve(listener, served, std::future::pending()));
            let connect = async |time: Arc<dyn AwsTime>| {
                let options = AwsOptions {
                    cluster_only: true,
                    seed: 7,
                    ..AwsOptions::simulated(Loopback::new(port, "eu-west-1").unwrap(), time)
                };
                Box::pin(cutover::sources::connect(options)).await.unwrap()
            };
            let looking = connect(Arc::new(Standing(clock.clone()))).await;
            let acting = connect(Arc::new(Waiting(clock))).await;
            let url = format!("http://{port}").parse().unwrap();
            (Client::try_from(kube::Config::new(url)).unwrap(), looking, acting)
        });
        let folder = tempfile::tempdir().unwrap();
        let cut_off = AtomicBool::new(false);
        Self(Arc::new(Inner { runtime, simulator, cluster, looking, acting, folder, cut_off }))
    }

    /// The number of the newest change of the cluster.
    pub(super) fn version(&self) -> u64 {
        self.0.simulator.with_world(|world| world.cluster_version())
    }

    /// Sets what analyses read at an address that ends on this name.
    pub(super) fn sets(&self, name: &str, value: f64) {
        self.0.simulator.with_world(|world| world.set_value(name, value));
    }

    /// The Rollout as the API server has it, or nothing.
    pub(super) fn rollout(&self) -> Value {
        let found = |world: &mut World| world.rollout_object().cloned();
        self.0.simulator.with_world(found).unwrap_or_default()
    }

    /// Everything there is to see now: a watch that begins now has heard of everything.
    pub(super) fn look(&self, target: &Target) -> Snapshot {
        self.begins(target).1
    }

    /// The same with the watch, which stays.
    pub(super) fn begins(&self, target: &Target) -> (Watch, Snapshot) {
        let mut watch = self.0.looking.watch(target);
        let wish = Wish { window: 15, all: true };
        let picture = self.0.runtime.block_on(watch.observe_whole(wish));
        (watch, picture)
    }

    /// What a watch hears that has been there for a while; nothing where it hears nothing.
    pub(super) fn goes_on(&self, watch: &mut Watch) -> Option<Snapshot> {
        let wish = Wish { window: 15, all: false };
        let hears = async { tokio::time::timeout(SILENCE, watch.observe(wish)).await.ok() };
        self.0.runtime.block_on(hears)
    }

    /// Whether the program gets nothing from the cluster now.
    pub(super) fn is_cut_off(&self) -> bool {
        self.0.cut_off.load(Ordering::Acquire)
    }

    /// Whatever is asked of the cluster meets this trouble from now on, or none any more.
    fn meets(&self, trouble: Option<&str>) {
        self.0.cut_off.store(trouble.is_some(), Ordering::Release);
        self.0.simulator.clear_faults();
        if let Some(trouble) = trouble {
            let fault = format!("kubernetes={trouble}").parse::<Fault>().unwrap();
            self.0.simulator.set_fault(fault);
        }
    }

    /// Carries an order out, as the shell does; what is told of it meanwhile.
    pub(super) fn carries_out(&self, order: &cutover::domain::Order) -> Vec<Event> {
        let (outbox, mut inbox): (_, Inbox) = channel();
        let clock = self.0.simulator.clock().clone();
        let clock = Clock::simulated(move || clock.now(), 100.0);
        let audit = Audit::at(self.0.folder.path().join("audit.jsonl"));
        let hand = Hand { outbox, clock, audit };
        self.0.runtime.block_on(carry_out(&self.0.acting, order, &hand));
        let mut told = Vec::new();
        while let Ok(incoming) = inbox.try_recv() {
            if let Incoming::Event(event) = incoming {
                told.push(event);
            }
        }
        told
    }

    /// Asks, confirms, sends and follows, as the subcommand does.
    fn gives(&self, target: &Target, action: Action, how: &How) -> (String, Report) {
        let mut desk = Desk::with(settings(), self.look(target));
        let cockpit = desk.state.cockpit().unwrap();
        let snapshot = cockpit.snapshot.clone();
        let rollout = snapshot.rollout().unwrap();
        let candidates: Vec<&Candidate> = rollout.candidates(action).collect();
        let is_kind = action == Action::UNDO || action == Action::TERMINATE;
        let action = match candidates[..] {
            [only] if is_kind => only.action,
            _ => action,
        };
        let none = |end, why| Report::nothing_sent(end, why, action, &snapshot);
        let permit = match cockpit.judge(action, &desk.state.settings) {
            Ok(permit) => permit,
            Err(why) => {
                let why = why_not(&why, &candidates);
                return (String::new(), none(End::NotPermitted, Some(why)));
            }
        };
        desk.happens(Event::Command(Command::Ask(action)));
        let said = cutover::ui::question(&desk.state).unwrap_or_default().join("\n");
        let report = none(End::DryRun, None).with(&permit, &snapshot);
        if how.dry_run {
            return (said, report);
        }
        desk.take();
        desk.waits(400);
        if desk.state.confirm().unwrap().wants_text() {
            desk.types("app");
        }
        desk.happens(Event::Command(Command::Confirm));
        let Some(order) = desk.orders().first().copied().cloned() else {
            return (said, none(End::Void, Some(desk.complaint().to_owned())));
        };
        let since = self.now();
        for event in self.carries_out(&order) {
            desk.state.now = desk.state.now.max(self.now());
            desk.happens(event);
        }
        let outcome = |desk: &Desk| {
            let track = desk.state.cockpit().unwrap().track.as_ref().unwrap();
            track.outcome.clone()
        };
        let mut in_time = true;
        while how.wait && matches!(outcome(&desk), Outcome::OnItsWay | Outcome::Unknown(_)) {
            if self.now().duration_since(since) > how.timeout {
                in_time = false;
                break;
            }
            self.0.simulator.clock().advance(LOOK);
            desk.sees(self.look(target));
        }
        let track = desk.state.cockpit().unwrap().track.as_ref().unwrap();
        (said, report.of(track, in_time))
    }

    fn party(program: Program) -> Option<Party> {
        match program {
            Program::Controller => Some(Party::Controller),
            Program::Kubelets => Some(Party::Kubelets),
            Program::ApiServer => None,
        }
    }

    fn stands(&self, program: Program, still: bool) {
        match Self::party(program) {
            Some(who) => self.0.simulator.with_world(|world| world.stand_still(who, still)),
            None => self.meets(still.then_some("drop-before")),
        }
    }
}

impl Scene<Simulated> {
    /// From now on the caller lacks a permission, written as a fault of the command line.
    pub(crate) fn denied(self, what: &str) -> Self {
        self.ground.0.simulator.set_fault(format!("{what}=deny").parse::<Fault>().unwrap());
        self
    }
}

/// The flags of an order.
struct How {
    wait: bool,
    dry_run: bool,
    timeout: SignedDuration,
}

impl How {
    fn of(flags: &[&str]) -> Self {
        let timeout = flags.iter().position(|flag| *flag == "--timeout");
        let timeout = timeout.map(|at| flags[at + 1].parse().unwrap());
        Self {
            wait: flags.contains(&"--wait"),
            dry_run: flags.contains(&"--dry-run"),
            timeout: timeout.unwrap_or(SignedDuration::from_mins(30)),
        }
    }
}

/// The action that a subcommand with these flags orders.
fn action(order: &str, flags: &[&str]) -> Action {
    let given = |name: &str| {
        let at = flags.iter().position(|flag| *flag == name)?;
        flags.get(at + 1).copied()
    };
    match order {
        "continue" => Action::Continue,
        "rollback" => Action::RollBack,
        "finish" => Action::Finish,
        "pause" => Action::Pause,
        "resume" => Action::Resume,
        "restart" => Action::Restart,
        "undo" => given("--to").map_or(Action::UNDO, |to| Action::Undo(to.parse().unwrap())),
        "terminate" => {
            let which = given("--analysis").map(|which| which.parse::<Analysis>().unwrap());
            which.map_or(Action::TERMINATE, Action::Terminate)
        }
        other => panic!("no story gives the order {other}"),
    }
}

impl Ground for Simulated {
    type Screen = Person;

    fn beside() -> Self {
        Self::open()
    }

    fn alone() -> Self {
        Self::open()
    }

    fn user(&self) -> &'static str {
        "rollout-operator"
    }

    fn namespace(&self) -> &'static str {
        "stories"
    }

    fn ask(&self, method: &str, path: &str, kind: &str, body: &Value) -> Result<Value, u16> {
        let body = if body.is_null() { Vec::new() } else { serde_json::to_vec(body).unwrap() };
        bed::request(&self.0.runtime, &self.0.cluster, (method, path, kind), body)
    }

    fn now(&self) -> Timestamp {
        self.0.simulator.clock().now()
    }

    fn rests(&self, time: Duration) {
        self.0.simulator.clock().advance(SignedDuration::try_from(time).unwrap());
    }

    fn measures(&self, value: f64) {
        self.sets(self.namespace(), value);
    }

    fn value_url(&self) -> String {
        format!("http://values.example.test/value/{}", self.namespace())
    }

    fn pods_do(&self, hash: &str, what: &str) {
        let habit = match what {
            "crash" => Habit::Crash,
            "unready" => Habit::Unready,
            "well" => Habit::Well,
            other => panic!("no pod does {other}"),
        };
        self.0.simulator.with_world(|world| world.pods_do(hash, habit));
    }

    fn stops(&self, program: Program) {
        self.stands(program, true);
    }

    fn starts(&self, program: Program) {
        self.stands(program, false);
    }

    fn falls_silent(&self) {
        self.meets(Some("no-answer"));
    }

    fn speaks_again(&self) {
        self.meets(None);
    }

    fn logging_in(self) -> Self {
        self
    }

    fn login(&self, stands: Login) {
        self.meets(match stands {
            Login::Good => None,
            Login::Ended | Login::NotTaken => Some("expired"),
        });
    }

    fn status(&self, target: &str) -> Ended {
        let snapshot = self.look(&target.parse().unwrap());
        let mut stdout = Vec::new();
        let standing = status::report(&snapshot, &Config::default(), true, &mut stdout).unwrap();
        let told = snapshot.rollout.fault().map(|fault| {
            let hint = fault.hint().map(|hint| format!("\n\nhint: {hint}"));
            format!("error: {fault}{}", hint.unwrap_or_default())
        });
        Ended {
            code: Some(standing.exit_code().into()),
            stdout: String::from_utf8(stdout).unwrap(),
            stderr: told.unwrap_or_default(),
        }
    }

    fn orders(&self, target: &str, order: &str, more: &[&str]) -> (Ended, Value) {
        let how = How::of(more);
        let (stderr, report) = self.gives(&target.parse().unwrap(), action(order, more), &how);
        let code = Some(report.exit_code().into());
        let report = serde_json::to_value(&report).unwrap();
        (Ended { code, stdout: report.to_string(), stderr }, report)
    }

    fn screen(&self, target: &str) -> Person {
        Person::before(self, target.parse().unwrap())
    }
}
