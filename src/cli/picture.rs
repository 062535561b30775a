//! `cutover picture`: a frame of the program as an SVG, for the README.
//!
//! It is the real screen: the simulator answers the SDK, the pictures go through the reducer, and
//! the frame is drawn as in a terminal. Nothing in it depends on the machine or the moment.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::{Failure, Outcome, Output};
use crate::app::{Demo, Event, Settings, Stamped, State, update};
use crate::domain::Target;
use crate::input::Keymap;
use crate::sim::scenario::Scenario;
use crate::sim::world::World;
use crate::sim::{self, Simulator};
use crate::sources::{Account, AwsOptions, AwsTime, Backend, Loopback, Wish, connect};
use crate::ui;

/// When every picture's story begins.
const START: &str = "2026-03-02T12:00:00Z";
/// How far apart the readings are that lead to the picture.
const STEP: SignedDuration = SignedDuration::from_secs(30);

/// Draw a frame of a scenario as an SVG.
#[derive(Debug, Args)]
pub(super) struct Picture {
    /// The scenario
    #[arg(long, value_name = "NAME", default_value = "canary")]
    scenario: String,
    /// How long it has run, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 270)]
    after: u32,
    /// Columns and rows
    #[arg(long, value_name = "COLUMNSxROWS", default_value = "120x40", value_parser = size)]
    size: (u16, u16),
    /// The theme
    #[arg(long, value_name = "NAME", default_value = "dark")]
    theme: String,
    /// Where to write it; standard output when absent
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

fn size(text: &str) -> Result<(u16, u16), String> {
    let wrong = || "a size is columns and rows, e.g. 120x40, each from 1 to 500".to_owned();
    let (columns, rows) = text.split_once('x').ok_or_else(wrong)?;
    let number = |text: &str| text.parse().ok().filter(|n| (1..=500).contains(n)).ok_or_else(wrong);
    Ok((number(columns)?, number(rows)?))
}

/// A clock that is moved by hand.
struct Still(sim::Clock);

impl AwsTime for Still {
    fn now(&self) -> Timestamp {
        self.0.now()
    }

    fn until(&self, at: Timestamp) -> Option<Duration> {
        (at <= self.0.now()).then_some(Duration::ZERO)
    }

    fn correct(&self, _: Timestamp) {}
}

impl Picture {
    pub(super) fn run(self, output: &mut Output) -> Outcome {
        let theme = ui::Theme::named(&self.theme, TimeZone::UTC, true).ok_or_else(|| {
            let names: Vec<&str> = ui::Theme::names().collect();
            format!("there is no theme `{}`\n\nhint: {}", self.theme, names.join(", "))
        })?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let mut state = runtime.block_on(self.story())?;
        (state.width, state.height) = self.size;
        let svg = ui::picture(&state, &theme);
        match &self.out {
            Some(path) => std::fs::write(path, svg)
                .map_err(|error| format!("cannot write {}: {error}", path.display()))?,
            None => output.data.write_all(svg.as_bytes())?,
        }
        Ok(std::process::ExitCode::SUCCESS)
    }

    /// Plays the scenario up to the moment of the picture, reading it as a person's screen would.
    async fn story(&self) -> Result<State, Failure> {
        let scenario = Scenario::named(&self.scenario)?;
        let start: Timestamp = START.parse()?;
        let target = Target::CodeDeploy {
            application: scenario.place.application.clone(),
            group: scenario.place.group.clone(),
        };
        let settings = Settings {
            read_only: false,
            demo: Some(Demo { scenario: scenario.name.clone(), truth: scenario.truth.clone() }),
            bell: false,
            session: 0,
            keymap: Keymap::embedded()?,
            verdict: crate::stats::Config::default(),
        };
        let region = scenario.place.region.clone();
        let clock = sim::Clock::manual(start);
        let simulator = Simulator::new(World::new(scenario, 1, start), clock.clone());
        let listener = sim::bind(([127, 0, 0, 1], 0).into()).await?;
        let loopback = Some(Loopback::new(listener.local_addr()?, region)?);
        tokio::spawn(sim::serve(listener, simulator, std::future::pending()));
        let time = Arc::new(Still(clock.clone()));
        let options =
            AwsOptions { profile: None, region: None, loopback, read_only: true, time, seed: 1 };
        let mut backend = connect(options).await?.watch(&target);
        let mut state = State::new(settings, Some(target), start);
        let end = start.saturating_add(SignedDuration::from_secs(self.after.into()))?;
        loop {
            let picture = backend.observe_whole(Wish { window: 30, all: true }).await;
            let event = Event::Observed(Box::new(picture));
            update(&mut state, Stamped { at: clock.now(), event });
            let left = end.duration_since(clock.now());
            if left <= SignedDuration::ZERO {
                return Ok(state);
            }
            clock.advance(left.min(STEP));
        }
    }
}
