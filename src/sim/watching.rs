//! Watches of the Kubernetes API: answers that go on for as long as something may change.
//!
//! A watch lasts as long as its client asks, in real time as any connection; what it tells follows
//! the clock of the world.

use std::convert::Infallible;

use axum::body::{Body, Bytes};
use futures::stream::{self, StreamExt};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;
use tokio::sync::watch::Receiver;
use tokio::time::Instant;

use super::faults::FaultKind;
use super::services::kubernetes::watch::{Watch, broken};
use super::simulator::Simulator;
use super::world::World;

/// How long nothing has to happen before that is said.
const QUIET: SignedDuration = SignedDuration::from_secs(60);
/// Between two looks at whether somebody is let through again.
const SILENT: SignedDuration = SignedDuration::from_secs(1);
/// Between two looks at a world in which something is always due.
const BREATH: SignedDuration = SignedDuration::from_millis(1);

/// What happens in the world from now on, line by line.
pub(super) fn body(
    simulator: Simulator,
    (watch, cluster): (Watch, Option<String>),
    closed: Receiver<bool>,
) -> Body {
    let ends = Instant::now() + std::time::Duration::from_secs(watch.seconds);
    let changed = simulator.grown();
    let said = simulator.clock().now();
    let state = State { simulator, watch, cluster, closed, changed, ends, said, over: false };
    let lines = stream::unfold(state, |mut state| async move {
        let lines = state.next().await?;
        let text = lines.iter().fold(String::new(), |text, line| text + &line.to_string() + "\n");
        Some((Bytes::from(text), state))
    });
    Body::from_stream(lines.map(Ok::<_, Infallible>))
}

/// A watch that nothing is told through any more, as of a server that is frozen.
pub(super) fn frozen() -> Body {
    Body::from_stream(stream::pending::<Result<Bytes, Infallible>>())
}

struct State {
    simulator: Simulator,
    watch: Watch,
    /// The cluster that is watched.
    cluster: Option<String>,
    closed: Receiver<bool>,
    changed: Receiver<u64>,
    ends: Instant,
    /// When something was said last.
    said: Timestamp,
    over: bool,
}

impl State {
    /// The next lines, once there are some; nothing when the watch is over.
    async fn next(&mut self) -> Option<Vec<Json>> {
        loop {
            if self.over {
                return None;
            }
            self.changed.mark_unchanged();
            match self.simulator.cut_off(self.cluster.as_deref()) {
                Some(FaultKind::NoAnswer) => {
                    self.wait_for(SILENT).await;
                    continue;
                }
                Some(_) => return None,
                None => {}
            }
            let (watch, said, cluster) = (&mut self.watch, self.said, self.cluster.as_deref());
            let look = |world: &mut World| {
                let news = watch.news(world).map(|mut lines| {
                    let quiet = world.now().duration_since(said) >= QUIET;
                    if lines.is_empty() && quiet && watch.takes_marks {
                        lines.push(watch.mark(world));
                    }
                    lines
                });
                (news, world.now(), world.next_event())
            };
            let (news, now, next) =
                self.simulator.with_world(|world| world.at_cluster(cluster, look));
            match news {
                Ok(lines) if lines.is_empty() => {}
                Ok(lines) => {
                    self.said = now;
                    return Some(lines);
                }
                Err(error) => {
                    self.over = true;
                    return Some(vec![broken(&error)]);
                }
            }
            self.wait(now, next).await;
        }
    }

    /// Until something may have happened.
    async fn wait(&mut self, now: Timestamp, next: Option<Timestamp>) {
        let mark = self.said.saturating_add(QUIET).unwrap_or(Timestamp::MAX);
        let due = next.map_or(mark, |next| next.min(mark)).max(now);
        self.wait_for(due.duration_since(now).max(BREATH)).await;
    }

    /// For a while, unless something comes before.
    async fn wait_for(&mut self, span: SignedDuration) {
        let clock = self.simulator.clock().clone();
        tokio::select! {
            () = clock.sleep(span) => {}
            changed = self.changed.changed() => self.over = changed.is_err(),
            () = tokio::time::sleep_until(self.ends) => self.over = true,
            _ = self.closed.wait_for(|closed| *closed) => self.over = true,
        }
    }
}
