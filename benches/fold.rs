//! Time to fold one picture into the state: what is between the channel and the next frame.

#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark that cannot start fails")]

use cutover::app::{Event, Stamped, State, update};
use cutover::cli::rehearsal::Rehearsal;
use cutover::domain::Snapshot;
use divan::Bencher;

fn main() {
    divan::main();
}

/// A state in the middle of a shift, and the picture that comes in next.
fn moment() -> (State, Snapshot) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut rehearsal = Rehearsal::begin("errors", 1).await.unwrap();
        rehearsal.play(600, 4).await;
        let next = rehearsal.look().await;
        (rehearsal.state, next)
    })
}

#[divan::bench]
fn one_snapshot(bencher: Bencher<'_, '_>) {
    let (state, next) = moment();
    let input = || {
        let event = Event::Observed(Box::new(next.clone()));
        (state.clone(), Stamped { at: next.taken, event })
    };
    bencher.with_inputs(input).bench_local_values(|(mut state, event)| update(&mut state, event));
}
