//! Time to draw the cockpit at 200x50: every cell anew, and when nothing has changed.

#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark that cannot start fails")]

use cutover::app::State;
use cutover::cli::rehearsal::Rehearsal;
use cutover::ui::{Theme, draw};
use divan::Bencher;
use jiff::tz::TimeZone;
use ratatui::backend::TestBackend;
use ratatui::{Frame, Terminal};

fn main() {
    divan::main();
}

/// The cockpit in the middle of a shift, with an hour of metrics.
fn state() -> State {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut rehearsal = Rehearsal::begin("errors", 1).await.unwrap();
        rehearsal.play(600, 4).await;
        rehearsal.state
    })
}

fn terminal() -> Terminal<TestBackend> {
    Terminal::new(TestBackend::new(200, 50)).unwrap()
}

#[divan::bench]
fn full_redraw_200x50(bencher: Bencher<'_, '_>) {
    let (mut state, theme) = (state(), Theme::named("dark", TimeZone::UTC, true).unwrap());
    (state.width, state.height) = (200, 50);
    bencher.with_inputs(terminal).bench_local_refs(|terminal| {
        let picture = |frame: &mut Frame<'_>| {
            draw(&state, &theme, frame);
        };
        terminal.draw(picture).unwrap();
    });
}

#[divan::bench]
fn unchanged_redraw_200x50(bencher: Bencher<'_, '_>) {
    let (mut state, theme) = (state(), Theme::named("dark", TimeZone::UTC, true).unwrap());
    (state.width, state.height) = (200, 50);
    let mut terminal = terminal();
    bencher.bench_local(|| {
        let picture = |frame: &mut Frame<'_>| {
            draw(&state, &theme, frame);
        };
        terminal.draw(picture).unwrap();
    });
}
