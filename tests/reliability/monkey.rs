//! Random keys, sizes, faults and clocks over every scenario: the screen always draws, one confirmed
//! order sends at most one call, and everything that was sent is written down.
//!
//! `just monkey` plays long; `SEED=... STEPS=...` choose another run.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use cutover::app::{Effect, Event, select};
use cutover::domain::{Order, Progress, Target};
use cutover::journal::Audit;
use cutover::runtime::{Clock, Desk as Hand, Inbox, Incoming, carry_out, channel};
use cutover::sim::scenario::Scenario;
use cutover::sim::services;
use cutover::sim::world::World;
use cutover::sim::{self, Simulator};
use cutover::sources::{Account, Aws, AwsOptions, Loopback};
use cutover::ui::{Theme, paint};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use tokio::task::JoinSet;

use super::killed::dice;
use crate::harness::keyboard::Desk;
use crate::harness::looking::whole;

/// How long a look may take before time goes by.
const TURN: Duration = Duration::from_secs(5);

const KEYS: [&str; 40] = [
    "R",
    "ctrl-r",
    "c",
    "F",
    "S",
    "R",
    "c",
    "y",
    "y",
    "n",
    "enter",
    "esc",
    "tab",
    "backtab",
    "q",
    "ctrl-c",
    "?",
    "L",
    "v",
    "e",
    "z",
    "m",
    "p",
    "r",
    "j",
    "k",
    "g",
    "G",
    "ctrl-o",
    "backspace",
    "h",
    "l",
    "up",
    "down",
    "pageup",
    "pagedown",
    "ctrl-l",
    "a",
    "-",
    "space",
];

const FAULTS: [&str; 24] = [
    "all=throttle%50",
    "codedeploy=throttle*9",
    "ecs=throttle@20s/20s",
    "all=error:503%40",
    "all=html:502%30",
    "all=drop-before%40",
    "all=drop-after%40",
    "all=error-after:500%40",
    "all=cut%30",
    "all=truncate%40",
    "all=garbage%40",
    "all=unknown-words",
    "all=missing-members",
    "all=extra-members",
    "all=wrong-types",
    "ecs=failures",
    "all=empty-pages:2",
    "all=same-page",
    "all=expired%50",
    "sts=account:444455556666",
    "codedeploy.StopDeployment=deny",
    "all=rival:rollback*1",
    "all=rival:continue*1",
    "cloudwatch=points-revised",
];

/// Somebody whose keys mean nothing, before a rollout.
pub(crate) struct Monkey {
    seed: u64,
    drawn: u64,
    place: String,
    simulator: Simulator,
    account: Aws,
    watch: <Aws as Account>::Backend,
    desk: Desk,
    audit: Audit,
    hand: Hand,
    inbox: Inbox,
    /// How far the clock of the person's machine is off, in seconds.
    off: Arc<AtomicI64>,
    /// What orders came to.
    pub(crate) heard: Vec<Progress>,
    /// How many orders were given.
    orders: usize,
    /// How many calls that change something have arrived, and the number of the newest call.
    sent: usize,
    newest: u64,
    size: (u16, u16),
    _folder: tempfile::TempDir,
}

impl Monkey {
    /// Before the rollout of a scenario; `read_only` builds nothing that could change anything.
    pub(crate) async fn at(scenario: &str, seed: u64, read_only: bool) -> Self {
        let start: Timestamp = "2026-03-02T03:00:00Z".parse().unwrap();
        let clock = sim::Clock::manual(start);
        let scenario = Scenario::named(scenario).unwrap();
        let place = format!("seed {seed}, scenario {}", scenario.name);
        let target: Target = scenario.target(seed).parse().unwrap();
        let simulator = Simulator::new(World::new(scenario, seed, start), clock.clone());
        let listener = sim::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(sim::serve(listener, simulator.clone(), std::future::pending()));
        let off = Arc::new(AtomicI64::new(0));
        let (shown, wrong) = (clock.clone(), off.clone());
        let now = move || {
            let off = SignedDuration::from_secs(wrong.load(Ordering::Relaxed));
            shown.now().saturating_add(off).unwrap()
        };
        let time = Clock::simulated(now, 1000.0);
        let loopback =
            Loopback::new(address, "eu-west-1").unwrap().impatient(Duration::from_secs(2));
        let options = AwsOptions {
            profile: Some(format!("monkey-{seed}")),
            read_only,
            seed,
            ..AwsOptions::simulated(loopback, Arc::new(time.clone()))
        };
        let account = Box::pin(cutover::sources::connect(options)).await.unwrap();
        let watch = account.watch(&target);
        let settings = crate::harness::keyboard::settings();
        let desk = Desk::starting(settings, Some(target), start);
        let folder = tempfile::tempdir().unwrap();
        let audit = Audit::at(folder.path().join("audit.jsonl"));
        let (outbox, inbox) = channel();
        let hand = Hand { outbox, clock: time, audit: audit.clone() };
        let mut monkey = Self {
            seed,
            drawn: 0,
            place,
            simulator,
            account,
            watch,
            desk,
            audit,
            hand,
            inbox,
            off,
            heard: Vec::new(),
            orders: 0,
            sent: 0,
            newest: 0,
            size: (120, 40),
            _folder: folder,
        };
        monkey.looks().await;
        monkey
    }

    fn draw(&mut self, below: u64) -> u64 {
        self.drawn += 1;
        dice(self.seed, self.drawn) % below
    }

    /// One thing happens; how many steps it took.
    pub(crate) async fn steps(&mut self) -> u64 {
        let mut steps = 1;
        match self.draw(100) {
            0..55 => self.strikes(),
            55..60 => steps += self.answers(),
            60..65 => {
                self.size = match self.draw(4) {
                    0 => (self.draw(30) as u16, self.draw(10) as u16),
                    1 => (80, 24),
                    _ => (20 + self.draw(240) as u16, 5 + self.draw(70) as u16),
                };
                let (width, height) = self.size;
                self.desk.happens(Event::Resized { width, height });
            }
            65..78 => {
                let span = self.draw(5000) as i64;
                self.desk.waits(span);
            }
            78..88 => self.looks().await,
            88..92 => {
                if self.draw(3) == 0 {
                    self.simulator.clear_faults();
                } else {
                    let fault = FAULTS[self.draw(FAULTS.len() as u64) as usize];
                    self.simulator.set_fault(fault.parse().unwrap());
                }
            }
            92..94 => {
                let jump = [0, -7200, 7200, -30, 86_400][self.draw(5) as usize];
                self.off.store(jump, Ordering::Relaxed);
            }
            94..96 => {
                let _ = self.desk.happens(Event::Pasted);
            }
            96..98 => {
                let key = KEYS[self.draw(KEYS.len() as u64) as usize];
                self.desk.holds(key);
            }
            _ => {
                let found = self.account.list().await;
                self.desk.happens(Event::Listed(found));
            }
        }
        let astray = self.counts();
        assert_eq!(astray, 0, "{}: something changed without an order", self.place);
        self.carries_out().await;
        self.holds();
        steps
    }

    fn strikes(&mut self) {
        let key = KEYS[self.draw(KEYS.len() as u64) as usize];
        self.desk.waits(60).strikes(key);
    }

    /// Answers an open question as somebody would who means it.
    fn answers(&mut self) -> u64 {
        let Some(question) = self.desk.state.confirm() else { return 0 };
        if !question.wants_text() {
            self.desk.presses("y");
            return 1;
        }
        let name = question.name.clone();
        self.desk.types(&name).presses("enter");
        name.len() as u64 + 1
    }

    async fn looks(&mut self) {
        let seconds = self.draw(90) as i64;
        self.simulator.clock().advance(SignedDuration::from_secs(seconds));
        let picture = whole(&mut self.watch, self.simulator.clock(), TURN).await;
        self.desk.state.now = picture.taken;
        self.desk.happens(Event::Observed(Box::new(picture)));
    }

    /// What the program wanted done is done.
    async fn carries_out(&mut self) {
        for effect in self.desk.take() {
            match effect {
                Effect::Act(order) => self.acts(*order).await,
                Effect::Watch(target) => self.watch = self.account.watch(&target),
                _ => {}
            }
        }
    }

    async fn acts(&mut self, order: Order) {
        self.orders += 1;
        self.counts();
        let written = self.audit.verify().unwrap().len();
        carry_out(&self.account, &order, &self.hand).await;
        let sent = self.counts();
        assert!(sent <= 1, "{}: {sent} calls for one order", self.place);
        let written = self.audit.verify().unwrap().len() - written;
        assert!(written == 2 || (written == 0 && sent == 0), "{}: {written} lines", self.place);
        while let Ok(incoming) = self.inbox.try_recv() {
            if let Incoming::Event(event) = incoming {
                if let Event::Acted { progress, .. } = &event {
                    self.heard.push(progress.clone());
                }
                self.desk.happens(event);
            }
        }
    }

    /// Counts the calls that change something since the last time.
    fn counts(&mut self) -> usize {
        let new = self.simulator.calls_after(self.newest);
        self.newest = new.last().map_or(self.newest, |call| call.sequence);
        let count = new.iter().filter(|call| !services::reads(&call.operation)).count();
        self.sent += count;
        count
    }

    /// How many calls that change something have arrived.
    pub(crate) fn changes(&self) -> usize {
        self.sent
    }

    /// What is on the screen.
    fn screen(&self) -> Buffer {
        let theme = Theme::named("dark", TimeZone::UTC, true).unwrap();
        let mut buffer = Buffer::empty(Rect::new(0, 0, self.size.0, self.size.1));
        paint(&self.desk.state, &theme, &mut buffer);
        buffer
    }

    /// What must be so after every step.
    fn holds(&self) {
        let state = &self.desk.state;
        let buffer = self.screen();
        let area = Rect::new(0, 0, self.size.0, self.size.1);
        assert_eq!(*buffer.area(), area, "{}", self.place);
        let obeys = |c: char| c.is_control() || matches!(c, '\u{202e}' | '\u{200b}');
        let bad = buffer.content().iter().find(|cell| cell.symbol().contains(obeys));
        assert!(bad.is_none(), "{}: {bad:?} reached the terminal", self.place);
        if let Some(wake) = select::next_wake(state) {
            assert!(wake > state.now, "{}: a wake in the past would never end", self.place);
        }
        assert_eq!(self.audit.open_orders().unwrap(), [], "{}", self.place);
    }
}

/// Plays some scenarios side by side for so many steps each: steps, orders, calls.
async fn plays(
    scenarios: impl Iterator<Item = &'static str>,
    seed: u64,
    steps: u64,
) -> (u64, usize, usize) {
    let mut playing = JoinSet::new();
    for (index, scenario) in scenarios.enumerate() {
        playing.spawn(async move {
            let seed = seed.wrapping_mul(1000) + index as u64;
            let mut monkey = Monkey::at(scenario, seed, false).await;
            let mut done = 0;
            while done < steps {
                done += monkey.steps().await;
            }
            (done, monkey.orders, monkey.changes())
        });
    }
    let mut all = (0, 0, 0);
    while let Some(played) = playing.join_next().await {
        let (steps, orders, sent) = played.unwrap();
        all = (all.0 + steps, all.1 + orders, all.2 + sent);
    }
    all
}

#[tokio::test]
async fn nothing_that_happens_breaks_the_promises() {
    let some = ["errors", "approval", "finished", "ecs-canary", "ecs-rolling", "alb-worse"];
    let (steps, orders, sent) = plays(some.into_iter(), 1, 120).await;
    assert!(steps >= 700 && orders > 0 && sent > 0, "{steps} steps, {orders} orders, {sent} sent");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "plays for many minutes; `just monkey`"]
async fn a_long_night() {
    let number = |name: &str, usual: u64| {
        std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
    };
    let (first, wanted) = (number("SEED", 20_261_127), number("STEPS", 100_000));
    let (mut steps, mut orders, mut sent, mut seed) = (0, 0, 0, first);
    while steps < wanted {
        let mut out = std::io::stdout();
        writeln!(out, "seed {seed}: {steps} steps, {orders} orders, {sent} calls so far").unwrap();
        // In a cluster an order waits for the controller, and here only the monkey lets time go by.
        let all = Scenario::names().filter(|name| Scenario::named(name).unwrap().argo.is_none());
        let (more, given, called) = plays(all, seed, 400).await;
        (steps, orders, sent, seed) = (steps + more, orders + given, sent + called, seed + 1);
    }
    let mut out = std::io::stdout();
    writeln!(out, "seeds {first} to {}: {steps} steps, {orders} orders, {sent} calls", seed - 1)
        .unwrap();
}

#[tokio::test]
async fn a_service_that_throttles_is_named_with_the_age_of_its_data_and_the_next_try() {
    let mut monkey = Monkey::at("canary", 5, false).await;
    monkey.looks().await;
    monkey.simulator.set_fault("codedeploy=throttle".parse().unwrap());
    for _ in 0..3 {
        monkey.simulator.clock().advance(SignedDuration::from_secs(10));
        monkey.looks().await;
    }
    let cells = monkey.screen();
    let text: String = cells.content().iter().map(ratatui::buffer::Cell::symbol).collect();
    assert!(text.contains("CodeDeploy: throttled, again in"), "{text}");
    assert!(text.contains(" old !"), "{text}");
}
