//! Weights that a person sets: the keys, the field, the question, and where the order ends.

use cutover::app::{Event, Outcome, Overlay, select};
use cutover::domain::{Action, Order, Percent, Progress, Side, Strength};
use serde_json::json;

use crate::harness::fixtures::{NOW, Scene, held_otherwise};
use crate::harness::keyboard::Desk;

fn held(share: f64) -> Desk {
    Desk::watching(Scene::held(share).shot())
}

fn shift(percent: u8) -> Action {
    Action::Shift(Percent::new(percent).unwrap())
}

/// The weights in an order's call, blue's first.
fn weights(order: &Order) -> serde_json::Value {
    let groups = &order.call.params[1].1[0]["ForwardConfig"]["TargetGroups"];
    json!([groups[0]["Weight"], groups[1]["Weight"]])
}

#[test]
fn one_step_more_or_less_is_a_key_and_a_yes() {
    for (key, share, weight) in [("+", 20, json!([80, 20])), ("-", 0, json!([100, 0]))] {
        let mut desk = held(10.0);
        desk.presses(key);
        assert_eq!(desk.orders().len(), 0, "{key} asks");
        desk.presses(key);
        assert_eq!(desk.orders().len(), 0, "{key} never answers");
        desk.presses("y");
        let [order] = desk.orders()[..] else { panic!("{:?}", desk.effects) };
        assert_eq!((order.action, weights(order)), (shift(share), weight));
        let sticky = &order.call.params[1].1[0]["ForwardConfig"]["TargetGroupStickinessConfig"];
        assert_eq!(sticky, &json!({ "Enabled": true }), "all else goes back as it was read");
    }
}

#[test]
fn any_share_is_typed_and_then_asked_about() {
    let mut desk = held(10.0);
    desk.presses("%");
    assert!(matches!(desk.state.overlay, Some(Overlay::Field(_))));
    desk.types("35").presses("enter");
    assert_eq!(desk.orders().len(), 0, "the field only asks");
    assert_eq!(desk.state.confirm().unwrap().permit.action, shift(35));
    desk.presses("y");
    assert_eq!(weights(desk.orders()[0]), json!([65, 35]));
}

#[test]
fn what_is_no_share_is_said_and_stays_to_be_mended() {
    for text in ["101", "ten", "12.5", "-5", ""] {
        let mut desk = held(10.0);
        desk.presses("%").types(text).presses("enter");
        let Some(Overlay::Field(field)) = &desk.state.overlay else { panic!("{text}: closed") };
        assert_eq!(field.typed, text);
        let why = "a share is a whole number from 0 to 100";
        assert_eq!(field.complaint.as_deref(), Some(why), "{text}");
    }
    let mut desk = held(10.0);
    desk.presses("%").types("R").presses("esc");
    assert!(desk.state.overlay.is_none(), "a letter was text and asked for nothing");
    assert_eq!(desk.effects, []);
}

#[test]
fn all_to_green_and_all_back_are_one_key_each() {
    let mut desk = held(40.0);
    desk.presses("A").presses("y");
    assert_eq!(weights(desk.orders()[0]), json!([0, 100]));
    let mut desk = held(40.0);
    desk.presses("R").presses("y");
    let [order] = desk.orders()[..] else { panic!("{:?}", desk.effects) };
    assert_eq!((order.action, weights(order)), (Action::RollBack, json!([100, 0])));
}

#[test]
fn where_the_traffic_is_already_nothing_is_asked() {
    let mut desk = held(100.0);
    desk.presses("+");
    assert_eq!(desk.notice(), "shift: not possible, the traffic is there already");
    let mut desk = held(0.0);
    desk.presses("R");
    assert_eq!(desk.notice(), "roll back: not possible, the traffic is there already");
    assert_eq!(select::strip(&desk.state).can, select::Can::Needless);
}

#[test]
fn where_the_control_plane_plans_the_shares_the_keys_say_so() {
    for key in ["+", "-", "%", "A", "W"] {
        let mut desk = Desk::watching(Scene::shifting().shot());
        desk.presses(key);
        assert_eq!(
            desk.notice(),
            "shift: not possible, the control plane chooses the shares itself"
        );
        assert!(desk.state.overlay.is_none(), "{key}");
    }
}

#[test]
fn a_side_that_is_not_healthy_or_not_known_for_sure_wants_the_name() {
    let strength = |scene: Scene, key: &str| {
        let mut desk = Desk::watching(scene.shot());
        desk.presses(key);
        desk.state.confirm().unwrap().permit.strength
    };
    let sick = |side| Scene::held(40.0).targets(side, &["unhealthy"; 4]);
    assert_eq!(strength(Scene::held(40.0), "+"), Strength::Key);
    assert_eq!(strength(sick(Side::Green), "+"), Strength::TypedName);
    assert_eq!(strength(sick(Side::Green), "-"), Strength::Key, "away from it is light");
    assert_eq!(strength(sick(Side::Blue), "R"), Strength::TypedName);
    assert_eq!(strength(Scene::held(40.0).green_fails(0.5), "+"), Strength::TypedName);
    assert_eq!(strength(Scene::held(40.0).green_fails(0.5), "R"), Strength::Key);
    let guessed = Scene::held(40.0).rollout(|rollout| rollout.sides_are_guessed = true);
    assert_eq!(strength(guessed, "R"), Strength::TypedName);
}

#[test]
fn a_rule_that_somebody_changed_voids_the_question() {
    let mut desk = held(10.0);
    desk.presses("+");
    desk.sees(Scene::held(10.0).rollout(held_otherwise).at(NOW + 2).shot());
    desk.strikes("y");
    assert_eq!(desk.orders().len(), 0, "it is asked anew, and deaf at first");
    assert!(
        desk.complaint().starts_with("what holds the weights was changed"),
        "{}",
        desk.complaint()
    );
}

#[test]
fn the_order_is_over_when_the_rule_holds_the_weights() {
    let mut desk = held(10.0);
    desk.presses("+").presses("y");
    let order = desk.orders()[0].id.clone();
    let accepted = Progress::Accepted { request_id: None, answer: String::new(), rollout: None };
    desk.happens(Event::Acted { order: order.clone(), progress: Progress::Sent });
    desk.waits(1000).happens(Event::Acted { order, progress: accepted });
    let outcome = |desk: &Desk| {
        desk.state.cockpit().unwrap().track.as_ref().map(|track| track.outcome.clone())
    };
    assert_eq!(outcome(&desk), Some(Outcome::OnItsWay), "accepted is not moved");
    desk.sees(Scene::held(20.0).at(NOW + 8).shot());
    assert_eq!(outcome(&desk), Some(Outcome::Done));
    assert_eq!(desk.seen()[0], "shift: done");
}

#[test]
fn weights_that_somebody_else_set_meanwhile_are_no_success() {
    let mut desk = held(10.0);
    desk.presses("+").presses("y");
    let order = desk.orders()[0].id.clone();
    let accepted = Progress::Accepted { request_id: None, answer: String::new(), rollout: None };
    desk.waits(1000).happens(Event::Acted { order, progress: accepted });
    desk.sees(Scene::held(70.0).at(NOW + 8).shot());
    let track = desk.state.cockpit().unwrap().track.clone().unwrap();
    let Outcome::Failed(why) = track.outcome else { panic!("{:?}", track.outcome) };
    assert!(why.contains("somebody else has set the weights too"), "{why}");
}
