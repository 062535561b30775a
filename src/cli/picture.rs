//! `cutover picture`: a frame of the program as an SVG, for the README.
//!
//! It is the real screen: the simulator answers the SDK, the pictures go through the reducer, and
//! the frame is drawn as in a terminal. Nothing in it depends on the machine or the moment.

use std::path::PathBuf;

use clap::Args;
use jiff::tz::TimeZone;

use super::rehearsal::Rehearsal;
use super::{Outcome, Output};
use crate::ui;

/// How often a person's screen would have looked, in seconds.
const STEP: u32 = 30;

/// Draw a frame of a scenario as an SVG.
#[derive(Debug, Args)]
pub(super) struct Picture {
    /// The scenario
    #[arg(long, value_name = "NAME", default_value = "errors")]
    scenario: String,
    /// How long it has run, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
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

impl Picture {
    pub(super) fn run(self, output: &mut Output) -> Outcome {
        let theme = ui::Theme::named(&self.theme, TimeZone::UTC, true).ok_or_else(|| {
            let names: Vec<&str> = ui::Theme::names().collect();
            format!("there is no theme `{}`\n\nhint: {}", self.theme, names.join(", "))
        })?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let mut rehearsal = runtime.block_on(async {
            let mut rehearsal = Rehearsal::begin(&self.scenario, 1).await?;
            rehearsal.play(self.after, self.after / STEP).await;
            Ok::<_, super::Failure>(rehearsal)
        })?;
        (rehearsal.state.width, rehearsal.state.height) = self.size;
        let svg = ui::picture(&rehearsal.state, &theme);
        match &self.out {
            Some(path) => std::fs::write(path, svg)
                .map_err(|error| format!("cannot write {}: {error}", path.display()))?,
            None => output.data.write_all(svg.as_bytes())?,
        }
        Ok(std::process::ExitCode::SUCCESS)
    }
}
