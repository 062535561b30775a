//! A look at everything, by a clock that only the test moves.

use std::pin::pin;
use std::time::Duration;

use cutover::domain::Snapshot;
use cutover::sim::Clock;
use cutover::sources::{Backend, Wish};
use jiff::SignedDuration;

/// How much time goes by at once while a look waits for its turn.
const STEP: SignedDuration = SignedDuration::from_secs(30);

/// A whole picture. Where a service is asked at its cap already, its turn comes only as time goes by:
/// the clock goes on whenever nothing has come for so long in real time.
pub(crate) async fn whole(watch: &mut impl Backend, clock: &Clock, turn: Duration) -> Snapshot {
    let mut looking = pin!(watch.observe_whole(Wish { window: 15, all: true }));
    loop {
        tokio::select! {
            picture = &mut looking => return picture,
            () = tokio::time::sleep(turn) => clock.advance(STEP),
        }
    }
}
