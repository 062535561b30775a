//! Pausing by hand, restarting, choosing a revision, ending an analysis: the keys, the list, the
//! question, and where the order ends.

use cutover::app::{Outcome, Overlay, select};
use cutover::domain::{
    Action, Analysis, Offered, Order, Progress, Restart, RevisionNumber, Rollout, RolloutId,
    RolloutKind, Strength,
};

use crate::harness::fixtures::{NAME, NOW, Scene, noon};
use crate::harness::keyboard::Desk;

fn desk() -> Desk {
    Desk::watching(Scene::shifting().kept(false).shot())
}

fn undo(number: u32) -> Action {
    Action::Undo(RevisionNumber::new(number))
}

/// The name of the row under the cursor.
fn row(desk: &Desk) -> String {
    let (_, rows) = select::choices(&desk.state).unwrap();
    rows.into_iter().find(|row| row.selected).map(|row| row.name).unwrap_or_default()
}

fn accepted(desk: &mut Desk, rollout: Option<&str>) {
    let order = desk.orders()[0].id.clone();
    let progress = Progress::Accepted {
        request_id: None,
        answer: "the controller took it".into(),
        rollout: rollout.map(RolloutId::new),
    };
    desk.waits(500).happens(cutover::app::Event::Acted { order, progress });
}

fn outcome(desk: &Desk) -> Outcome {
    desk.state.cockpit().unwrap().track.as_ref().unwrap().outcome.clone()
}

/// The picture some seconds later.
fn later(
    seconds: i64,
    paused: bool,
    change: impl FnOnce(&mut Rollout),
) -> cutover::domain::Snapshot {
    Scene::shifting().at(NOW + seconds).kept(paused).rollout(change).shot()
}

#[test]
fn a_pause_is_a_key_and_a_yes_and_is_done_when_it_can_be_resumed() {
    let mut desk = desk();
    desk.presses("P");
    assert_eq!(desk.state.confirm().unwrap().permit.strength, Strength::Key);
    desk.presses("P");
    assert_eq!(desk.orders().len(), 0, "the key that asks never answers");
    desk.presses("y");
    assert_eq!(desk.orders()[0].action, Action::Pause);
    accepted(&mut desk, None);
    desk.sees(later(5, false, |_| {}));
    assert_eq!(outcome(&desk), Outcome::OnItsWay);
    desk.sees(later(6, true, |_| {}));
    assert_eq!(outcome(&desk), Outcome::Done);
    assert_eq!(desk.seen()[0], "pause: done");
    // What one has paused is one's own to resume: the key is on the screen.
    let resume = |hint: &select::Hint| hint.label == "resume";
    assert!(select::hints(&desk.state).iter().any(resume));
    desk.take();
    desk.presses("C").presses("y");
    assert_eq!(desk.orders()[0].action, Action::Resume);
    accepted(&mut desk, None);
    desk.sees(later(9, false, |_| {}));
    assert_eq!(outcome(&desk), Outcome::Done);
    assert!(!select::hints(&desk.state).iter().any(resume));
}

#[test]
fn an_open_question_to_pause_outlives_the_next_stage() {
    let mut desk = desk();
    desk.presses("P");
    desk.sees(Scene::baking().at(NOW + 2).kept(false).shot());
    desk.presses("y");
    assert_eq!(desk.orders().len(), 1, "{}", desk.complaint());
    // Everything else means something else there.
    let mut desk = Desk::watching(Scene::shifting().kept(true).shot());
    desk.presses("C");
    desk.sees(Scene::baking().at(NOW + 2).kept(true).shot());
    assert!(desk.complaint().contains("look again"), "{}", desk.complaint());
    desk.strikes("y");
    assert_eq!(desk.orders().len(), 0);
}

#[test]
fn a_restart_wants_the_name_and_ends_when_every_task_is_newer_than_it() {
    let mut desk = desk();
    desk.presses("T").presses("y");
    assert_eq!(desk.orders().len(), 0, "a yes is not enough");
    desk.presses("backspace");
    desk.types(NAME).presses("enter");
    let ordered = desk.orders()[0].at;
    accepted(&mut desk, None);
    let restart = |at, done| Some(Restart { asked: at, done });
    let earlier = noon(NOW - 600);
    desk.sees(later(30, false, |rollout| rollout.restart = restart(earlier, true)));
    assert_eq!(outcome(&desk), Outcome::OnItsWay, "that was the restart before");
    desk.sees(later(31, false, |rollout| rollout.restart = restart(ordered, false)));
    assert_eq!(outcome(&desk), Outcome::OnItsWay);
    let starting = Scene::shifting().at(NOW + 32).kept(false).blue_tasks(4, 3);
    desk.sees(starting.rollout(|rollout| rollout.restart = restart(ordered, true)).shot());
    assert_eq!(outcome(&desk), Outcome::OnItsWay, "one of them does not run yet");
    desk.sees(later(33, false, |rollout| rollout.restart = restart(ordered, true)));
    assert_eq!(outcome(&desk), Outcome::Done);
}

#[test]
fn a_revision_is_chosen_from_a_list_and_then_asked_about() {
    let mut desk = desk();
    desk.presses("U");
    assert!(matches!(desk.state.overlay, Some(Overlay::Choosing(_))));
    assert_eq!(row(&desk), "revision 7 (6c8f4d)");
    desk.presses("j").presses("j").presses("j");
    assert_eq!(row(&desk), "revision 4 (5d5e9c)");
    desk.presses("k").strikes("enter");
    assert_eq!(desk.orders().len(), 0, "the list only asks");
    let confirm = desk.state.confirm().unwrap();
    assert_eq!((confirm.permit.action, confirm.permit.strength), (undo(6), Strength::TypedName));
    desk.types(NAME).presses("enter");
    let [order] = desk.orders()[..] else { panic!("{:?}", desk.effects) };
    assert_eq!(order.action, undo(6));
    assert!(desk.seen().contains(&"undo: revision 6"), "{:?}", desk.seen());
}

#[test]
fn keys_of_the_first_moments_choose_nothing() {
    let mut desk = desk();
    desk.presses("U").strikes("enter");
    assert!(desk.state.confirm().is_none());
    desk.presses("esc");
    assert!(desk.state.overlay.is_none());
    assert_eq!(desk.orders().len(), 0);
}

#[test]
fn the_cursor_stays_on_its_row_when_rows_come_and_go() {
    let mut desk = desk();
    desk.presses("U").presses("j");
    assert_eq!(row(&desk), "revision 6 (77ab01)");
    let without = |number: u32| {
        move |rollout: &mut Rollout| {
            rollout.offers.retain(
                |offer| !matches!(offer, Offered::OneOf(one) if one.action == undo(number)),
            );
        }
    };
    desk.sees(later(1, false, without(7)));
    assert_eq!(row(&desk), "revision 6 (77ab01)");
    desk.sees(later(2, false, without(6)));
    assert_eq!(row(&desk), "", "it is gone, and no other one takes its place under the finger");
    desk.presses("enter");
    assert!(desk.state.confirm().is_none());
    assert!(desk.notice().contains("there is no such one"), "{}", desk.notice());
}

#[test]
fn one_alone_needs_no_list() {
    let only = Scene::shifting().kept(false).rollout(|rollout| {
        rollout
            .offers
            .retain(|offer| !matches!(offer, Offered::OneOf(one) if one.action != undo(4)));
    });
    let mut desk = Desk::watching(only.shot());
    desk.presses("U");
    assert_eq!(desk.state.confirm().unwrap().permit.action, undo(4));
}

#[test]
fn the_way_back_by_choice_ends_where_a_roll_back_does() {
    let mut desk = desk();
    desk.presses("U").presses("enter");
    assert_eq!(desk.state.confirm().unwrap().permit.strength, Strength::Key, "blue is healthy");
    desk.presses("y");
    accepted(&mut desk, Some("d-BACK"));
    let back = Scene::rolling_back().at(NOW + 20).rollout(|rollout| {
        rollout.id = RolloutId::new("d-BACK");
        rollout.kind = RolloutKind::Rollback { undoes: None };
    });
    desk.sees(back.shot());
    assert_eq!(outcome(&desk), Outcome::OnItsWay);
    let over = Scene::rolling_back().at(NOW + 60).listener(0.0).rollout(|rollout| {
        rollout.id = RolloutId::new("d-BACK");
        rollout.kind = RolloutKind::Rollback { undoes: None };
        rollout.phase = cutover::domain::Phase::Succeeded;
    });
    desk.sees(over.shot());
    assert_eq!(outcome(&desk), Outcome::Done);
}

#[test]
fn what_was_a_way_back_already_is_not_taken_for_the_way_back_that_was_ordered() {
    let aborted = |seconds: i64| {
        Scene::rolling_back().at(NOW + seconds).listener(0.0).kept(false).rollout(|rollout| {
            rollout.phase = cutover::domain::Phase::Succeeded;
        })
    };
    let mut desk = Desk::watching(aborted(0).shot());
    desk.presses("U").presses("enter").presses("y");
    accepted(&mut desk, Some("d-BACK"));
    desk.sees(aborted(5).shot());
    assert_eq!(outcome(&desk), Outcome::OnItsWay, "that was over before the order");
    let settled = aborted(9).rollout(|rollout| rollout.id = RolloutId::new("d-BACK"));
    desk.sees(settled.shot());
    assert_eq!(outcome(&desk), Outcome::Done);
}

#[test]
fn an_analysis_is_chosen_and_its_end_is_that_of_this_very_one() {
    let mut desk = desk();
    desk.presses("X").presses("j").presses("enter");
    let background = Action::Terminate(Analysis::Background);
    assert_eq!(desk.state.confirm().unwrap().permit.action, background);
    desk.types(NAME).presses("enter");
    let ordered: Order = desk.orders()[0].clone();
    assert_eq!(ordered.action, background);
    accepted(&mut desk, None);
    desk.sees(later(5, false, |_| {}));
    assert_eq!(outcome(&desk), Outcome::OnItsWay);
    let another = |rollout: &mut Rollout| {
        for offer in &mut rollout.offers {
            if let Offered::OneOf(one) = offer
                && one.action == background
            {
                one.call.params.retain(|(name, _)| name != "analysisRun");
                one.call.params.push(("analysisRun".into(), "checkout-8.1".into()));
            }
        }
    };
    desk.sees(later(6, false, another));
    assert_eq!(outcome(&desk), Outcome::Done, "the next one of its kind is another one");
}

#[test]
fn where_there_is_nothing_of_the_kind_the_reason_is_said() {
    let mut desk = Desk::watching(Scene::shifting().shot());
    for (key, words) in
        [("P", "pause"), ("C", "resume"), ("T", "restart"), ("U", "undo"), ("X", "terminate")]
    {
        desk.presses(key);
        let said = format!("{words}: not possible, this control plane has no such order");
        assert_eq!(desk.notice(), said);
        assert!(desk.state.overlay.is_none());
    }
}
