//! A Rollout of five hundred pods: to read all of it, to fold the picture into the state, to draw it.
//!
//! Reading is everything from the question to the picture, with an API server in the same process: its
//! part is in the figure, as is the least time between two pictures.

#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark that cannot start fails")]

use std::sync::Arc;

use cutover::app::{Event, Settings, Stamped, State, update};
use cutover::cli::rehearsal::Standing;
use cutover::domain::{Rules, Shiftings, Snapshot, Target};
use cutover::input::Keymap;
use cutover::sim::scenario::Scenario;
use cutover::sim::world::World;
use cutover::sim::{self, Clock, Simulator};
use cutover::sources::{Account, Aws, AwsOptions, Backend, Loopback, Wish};
use cutover::stats::Configs;
use cutover::ui::{Theme, draw};
use divan::Bencher;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use ratatui::backend::TestBackend;
use ratatui::{Frame, Terminal};
use serde_json::json;
use tokio::runtime::Runtime;

const PODS: u64 = 500;

fn main() {
    divan::main();
}

/// A cluster with the Rollout, and the way to it.
struct Cluster {
    runtime: Runtime,
    aws: Aws,
    target: Target,
}

impl Cluster {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let start: Timestamp = "2026-03-02T12:00:00Z".parse().unwrap();
        let scenario = Scenario::named("argo-canary").unwrap();
        let target = scenario.target(1).parse().unwrap();
        let simulator = Simulator::new(World::new(scenario, 1, start), Clock::manual(start));
        let wanted = json!({"spec": {"replicas": PODS}});
        simulator.with_world(|world| world.patch_workload("", &wanted));
        simulator.clock().advance(SignedDuration::from_mins(3));
        let aws = runtime.block_on(async {
            let listener = sim::bind(([127, 0, 0, 1], 0).into()).await.unwrap();
            let loopback = Loopback::new(listener.local_addr().unwrap(), "eu-west-1").unwrap();
            let time = Arc::new(Standing(simulator.clock().clone()));
            tokio::spawn(sim::serve(listener, simulator, std::future::pending()));
            let options =
                AwsOptions { cluster_only: true, ..AwsOptions::simulated(loopback, time) };
            Box::pin(cutover::sources::connect(options)).await.unwrap()
        });
        Self { runtime, aws, target }
    }

    fn look(&self) -> Snapshot {
        let mut watch = self.aws.watch(&self.target);
        self.runtime.block_on(watch.observe_whole(Wish { window: 15, all: true }))
    }

    fn state(&self) -> State {
        let settings = Settings {
            read_only: true,
            demo: None,
            bell: false,
            session: 0,
            speed: 1.0,
            keymap: Keymap::embedded().unwrap(),
            verdicts: Configs::default(),
            shifting: Shiftings::default(),
            rules: Rules::default(),
        };
        let picture = self.look();
        let tasks = picture.rollout().unwrap().blue.task_list.value().unwrap().len();
        assert!(tasks as u64 > PODS * 4 / 5, "{tasks} pods");
        let mut state = State::new(settings, Some(self.target.clone()), picture.taken);
        let at = picture.taken;
        update(&mut state, Stamped { at, event: Event::Observed(Box::new(picture)) });
        (state.width, state.height) = (200, 50);
        state
    }
}

#[divan::bench]
fn read_over_loopback(bencher: Bencher<'_, '_>) {
    let cluster = Cluster::new();
    bencher.bench_local(|| cluster.look());
}

#[divan::bench]
fn fold(bencher: Bencher<'_, '_>) {
    let cluster = Cluster::new();
    let (state, next) = (cluster.state(), cluster.look());
    let input = || {
        let event = Event::Observed(Box::new(next.clone()));
        (state.clone(), Stamped { at: next.taken, event })
    };
    bencher.with_inputs(input).bench_local_values(|(mut state, event)| update(&mut state, event));
}

#[divan::bench]
fn redraw_200x50(bencher: Bencher<'_, '_>) {
    let state = Cluster::new().state();
    let theme = Theme::named("dark", TimeZone::UTC, true).unwrap();
    let mut terminal = Terminal::new(TestBackend::new(200, 50)).unwrap();
    bencher.bench_local(|| {
        let picture = |frame: &mut Frame<'_>| {
            draw(&state, &theme, frame);
        };
        terminal.draw(picture).unwrap();
    });
}
