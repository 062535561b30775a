//! The question before an order: every rule of it.

use cutover::app::{Choice, Effect, Event, Overlay, select};
use cutover::domain::{Action, FaultKind, Means, Side, Source, Strength};
use cutover::input::Command;

use crate::harness::fixtures::{NAME, NOW, ROLLBACK, ROLLOUT, Scene, fault, green};
use crate::harness::keyboard::{Desk, settings};

fn shifting() -> Desk {
    Desk::watching(Scene::shifting().shot())
}

#[test]
fn roll_back_is_two_different_keys() {
    let mut desk = shifting();
    desk.presses("R");
    assert_eq!(desk.orders().len(), 0, "one key asks");
    desk.presses("R").presses("R");
    assert_eq!(desk.orders().len(), 0, "the same key never answers");
    desk.presses("y");
    let [order] = desk.orders()[..] else { panic!("{:?}", desk.effects) };
    assert_eq!(order.action, Action::RollBack);
    assert_eq!(order.expected.rollout.as_str(), ROLLOUT);
    assert_eq!(order.by, "arn:aws:sts::123456789012:assumed-role/prod-admin/ada");
    assert_eq!(order.at, desk.state.now);
    assert_eq!(
        order.call.cli(Some("eu-west-1")),
        "aws deploy stop-deployment --deployment-id d-7XQ2M4KPL --auto-rollback-enabled --region \
         eu-west-1"
    );
    assert!(desk.state.overlay.is_none());
}

#[test]
fn roll_back_is_two_keys_from_anywhere() {
    for before in [&["?"][..], &["v"], &["e"], &["z", "tab"], &["S"], &["L"], &["c"]] {
        let mut desk = shifting();
        for key in before {
            desk.presses(key);
        }
        desk.presses("ctrl-r").presses("y");
        assert_eq!(desk.orders().len(), 1, "after {before:?}");
        assert_eq!(desk.orders()[0].action, Action::RollBack);
        let steps = select::steps(&desk.state);
        assert!(steps.is_some_and(|steps| steps.ours), "it is followed after {before:?}");
    }
}

#[test]
fn keys_of_the_first_moments_are_not_an_answer() {
    let mut desk = shifting();
    desk.presses("R").strikes("y").waits(299).strikes("y").strikes("enter").strikes("esc");
    assert!(desk.state.confirm().is_some());
    assert_eq!(desk.orders().len(), 0);
    desk.waits(1).strikes("y");
    assert_eq!(desk.orders().len(), 1);
}

#[test]
fn a_clock_that_is_set_back_does_not_make_the_question_deaf_for_long() {
    let mut desk = shifting();
    desk.presses("R").waits(-60_000).strikes("y");
    assert_eq!(desk.orders().len(), 0);
    desk.waits(300).strikes("y");
    assert_eq!(desk.orders().len(), 1);
}

#[test]
fn pasted_text_and_held_keys_confirm_nothing() {
    let mut desk = shifting();
    desk.holds("R");
    assert!(desk.state.overlay.is_none(), "a held key does not ask");
    desk.presses("R").waits(1000).happens(Event::Pasted).holds("y").holds("enter");
    assert_eq!(desk.orders().len(), 0);
    assert!(desk.state.confirm().is_some());
    assert_eq!(desk.notice(), "pasted text confirms nothing");
}

#[test]
fn the_safe_choice_is_focused_and_enter_takes_it() {
    let mut desk = shifting();
    desk.presses("R");
    assert_eq!(desk.state.confirm().unwrap().choice, Choice::Keep);
    desk.presses("enter");
    assert!(desk.state.overlay.is_none());
    assert_eq!(desk.orders().len(), 0);
    desk.presses("R").presses("tab").presses("enter");
    assert_eq!(desk.orders().len(), 1);
}

#[test]
fn esc_n_and_q_close_it_and_nothing_else() {
    for key in ["esc", "n", "q"] {
        let mut desk = shifting();
        desk.presses("R").presses(key);
        assert!(desk.state.overlay.is_none(), "{key}");
        assert_eq!(desk.effects, [], "{key}");
    }
}

#[test]
fn the_risk_decides_how_it_is_confirmed() {
    let strength = |scene: Scene, key: &str| {
        let mut desk = Desk::watching(scene.shot());
        desk.presses(key);
        desk.state.confirm().unwrap().permit.strength
    };
    assert_eq!(strength(Scene::shifting(), "R"), Strength::Key);
    assert_eq!(strength(Scene::awaiting(), "c"), Strength::Key);
    assert_eq!(strength(Scene::shifting(), "S"), Strength::TypedName);
    assert_eq!(strength(Scene::baking(), "F"), Strength::TypedName);
    assert_eq!(strength(Scene::succeeded(), "R"), Strength::TypedName);
    let sick = Scene::shifting().targets(Side::Blue, &["unhealthy"; 4]);
    assert_eq!(strength(sick, "R"), Strength::TypedName);
}

#[test]
fn more_traffic_for_a_worse_green_needs_a_name() {
    let gate = |scene: Scene| {
        scene.rollout(|rollout| {
            let awaiting = Scene::awaiting().shot();
            rollout.offers.clone_from(&awaiting.rollout().unwrap().offers);
        })
    };
    let mut well = Desk::watching(gate(Scene::shifting()).shot());
    assert!(!well.presses("c").state.confirm().unwrap().wants_text());
    let mut ill = Desk::watching(gate(Scene::shifting().green_fails(0.05)).shot());
    assert!(ill.presses("c").state.confirm().unwrap().wants_text());
}

#[test]
fn a_name_has_to_be_typed_to_the_letter() {
    let mut desk = shifting();
    desk.presses("S").types("checkout-ap").strikes("enter");
    assert_eq!(desk.orders().len(), 0);
    assert_eq!(desk.complaint(), "type checkout-api to confirm");
    desk.types("ii").strikes("enter");
    assert_eq!(desk.orders().len(), 0);
    desk.strikes("backspace");
    assert_eq!(desk.state.confirm().unwrap().typed, NAME);
    desk.strikes("enter");
    assert_eq!(desk.orders().len(), 1);
    assert_eq!(desk.orders()[0].action, Action::Stop);
}

#[test]
fn letters_of_a_name_are_no_commands() {
    let mut desk = shifting();
    desk.presses("S").types("q").types("y").types("R");
    assert_eq!(desk.state.confirm().unwrap().typed, "qyR");
    assert_eq!(desk.state.confirm().unwrap().permit.action, Action::Stop);
    assert_eq!(desk.effects, []);
    desk.presses("ctrl-c");
    assert_eq!(desk.take(), [Effect::Quit]);
}

#[test]
fn enter_on_an_empty_name_is_the_safe_choice() {
    let mut desk = shifting();
    desk.presses("S").presses("enter");
    assert!(desk.state.overlay.is_none());
    assert_eq!(desk.orders().len(), 0);
}

#[test]
fn the_shown_call_is_the_sent_call() {
    let mut desk = Desk::watching(Scene::succeeded().shot());
    desk.presses("R");
    let confirm = desk.state.confirm().unwrap();
    let (shown, id) = (confirm.permit.call.clone(), confirm.order.clone());
    let description = shown.params.iter().find(|(name, _)| name == "description").unwrap();
    assert_eq!(description.1, format!("cutover: prod-admin {id}"));
    desk.presses("ctrl-o");
    assert_eq!(desk.take(), [Effect::Copy(shown.cli(Some("eu-west-1")))]);
    desk.types(NAME).strikes("enter");
    assert_eq!(desk.orders()[0].call, shown);
    assert_eq!(desk.orders()[0].id, id);
}

#[test]
fn what_is_not_possible_says_why_and_sends_nothing() {
    let read_only = cutover::app::Settings { read_only: true, ..settings() };
    for (mut desk, key, why) in [
        (shifting(), "c", "continue: not possible, no gate is waiting"),
        (shifting(), "F", "finish: not possible, nothing bakes"),
        (Desk::watching(Scene::succeeded().shot()), "S", "stop: not possible, the rollout is over"),
        (
            Desk::watching(Scene::rolling_back().shot()),
            "R",
            "roll back: not possible, already on the way back",
        ),
        (
            Desk::with(read_only, Scene::shifting().shot()),
            "R",
            "roll back: not possible, read-only mode; start without --read-only to act",
        ),
    ] {
        desk.presses(key);
        assert_eq!(desk.notice(), why);
        assert!(desk.state.overlay.is_none());
        assert_eq!(desk.effects, []);
    }
}

#[test]
fn a_roll_back_stays_true_while_the_shift_moves_on() {
    let mut desk = shifting();
    desk.presses("R").sees(Scene::shifting().at(NOW + 2).planned(20.0).listener(20.0).shot());
    assert_eq!(desk.complaint(), "");
    desk.presses("y");
    assert_eq!(desk.orders()[0].expected.planned, Some(green(20.0)));
}

#[test]
fn a_question_that_would_mean_something_else_is_asked_anew() {
    let mut desk = Desk::watching(Scene::baking().shot());
    desk.presses("R").sees(Scene::baking().at(NOW + 5).blue_tasks(4, 3).shot());
    let confirm = desk.state.confirm().unwrap();
    assert_eq!(desk.complaint(), "blue has 3 running tasks, not 4: look again");
    assert_eq!(confirm.permit.strength, Strength::TypedName, "blue is not healthy any more");
    desk.strikes("y");
    assert_eq!(desk.orders().len(), 0);
}

#[test]
fn blue_that_falls_ill_under_the_finger_needs_a_name() {
    let mut desk = shifting();
    let sick = Scene::shifting().at(NOW + 5).targets(Side::Blue, &["unhealthy"; 4]).shot();
    desk.presses("R").sees(sick).presses("y");
    assert_eq!(desk.orders().len(), 0);
    assert_eq!(desk.state.confirm().unwrap().typed, "y");
}

#[test]
fn a_question_never_gets_lighter_while_a_name_is_typed() {
    let sick = Scene::shifting().targets(Side::Blue, &["unhealthy"; 4]);
    let mut desk = Desk::watching(sick.shot());
    desk.presses("R").types("check").sees(Scene::shifting().at(NOW + 5).shot());
    assert_eq!(desk.state.confirm().unwrap().permit.strength, Strength::TypedName);
    desk.types("y");
    assert_eq!(desk.state.confirm().unwrap().typed, "checky");
    assert_eq!(desk.orders().len(), 0);
}

#[test]
fn what_is_void_says_so_and_cannot_be_confirmed() {
    let mut desk = Desk::watching(Scene::awaiting().shot());
    desk.presses("c").sees(Scene::shifting().at(NOW + 5).shot());
    assert_eq!(desk.complaint(), "not possible any more: no gate is waiting");
    desk.presses("y");
    assert_eq!(desk.orders().len(), 0);
    assert!(desk.state.confirm().is_some());
}

#[test]
fn a_newer_rollout_closes_the_question() {
    let mut desk = shifting();
    desk.presses("R").sees(Scene::rolling_back().at(NOW + 5).shot());
    assert!(desk.state.overlay.is_none());
    assert_eq!(
        desk.notice(),
        format!("roll back: the question was closed, the rollout is now {ROLLBACK}")
    );
}

#[test]
fn a_half_typed_name_never_reaches_the_screen_below() {
    let mut desk = shifting();
    desk.presses("S").types("chec").sees(Scene::rolling_back().at(NOW + 5).shot());
    desk.types("kout-api").strikes("enter");
    assert_eq!(desk.orders().len(), 0);
    assert_eq!(desk.effects, []);
    assert_eq!(
        desk.complaint(),
        format!("close this and look again: the rollout is now {ROLLBACK}")
    );
}

#[test]
fn old_data_does_not_stand_in_the_way() {
    let mut desk = shifting();
    let throttled = fault(FaultKind::Throttled, "codedeploy:GetDeployment");
    let old = Scene::shifting().at(NOW + 40).silent(Source::CodeDeploy, 40, throttled.clone());
    let mut picture = old.shot();
    let at = picture.taken;
    picture.rollout = picture.rollout.after(Err(throttled), at);
    desk.presses("R").sees(picture).presses("y");
    assert_eq!(desk.orders().len(), 1);
}

#[test]
fn another_action_replaces_the_question() {
    let mut desk = Desk::watching(Scene::baking().shot());
    desk.presses("F").types("checkout-api").strikes("ctrl-r");
    let confirm = desk.state.confirm().unwrap();
    assert_eq!(confirm.permit.means, Means::StopAndRollBack);
    assert_eq!(confirm.typed, "");
    desk.strikes("y").strikes("enter");
    assert_eq!(desk.orders().len(), 0, "the new question is deaf at first");
}

#[test]
fn help_is_closed_by_the_keys_that_close() {
    for key in ["esc", "q", "n", "?", "enter"] {
        let mut desk = shifting();
        desk.presses("?");
        assert!(matches!(desk.state.overlay, Some(Overlay::Help(0))));
        desk.presses("j");
        assert!(matches!(desk.state.overlay, Some(Overlay::Help(1))));
        desk.presses(key);
        assert!(desk.state.overlay.is_none(), "{key}");
        assert_eq!(desk.effects, []);
    }
}

#[test]
fn a_name_of_any_length_can_be_taken_back() {
    let mut desk = shifting();
    desk.presses("S").types(&"x".repeat(400));
    assert_eq!(desk.state.confirm().unwrap().typed.len(), 256);
    for _ in 0..256 {
        desk.strikes("backspace");
    }
    assert_eq!(desk.state.confirm().unwrap().typed, "");
}

#[test]
fn the_name_cannot_be_stepped_over() {
    for typed in ["", "checkout"] {
        let mut desk = shifting();
        desk.presses("S").types(typed).presses("tab").presses("enter");
        assert_eq!(desk.orders().len(), 0);
        assert_eq!(desk.complaint(), "type checkout-api to confirm");
        // A click on the button says the same as the key.
        desk.happens(Event::Command(Command::Confirm));
        assert_eq!(desk.orders().len(), 0);
    }
}
