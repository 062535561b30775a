//! `cutover demo`: the screen on a simulator of this process.
//!
//! It is the program as it is: the AWS SDK talks to a loopback port. Nothing of the user's AWS
//! configuration is read, and nothing but that port can be reached.

use std::sync::Arc;

use clap::Args;
use jiff::Timestamp;

use super::screen::{self, Opening};
use super::simulated::{self, Play};
use super::{Outcome, Output, Surroundings};
use crate::config::{Config, Flags};
use crate::runtime::Clock;
use crate::sim;
use crate::sources::{self, AwsOptions, Loopback};

/// Rehearse on an embedded simulator: no account, no configuration, no network.
#[derive(Debug, Args)]
pub(super) struct Demo {
    #[command(flatten)]
    play: Play,
    /// Look only
    #[arg(long)]
    read_only: bool,
}

impl Demo {
    pub(super) fn run(self, output: &mut Output) -> Outcome {
        if self.play.list {
            return simulated::list(output);
        }
        let scenario = self.play.scenario()?;
        let around = Surroundings::read()?;
        let flags = Flags { read_only: self.read_only, ..Flags::default() };
        let config = Config { target: None, ..Config::choose(flags, &around.env, &around.file)? };
        let start = Timestamp::now();
        let world_clock = sim::Clock::at_speed(start, self.play.speed);
        let shown = world_clock.clone();
        let clock = Clock::simulated(move || shown.now(), self.play.speed);
        let opening = Opening {
            target: Some(simulated::target(&scenario, self.play.seed)?),
            read_only: self.read_only,
            demo: Some(crate::app::Demo {
                scenario: scenario.name.clone(),
                truth: scenario.truth.clone(),
            }),
            audit: around.paths.demo_audit.clone(),
            clock: clock.clone(),
        };
        let sides = simulated::sides(&scenario, self.play.seed)?;
        let (play, read_only) = (self.play, self.read_only);
        let verdicts = config.verdicts.clone();
        let prometheus = simulated::prometheus(&scenario)?;
        let connect = async move {
            let region = scenario.place.region.clone();
            let seed = play.seed;
            let address = play.serve(scenario, world_clock, start).await?;
            let loopback = Loopback::new(address, region).map_err(|e| e.to_string())?;
            let options = AwsOptions {
                read_only,
                seed,
                verdicts,
                prometheus,
                sides,
                ..AwsOptions::simulated(loopback, Arc::new(clock))
            };
            sources::connect(options).await.map_err(|e| e.to_string())
        };
        screen::show(opening, &config, &around, connect, output)
    }
}
