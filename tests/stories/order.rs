//! An order followed from the key to its end.

use cutover::app::select::{self, Can, May, StepKind, StepState};
use cutover::app::{Effect, Event, Outcome, SeenBy};
use cutover::domain::{
    Change, Fact, Fault, FaultKind, ListenerSplit, OrderId, Phase, Point, Progress, Rollout,
    RolloutId, RolloutKind, Split,
};

use crate::harness::fixtures::{NAME, NOW, ROLLBACK, ROLLOUT, Scene, fault, noon};
use crate::harness::keyboard::Desk;

/// A roll back that was confirmed, two seconds after the picture.
fn ordered() -> (Desk, OrderId) {
    let mut desk = Desk::watching(Scene::shifting().shot());
    desk.presses("R").presses("y");
    let id = desk.orders()[0].id.clone();
    (desk, id)
}

fn acted(desk: &mut Desk, order: &OrderId, progress: Progress) {
    desk.happens(Event::Acted { order: order.clone(), progress });
}

fn accepted() -> Progress {
    Progress::Accepted { request_id: None, answer: "Succeeded".into(), rollout: None }
}

fn lost() -> Fault {
    fault(FaultKind::Timeout, "codedeploy:StopDeployment")
}

/// The steps as letters: done, running, pending, failed.
fn rail(desk: &Desk) -> String {
    let letter = |state| match state {
        StepState::Done { .. } => 'd',
        StepState::Running => 'r',
        StepState::Pending => 'p',
        StepState::Failed => 'f',
    };
    select::steps(&desk.state).unwrap().list.iter().map(|step| letter(step.state)).collect()
}

fn outcome(desk: &Desk) -> Outcome {
    desk.state.cockpit().unwrap().track.as_ref().unwrap().outcome.clone()
}

#[test]
fn a_roll_back_is_followed_to_steady() {
    let (mut desk, id) = ordered();
    assert_eq!(rail(&desk), "rpppp");
    desk.waits(100);
    acted(&mut desk, &id, Progress::Sent);
    assert_eq!(rail(&desk), "drppp");
    desk.waits(300);
    acted(&mut desk, &id, accepted());
    assert_eq!(rail(&desk), "ddrpp");
    assert_eq!(desk.notice(), "roll back: accepted in 0.4 s");

    desk.sees(Scene::stopped().at(NOW + 5).leads_to_rollback().shot());
    assert_eq!(rail(&desk), "dddrp", "the rollback is named: the traffic begins to move");
    desk.sees(Scene::rolling_back().at(NOW + 8).shot());
    assert_eq!(rail(&desk), "dddrp", "no status is a proof of traffic");
    desk.sees(Scene::rolling_back().at(NOW + 11).listener(0.0).shot());
    assert_eq!(rail(&desk), "ddddr");
    assert_eq!(select::strip(&desk.state).can, Can::Done);

    let steady = Scene::rolling_back().at(NOW + 60).listener(0.0);
    desk.sees(steady.rollout(|rollout| rollout.phase = Phase::Succeeded).shot());
    assert_eq!(rail(&desk), "ddddd");
    assert_eq!(outcome(&desk), Outcome::Done);

    let steps = select::steps(&desk.state).unwrap();
    assert_eq!(steps.follows, Some(RolloutId::new(ROLLBACK)));
    assert_eq!(steps.seen_by, Some(SeenBy::Listener));
    let restored = steps.list.iter().find(|step| step.kind == StepKind::Restored).unwrap();
    let StepState::Done { after: Some(after) } = restored.state else { panic!("{restored:?}") };
    assert_eq!(after.as_secs(), 9, "since the key");
    assert_eq!(
        desk.seen(),
        [
            "roll back: done",
            "restored: the listener sends everything back",
            "listener: blue 100, green 0",
            "d-9RB1K7QWZ undoes d-7XQ2M4KPL",
            "roll back: accepted in 0.4 s",
            "roll back d-7XQ2M4KPL",
        ]
    );
}

#[test]
fn the_listener_as_it_was_before_the_order_proves_nothing() {
    let mut desk = Desk::watching(Scene::awaiting().shot());
    desk.presses("R").presses("y");
    let id = desk.orders()[0].id.clone();
    acted(&mut desk, &id, accepted());
    desk.sees(Scene::stopped().listener(0.0).shot());
    assert_eq!(rail(&desk), "ddrpp");
    desk.sees(Scene::stopped().at(NOW + 9).listener(0.0).shot());
    assert_eq!(rail(&desk), "ddddr");
}

#[test]
fn requests_count_only_from_minutes_after_the_order() {
    let (mut desk, id) = ordered();
    acted(&mut desk, &id, accepted());
    // The listener is not readable; the requests of the last 40 minutes are 98.6 % blue anyway.
    let blind = |at: i64, blue: Point, green: Point| {
        let scene = Scene::rolling_back().at(at).rollout(|r| r.traffic.listener = Fact::Unasked);
        scene.picture(|picture| {
            if let Fact::Known { value, .. } = &mut picture.metrics {
                value.start = noon(at - at.rem_euclid(60) - 39 * 60);
                value.blue.requests = vec![Point::Value(27_000.0); 39];
                value.green.requests = vec![Point::Absent; 39];
                value.blue.requests.push(blue);
                value.green.requests.push(green);
            }
        })
    };
    desk.sees(blind(NOW + 10, Point::Value(27_000.0), Point::Absent).shot());
    assert_eq!(rail(&desk), "dddrp", "the minute of the order is not after it");
    desk.sees(blind(NOW + 60, Point::Value(980.0), Point::Value(20.0)).shot());
    assert_eq!(rail(&desk), "dddrp", "98 % is not restored");
    let (mut desk, id) = ordered();
    acted(&mut desk, &id, accepted());
    desk.sees(blind(NOW + 60, Point::Value(9_950.0), Point::Value(50.0)).shot());
    assert_eq!(rail(&desk), "ddddr");
    assert_eq!(select::steps(&desk.state).unwrap().seen_by, Some(SeenBy::Requests));
}

#[test]
fn a_rollback_that_fails_rings_and_names_the_next_safe_step() {
    let (mut desk, id) = ordered();
    acted(&mut desk, &id, accepted());
    desk.sees(Scene::rolling_back().at(NOW + 8).shot()).take();
    let failed = |at| {
        let scene = Scene::rolling_back().at(at);
        scene.rollout(|rollout| rollout.phase = Phase::Failed).shot()
    };
    desk.sees(failed(NOW + 20));
    assert_eq!(desk.take(), [Effect::Bell]);
    assert_eq!(
        desk.notice(),
        "the rollback d-9RB1K7QWZ failed; next: look where the traffic line says the traffic is, \
         then ask for roll back again, which deploys the previous revision anew"
    );
    assert_eq!(rail(&desk), "dddfp");
    desk.sees(failed(NOW + 25));
    assert_eq!(desk.take(), [], "it rings once");
}

#[test]
fn a_stop_that_no_rollback_follows_is_a_failure_after_a_while() {
    let (mut desk, id) = ordered();
    acted(&mut desk, &id, accepted());
    desk.sees(Scene::stopped().at(NOW + 60).shot());
    assert_eq!(outcome(&desk), Outcome::OnItsWay);
    desk.sees(Scene::stopped().at(NOW + 130).shot());
    let Outcome::Failed(why) = outcome(&desk) else { panic!("{:?}", outcome(&desk)) };
    assert!(why.starts_with("the rollout was stopped and no rollback has begun"), "{why}");
}

#[test]
fn a_stop_before_any_traffic_moved_needs_no_rollback() {
    let (mut desk, id) = ordered();
    acted(&mut desk, &id, accepted());
    desk.sees(Scene::stopped().at(NOW + 130).listener(0.0).shot());
    assert_eq!(outcome(&desk), Outcome::Done);
}

#[test]
fn a_lost_answer_is_resolved_by_reading() {
    let (mut desk, id) = ordered();
    acted(&mut desk, &id, Progress::Sent);
    acted(&mut desk, &id, Progress::Unknown { fault: lost() });
    assert_eq!(outcome(&desk), Outcome::Unknown(lost()));
    desk.sees(Scene::stopped().at(NOW + 5).shot());
    assert_eq!(outcome(&desk), Outcome::OnItsWay);
    assert_eq!(desk.seen()[0], "roll back: it was taken, as reading shows");
}

#[test]
fn a_lost_answer_without_effect_is_said_to_have_failed() {
    let (mut desk, id) = ordered();
    acted(&mut desk, &id, Progress::Sent);
    acted(&mut desk, &id, Progress::Unknown { fault: lost() });
    desk.sees(Scene::shifting().at(NOW + 20).shot());
    assert_eq!(outcome(&desk), Outcome::Unknown(lost()), "it may still show");
    desk.sees(Scene::shifting().at(NOW + 40).shot());
    assert_eq!(
        outcome(&desk),
        Outcome::Failed(
            "roll back: the answer was lost and nothing has changed, so it did not arrive; next: \
             ask again"
                .into()
        )
    );
}

#[test]
fn a_worker_that_breaks_leaves_the_order_unknown_not_on_its_way() {
    let (mut desk, _) = ordered();
    desk.happens(Event::Broken("the worker stopped: out of memory".into()));
    assert!(matches!(outcome(&desk), Outcome::Unknown(_)));
    desk.presses("R");
    assert!(desk.state.confirm().is_some(), "the way back stays open");
}

#[test]
fn a_second_order_waits_for_the_answer_to_the_first() {
    let (mut desk, id) = ordered();
    desk.presses("S");
    assert_eq!(
        desk.notice(),
        "stop: not possible, an order is on its way; it is answered within seconds"
    );
    acted(&mut desk, &id, Progress::Refused { fault: fault(FaultKind::Server, "x") });
    desk.presses("S");
    assert!(desk.state.confirm().is_some());
}

#[test]
fn a_continued_shift_can_be_rolled_back_at_once() {
    let mut desk = Desk::watching(Scene::awaiting().shot());
    desk.presses("c").presses("y");
    let id = desk.orders()[0].id.clone();
    acted(&mut desk, &id, accepted());
    assert_eq!(rail(&desk), "ddr");
    desk.presses("R").presses("y");
    assert_eq!(desk.orders().len(), 2);
}

#[test]
fn a_continue_is_done_when_traffic_moves() {
    let mut desk = Desk::watching(Scene::awaiting().shot());
    desk.presses("c").presses("y");
    let id = desk.orders()[0].id.clone();
    acted(&mut desk, &id, accepted());
    desk.sees(Scene::awaiting().at(NOW + 3).shot());
    assert_eq!(rail(&desk), "ddr");
    desk.sees(Scene::shifting().at(NOW + 6).shot());
    assert_eq!((rail(&desk).as_str(), outcome(&desk)), ("ddd", Outcome::Done));
}

#[test]
fn a_stop_and_a_finish_have_their_own_ends() {
    for (scene, key, end) in
        [(Scene::shifting(), "S", Scene::stopped()), (Scene::baking(), "F", Scene::succeeded())]
    {
        let mut desk = Desk::watching(scene.shot());
        desk.presses(key).types(NAME).strikes("enter");
        let id = desk.orders()[0].id.clone();
        acted(&mut desk, &id, accepted());
        desk.sees(end.at(NOW + 30).shot());
        assert_eq!((rail(&desk).as_str(), outcome(&desk)), ("ddd", Outcome::Done), "{key}");
    }
}

#[test]
fn nothing_sent_is_said_as_that() {
    let change = Change::Blue { from: 4, to: 1 };
    for (progress, said) in [
        (Progress::Void { change }, "roll back: nothing was sent, blue has 1 running tasks, not 4"),
        (
            Progress::NotAudited { why: "disk full".into() },
            "roll back: nothing was sent, the audit file could not be written: disk full",
        ),
    ] {
        let (mut desk, id) = ordered();
        acted(&mut desk, &id, progress);
        assert_eq!(desk.notice(), said);
        assert_eq!(rail(&desk), "fpppp");
    }
}

#[test]
fn permissions_are_learned_from_answers() {
    let (mut desk, id) = ordered();
    assert_eq!(select::strip(&desk.state).may, May::Unknown);
    let permission = "codedeploy:StopDeployment".to_owned();
    let denied = FaultKind::Denied { permission: permission.clone() };
    acted(&mut desk, &id, Progress::Refused { fault: fault(denied, &permission) });
    assert_eq!(select::strip(&desk.state).may, May::Missing(permission.clone()));
    desk.presses("R");
    assert_eq!(
        desk.notice(),
        "roll back: not possible, no permission for codedeploy:StopDeployment; ask someone whose \
         role may, or add it to the role"
    );

    let (mut desk, id) = ordered();
    acted(&mut desk, &id, accepted());
    assert_eq!(desk.state.cockpit().unwrap().known_permissions, [permission]);
}

#[test]
fn a_new_deployment_is_found_again_by_the_orders_id() {
    let mut desk = Desk::watching(Scene::succeeded().shot());
    desk.presses("R").types(NAME).strikes("enter");
    let id = desk.orders()[0].id.clone();
    let cli = desk.orders()[0].call.cli(None);
    assert!(cli.contains(&format!("--description 'cutover: prod-admin {id}'")), "{cli}");
    acted(&mut desk, &id, Progress::Sent);
    acted(&mut desk, &id, Progress::Unknown { fault: lost() });
    let anew = |rollout: &mut Rollout| {
        rollout.id = RolloutId::new("d-NEW111111");
        rollout.description = Some(format!("cutover: prod-admin {id}"));
    };
    desk.sees(Scene::preparing().at(NOW + 9).rollout(anew).shot());
    assert_eq!(select::steps(&desk.state).unwrap().follows, Some(RolloutId::new("d-NEW111111")));
    assert_eq!(rail(&desk), "ddrpp");
    // The previous revision is the green of the new deployment: there the traffic has to arrive.
    desk.sees(Scene::baking().at(NOW + 900).rollout(anew).shot());
    assert_eq!(rail(&desk), "ddddr");
}

#[test]
fn a_rollback_found_at_the_start_is_told_too() {
    let desk = Desk::watching(Scene::rolling_back().shot());
    let steps = select::steps(&desk.state).unwrap();
    assert!(!steps.ours);
    assert_eq!(steps.about, Some(RolloutId::new(ROLLOUT)));
    assert_eq!(steps.since, Some(noon(NOW)));
    assert_eq!(rail(&desk), "dddrp");
    let desk = Desk::watching(Scene::rolling_back().listener(0.0).shot());
    assert_eq!(rail(&desk), "ddddr");
}

#[test]
fn a_rollback_of_somebody_else_that_fails_rings_too() {
    let mut desk = Desk::watching(Scene::rolling_back().shot());
    let failed = Scene::rolling_back().at(NOW + 20).rollout(|r| r.phase = Phase::Failed);
    desk.sees(failed.shot());
    assert_eq!(desk.take(), [Effect::Bell]);
    assert!(desk.notice().starts_with("the rollback d-9RB1K7QWZ failed; next:"));
}

#[test]
fn the_next_rollout_ends_the_story_of_the_last_order() {
    let (mut desk, id) = ordered();
    acted(&mut desk, &id, Progress::Refused { fault: fault(FaultKind::Server, "x") });
    let next = Scene::preparing().at(NOW + 500).rollout(|rollout| {
        rollout.id = RolloutId::new("d-NEXT22222");
        rollout.kind = RolloutKind::Rollout;
    });
    desk.sees(next.shot());
    assert_eq!(select::steps(&desk.state), None);
    assert!(desk.seen().contains(&"d-NEXT22222 is a new rollout"));
}

#[test]
fn an_order_ends_a_rest() {
    let mut desk = Desk::watching(Scene::shifting().shot());
    desk.presses("p");
    assert_eq!(desk.take(), [Effect::Rest(true)]);
    desk.presses("R").presses("y");
    assert_eq!(desk.effects.last(), Some(&Effect::Rest(false)));
    assert!(!desk.state.cockpit().unwrap().rests);
}

#[test]
fn traffic_that_never_left_blue_is_restored_as_soon_as_it_is_read() {
    let (mut desk, id) = ordered();
    acted(&mut desk, &id, accepted());
    let split = Split::ALL_BLUE;
    let mixed = |rollout: &mut Rollout| {
        let held = ListenerSplit::Mixed(vec![split, split]);
        rollout.traffic.listener = Fact::known(held, noon(NOW + 9));
    };
    desk.sees(Scene::stopped().at(NOW + 9).rollout(mixed).shot());
    assert_eq!(rail(&desk), "ddddr", "rules that all say blue agree");
}

#[test]
fn between_stop_and_rollback_the_way_back_is_not_ordered_twice() {
    let (mut desk, id) = ordered();
    assert_eq!(select::strip(&desk.state).can, Can::GoingBack);
    acted(&mut desk, &id, accepted());
    desk.sees(Scene::stopped().at(NOW + 5).shot()).presses("R");
    assert_eq!(desk.notice(), "roll back: not possible, already on the way back");
    assert_eq!(select::strip(&desk.state).can, Can::GoingBack);
}

#[test]
fn the_end_of_the_old_rollout_says_nothing_about_a_new_deployment() {
    let mut desk = Desk::watching(Scene::stopped().leads_to_rollback().shot());
    desk.presses("R").types(NAME).strikes("enter");
    desk.sees(Scene::stopped().at(NOW + 200).leads_to_rollback().shot());
    assert_eq!(rail(&desk), "rpppp", "it is not even taken");
}
