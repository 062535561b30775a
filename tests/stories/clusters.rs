//! What runs behind the weights, in clusters of its own: what the question says of it, what the
//! timeline tells, and what stops a ramp.

use crate::harness::fixtures::{NAME, NOW, Scene, noon};
use crate::harness::keyboard::Desk;
use crate::screens::{screen, text};
use cutover::app::Event;
use cutover::domain::{Fact, Progress, Standing, StandingWord};

fn green(share: f64, standing: Fact<Standing>) -> Scene {
    Scene::held(share).green_runs(standing)
}

fn stands(word: StandingWord, message: &str, update: Option<&str>) -> Fact<Standing> {
    let (message, update) = (message.to_owned(), update.map(str::to_owned));
    Fact::known(Standing { word, message, update }, noon(NOW))
}

fn healthy() -> Fact<Standing> {
    stands(StandingWord::Healthy, "", None)
}

fn aborted() -> Fact<Standing> {
    stands(StandingWord::Degraded, "RolloutAborted: aborted update to revision 8", None)
}

/// The question that a key leads to, in one line.
fn question(scene: Scene, key: &str) -> String {
    let mut desk = Desk::watching(scene.shot());
    desk.presses(key);
    assert!(desk.state.confirm().is_some());
    let shown = text(&screen(&mut desk.state, (120, 40), "dark"));
    shown.split_whitespace().filter(|word| *word != "│").collect::<Vec<_>>().join(" ")
}

#[test]
fn who_shifts_to_a_side_that_is_not_settled_is_told_before() {
    let said = question(green(10.0, aborted()), "+");
    let warning = "! Green's Rollout is Degraded: RolloutAborted: aborted update to revision 8.";
    assert!(said.contains(warning), "{said}");
    let update = stands(StandingWord::Paused, "BlueGreenPause", Some("revision 8 (6d5f)"));
    let said = question(green(10.0, update), "+");
    let warning = "! Green's Rollout is in the middle of an update to revision 8 (6d5f), Paused: \
                   BlueGreenPause.";
    assert!(said.contains(warning), "{said}");
    assert!(!question(green(10.0, healthy()), "+").contains("Green's"));
    assert!(!question(green(10.0, aborted()), "R").contains("Green's"), "it leads away from it");
}

#[test]
fn the_timeline_tells_how_a_side_stands_once() {
    let mut desk = Desk::watching(green(10.0, healthy()).shot());
    for second in [1, 2] {
        desk.sees(green(10.0, aborted()).at(NOW + second).shot());
    }
    let told = "green: Rollout checkout is Degraded: RolloutAborted: aborted update to revision 8";
    assert_eq!(desk.seen().iter().filter(|text| **text == told).count(), 1, "{:?}", desk.seen());
    desk.sees(green(10.0, healthy()).at(NOW + 3).shot());
    assert!(desk.seen().contains(&"green: Rollout checkout is Healthy"));
}

#[test]
fn a_ramp_stops_where_it_is_when_green_is_degraded() {
    let mut desk = Desk::watching(green(0.0, healthy()).shot());
    desk.presses("W").types(NAME).presses("enter");
    let order = desk.orders().last().unwrap().id.clone();
    let accepted = Progress::Accepted { request_id: None, answer: String::new(), rollout: None };
    desk.happens(Event::Acted { order, progress: accepted });
    desk.sees(green(10.0, healthy()).at(NOW + 20).shot());
    assert!(desk.state.cockpit().unwrap().ramp.is_some());
    desk.sees(green(10.0, aborted()).at(NOW + 30).shot());
    assert!(desk.state.cockpit().unwrap().ramp.is_none());
    assert!(desk.notice().contains("green's Rollout is Degraded"), "{}", desk.notice());
}
