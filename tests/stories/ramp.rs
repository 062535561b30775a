//! A ramp: armed with a name, walked by time, stopped by the first doubt.

use cutover::app::{Effect, Event};
use cutover::domain::{Action, GuardState, Percent, Progress};

use crate::harness::fixtures::{NAME, NOW, Scene};
use crate::harness::keyboard::Desk;

/// Five minutes, as the ramp holds each share.
pub(crate) const EVERY: i64 = 300;

/// A ramp from nothing, its first step seen in force.
pub(crate) fn at_ten() -> Desk {
    let mut desk = Desk::watching(Scene::held(0.0).shot());
    desk.presses("W").types(NAME).presses("enter");
    arrives(&mut desk, 10.0, NOW + 20);
    desk
}

/// The newest order is taken and seen in force.
fn arrives(desk: &mut Desk, share: f64, at: i64) {
    let order = desk.orders().last().unwrap().id.clone();
    let answer = String::new();
    let accepted = Progress::Accepted { request_id: None, answer, rollout: None };
    desk.happens(Event::Acted { order: order.clone(), progress: Progress::Sent });
    desk.happens(Event::Acted { order, progress: accepted });
    desk.sees(Scene::held(share).at(at).shot());
}

fn shares(desk: &Desk) -> Vec<Action> {
    desk.orders().iter().map(|order| order.action).collect()
}

fn shift(percent: u8) -> Action {
    Action::Shift(Percent::new(percent).unwrap())
}

fn is_armed(desk: &Desk) -> bool {
    desk.state.cockpit().unwrap().ramp.is_some()
}

#[test]
fn it_is_armed_with_the_name_and_never_with_a_key() {
    let mut desk = Desk::watching(Scene::held(0.0).shot());
    desk.presses("W").presses("y").presses("enter");
    assert_eq!(desk.orders().len(), 0);
    assert!(!is_armed(&desk));
}

#[test]
fn it_walks_its_shares_each_after_its_time_and_ends() {
    let mut desk = at_ten();
    let mut at = NOW + 20;
    for (share, next) in [(10.0, 25), (25.0, 50), (50.0, 100)] {
        desk.sees(Scene::held(share).at(at + EVERY - 5).shot());
        let before = desk.orders().len();
        assert_ne!(shares(&desk).last(), Some(&shift(next)), "not before its time");
        desk.sees(Scene::held(share).at(at + EVERY + 1).shot());
        assert_eq!((desk.orders().len(), shares(&desk)[before]), (before + 1, shift(next)));
        at += EVERY + 10;
        arrives(&mut desk, f64::from(next), at);
    }
    desk.sees(Scene::held(100.0).at(at + 5).shot());
    assert!(!is_armed(&desk));
    assert_eq!(desk.notice(), "the ramp is at its end");
    assert_eq!(shares(&desk), [shift(10), shift(25), shift(50), shift(100)]);
    let parts: Vec<_> = desk.orders().iter().map(|order| order.part_of.clone()).collect();
    assert_eq!(parts[1].as_deref(), Some("step 2 of 4 of a ramp"), "the record tells which");
}

#[test]
fn one_key_stops_it() {
    let mut desk = at_ten();
    desk.presses("S");
    assert!(!is_armed(&desk) && desk.state.overlay.is_none());
    assert_eq!(desk.notice(), "the ramp stops at 10 %: you have stopped it");
    desk.sees(Scene::held(10.0).at(NOW + 20 + 2 * EVERY).shot());
    assert_eq!(shares(&desk), [shift(10)]);
}

#[test]
fn any_other_order_stops_it() {
    let mut desk = at_ten();
    desk.presses("R").presses("y");
    assert!(!is_armed(&desk));
    assert_eq!(shares(&desk), [shift(10), Action::RollBack]);
}

#[test]
fn the_first_doubt_stops_it() {
    type Doubt = fn(Scene) -> Scene;
    let doubts: [(&str, Doubt); 4] = [
        ("green is worse", |scene| scene.green_fails(0.5)),
        ("the alarm checkout-5xx fires", |scene| scene.alarm(GuardState::Alarm)),
        ("the weights were set by somebody else", |scene| scene.planned(40.0).listener(40.0)),
        ("green is not known to be healthy", |scene| {
            scene.targets(cutover::domain::Side::Green, &["unhealthy"; 4])
        }),
    ];
    for (why, doubt) in doubts {
        let mut desk = at_ten();
        desk.take();
        desk.sees(doubt(Scene::held(10.0).at(NOW + 20 + EVERY + 1)).shot());
        assert_eq!(desk.orders().len(), 0, "{why}");
        assert!(!is_armed(&desk), "{why}");
        assert!(desk.effects.contains(&Effect::Bell), "{why}");
        let told = format!("the ramp stops at 10 %: {why}");
        assert!(desk.seen().contains(&told.as_str()), "{why}: {:?}", desk.seen());
    }
}

#[test]
fn it_waits_while_a_question_is_open_and_while_the_data_are_old() {
    let mut desk = at_ten();
    desk.sees(Scene::held(10.0).at(NOW + 20 + EVERY - 1).shot()).presses("%");
    desk.sees(Scene::held(10.0).at(NOW + 20 + EVERY + 5).shot());
    assert_eq!(shares(&desk), [shift(10)], "somebody thinks about something");
    desk.presses("esc");
    assert_eq!(shares(&desk), [shift(10), shift(25)], "then it goes on");

    let mut desk = at_ten();
    desk.waits(1000 * (EVERY + 200)).happens(Event::Woke);
    assert_eq!(shares(&desk), [shift(10)], "nobody has seen the world for minutes");
    assert!(is_armed(&desk));
}

#[test]
fn a_step_that_was_refused_ends_it() {
    let mut desk = Desk::watching(Scene::held(0.0).shot());
    desk.presses("W").types(NAME).presses("enter");
    let order = desk.orders()[0].id.clone();
    let kind =
        cutover::domain::FaultKind::Denied { permission: "elasticloadbalancing:ModifyRule".into() };
    let fault = cutover::domain::Fault::new(kind, "elasticloadbalancing:ModifyRule", "no");
    desk.happens(Event::Acted { order, progress: Progress::Refused { fault } });
    assert!(!is_armed(&desk));
    assert_eq!(desk.notice(), "the ramp stops at 10 %: its step was not carried out");
}
