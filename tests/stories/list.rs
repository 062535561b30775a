//! Finding the rollout to watch.

use cutover::app::{Effect, Event, Screen};
use cutover::domain::{FaultKind, RolloutId, RolloutSummary, Target};

use crate::harness::fixtures::{Scene, fault, noon, summary};
use crate::harness::keyboard::{Desk, settings};

fn searching() -> Desk {
    Desk::starting(settings(), None, noon(0))
}

fn listed(desk: &mut Desk, ids: &[&str]) {
    let rows: Vec<RolloutSummary> = ids.iter().map(|id| summary(id)).collect();
    desk.happens(Event::Listed(Ok(rows)));
}

fn cursor(desk: &Desk) -> Option<&str> {
    match &desk.state.screen {
        Screen::Picker(picker) => picker.selected.as_ref().map(RolloutId::as_str),
        Screen::Cockpit(_) => None,
    }
}

fn watched(desk: &Desk) -> Option<String> {
    match &desk.state.screen {
        Screen::Cockpit(cockpit) => Some(cockpit.snapshot.target.to_string()),
        Screen::Picker(_) => None,
    }
}

#[test]
fn without_a_target_the_single_rollout_is_watched() {
    let mut desk = searching();
    assert_eq!(desk.state.opening(), [Effect::List]);
    listed(&mut desk, &[]);
    assert_eq!(desk.effects, [], "none: it waits");
    listed(&mut desk, &["d-A"]);
    assert_eq!(watched(&desk).as_deref(), Some("d-A"));
    let target = Target::Deployment(RolloutId::new("d-A"));
    assert_eq!(desk.take(), [Effect::Watch(target), Effect::Window(30)]);
}

#[test]
fn several_are_a_choice_and_the_cursor_stays_on_its_row() {
    let mut desk = searching();
    listed(&mut desk, &["d-A", "d-B", "d-C"]);
    assert_eq!(cursor(&desk), Some("d-A"));
    desk.presses("j");
    listed(&mut desk, &["d-NEW", "d-A", "d-B"]);
    assert_eq!(cursor(&desk), Some("d-B"), "rows move, the cursor does not");
    desk.presses("G").presses("k").presses("k").presses("k");
    assert_eq!(cursor(&desk), Some("d-NEW"));
    desk.presses("j").presses("enter");
    assert_eq!(watched(&desk).as_deref(), Some("d-A"));
}

#[test]
fn a_row_that_is_gone_gives_the_cursor_to_the_first() {
    let mut desk = searching();
    listed(&mut desk, &["d-A", "d-B", "d-C"]);
    desk.presses("G");
    listed(&mut desk, &["d-A", "d-B"]);
    assert_eq!(cursor(&desk), Some("d-A"));
}

#[test]
fn a_failed_search_keeps_what_was_found() {
    let mut desk = searching();
    listed(&mut desk, &["d-A", "d-B"]);
    desk.happens(Event::Listed(Err(fault(FaultKind::Throttled, "codedeploy:ListDeployments"))));
    assert_eq!(cursor(&desk), Some("d-A"));
}

#[test]
fn a_list_that_was_opened_chooses_nothing_by_itself() {
    let mut desk = Desk::watching(Scene::shifting().shot());
    desk.presses("L");
    assert_eq!(desk.take(), [Effect::List]);
    listed(&mut desk, &["d-A"]);
    assert_eq!(watched(&desk), None);
    desk.sees(Scene::baking().at(300).shot());
    desk.presses("esc");
    assert_eq!(watched(&desk).as_deref(), Some("codedeploy:checkout/prod"));
    let phase = desk.state.cockpit().unwrap().snapshot.rollout().unwrap().phase.clone();
    assert_eq!(phase, cutover::domain::Phase::Baking, "the cockpit went on behind the list");
}

#[test]
fn the_watched_rollout_is_not_left_while_an_order_has_no_answer() {
    let mut desk = Desk::watching(Scene::shifting().shot());
    desk.presses("R").presses("y").presses("L");
    listed(&mut desk, &["d-A", "d-B"]);
    desk.take();
    desk.presses("enter");
    assert_eq!(desk.effects, []);
    assert_eq!(desk.notice(), "not now: an order is on its way and is followed first");
}

#[test]
fn with_a_target_nothing_is_searched() {
    let target = Target::Deployment(RolloutId::new("d-A"));
    let mut desk = Desk::starting(settings(), Some(target.clone()), noon(0));
    assert_eq!(desk.state.opening(), [Effect::Watch(target), Effect::Window(30)]);
    listed(&mut desk, &["d-B"]);
    assert_eq!(watched(&desk).as_deref(), Some("d-A"));
}

#[test]
fn an_action_needs_a_rollout() {
    let mut desk = searching();
    desk.presses("R");
    assert_eq!(desk.notice(), "roll back: not possible, no rollout is watched");
}
