//! What runs behind the weights, in clusters of its own.

use cutover::domain::{Fact, FaultKind, Standing, StandingWord, Strength};
use jiff::SignedDuration;

use super::{screen, text};
use crate::harness::fixtures::{NOW, Scene, fault, noon};
use crate::harness::keyboard::Desk;

fn stands(word: StandingWord, message: &str) -> Standing {
    Standing { word, message: message.to_owned(), update: None }
}

#[test]
fn a_side_that_nobody_sees_is_old_and_says_since_when() {
    let at = noon(NOW) - SignedDuration::from_secs(130);
    let lost = fault(FaultKind::Offline, "kubernetes:get rollouts");
    let value = stands(StandingWord::Healthy, "");
    let standing = Fact::Stale { value, at, fault: lost.clone() };
    let scene = Scene::held(10.0).green_runs(standing).rollout(|rollout| {
        let value = rollout.green.tasks.value().copied().unwrap();
        rollout.green.tasks = Fact::Stale { value, at, fault: lost };
    });
    let mut desk = Desk::watching(scene.shot());
    insta::assert_snapshot!("clusters-old-80x24", text(&screen(&mut desk.state, (80, 24), "dark")));
    insta::assert_snapshot!(
        "clusters-old-120x40",
        text(&screen(&mut desk.state, (120, 40), "dark"))
    );
    desk.presses("+");
    assert_eq!(desk.state.confirm().unwrap().permit.strength, Strength::TypedName);
    let shown = text(&screen(&mut desk.state, (120, 40), "dark"));
    insta::assert_snapshot!("clusters-old-shift-120x40", shown);
}

#[test]
fn a_side_that_is_degraded_says_why() {
    let message =
        "ProgressDeadlineExceeded: ReplicaSet \"checkout-6d5f\" has timed out progressing.";
    let standing = Fact::known(stands(StandingWord::Degraded, message), noon(NOW));
    let mut desk = Desk::watching(Scene::held(10.0).green_runs(standing).shot());
    for (width, height) in [(80, 24), (200, 50)] {
        let shown = text(&screen(&mut desk.state, (width, height), "dark"));
        insta::assert_snapshot!(format!("clusters-degraded-{width}x{height}"), shown);
    }
    desk.presses("+");
    let shown = text(&screen(&mut desk.state, (80, 24), "dark"));
    insta::assert_snapshot!("clusters-degraded-shift-80x24", shown);
}
