//! What holds in every world at every moment: shares make a whole, stages only go forward, and the
//! judge and the control plane are of one mind.

use cutover::domain::{Percent, Refusal, StageState};
use cutover::sim::services::{self, Service};
use cutover::sim::value::{Value, map};
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

use super::*;

/// A world with its target, and the story so far.
async fn bench(scenario: &str, seconds: i64) -> Bench {
    let target = Scenario::named(scenario).unwrap().target(7);
    let bench = Bench::target(scenario, &target).await;
    bench.pass(seconds);
    bench
}

/// But for those of a cluster: there an order waits for the controller, and here only the test lets time
/// go by.
fn any_scenario() -> impl Strategy<Value = &'static str> {
    let named = |name: &&str| Scenario::named(name).unwrap().argo.is_none();
    proptest::sample::select(Scenario::names().filter(named).collect::<Vec<_>>())
}

fn in_a_runtime(
    story: impl Future<Output = Result<(), TestCaseError>>,
) -> Result<(), TestCaseError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(story)
}

/// How far a stage is; what has ended stays as it ended.
fn rank(state: &StageState) -> u8 {
    match state {
        StageState::Pending => 0,
        StageState::Running => 1,
        StageState::Done | StageState::Failed | StageState::Skipped => 2,
    }
}

fn shares_make_a_whole(picture: &Snapshot) -> Result<(), TestCaseError> {
    let Some(rollout) = picture.rollout() else { return Ok(()) };
    let listener = rollout.traffic.listener.value().and_then(|seen| match seen {
        cutover::domain::ListenerSplit::Split(split) => Some(*split),
        _ => None,
    });
    for split in rollout.traffic.planned.value().copied().into_iter().chain(listener) {
        let (blue, green) = (split.blue().get(), split.green.get());
        prop_assert!((0.0..=100.0).contains(&blue) && (0.0..=100.0).contains(&green));
        prop_assert!((blue + green - 100.0).abs() < 1e-9, "{blue} and {green}");
    }
    Ok(())
}

/// One rollout, before and after some time without an order.
fn goes_forward(before: &Rollout, after: &Rollout) -> Result<(), TestCaseError> {
    if before.phase.is_over() {
        prop_assert_eq!(&before.phase, &after.phase, "what is over stays over");
    }
    for (old, new) in before.stages.iter().zip(&after.stages) {
        if old.kind != new.kind {
            continue;
        }
        let fine = match (rank(&old.state), rank(&new.state)) {
            (2, 2) => old.state == new.state,
            (old, new) => old <= new,
        };
        prop_assert!(fine, "{:?}: {:?} became {:?}", old.kind, old.state, new.state);
    }
    Ok(())
}

/// The call that an action would have been, where the control plane itself has a word in it.
fn unasked(picture: &Snapshot, action: Action, why: &Refusal) -> Option<(&'static str, Value)> {
    let rollout = picture.rollout()?;
    // Rules of this program that are stricter than the control plane's.
    let own = matches!(
        why,
        Refusal::BlueIsGoing
            | Refusal::AlreadyGoingBack
            | Refusal::StateUnknown
            | Refusal::ManagedBy(_)
    );
    if own || !rollout.id.as_str().starts_with("d-") {
        return None;
    }
    let id = Value::from(rollout.id.as_str());
    let wait =
        |kind: &str| map([("deploymentId", id.clone()), ("deploymentWaitType", kind.into())]);
    match action {
        Action::Continue => Some(("ContinueDeployment", wait("READY_WAIT"))),
        Action::Finish => Some(("ContinueDeployment", wait("TERMINATION_WAIT"))),
        Action::Stop => Some(("StopDeployment", map([("deploymentId", id)]))),
        // No call of one deployment: it is undone, or CodeDeploy has nothing of the kind.
        _ => None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(8) })]

    #[test]
    fn stages_go_forward_and_shares_make_a_whole(
        scenario in any_scenario(),
        begin in 0_i64..1200,
        steps in prop::collection::vec(5_i64..240, 8),
    ) {
        in_a_runtime(async {
            let mut bench = bench(scenario, begin).await;
            let mut before: Option<Rollout> = None;
            for step in steps {
                let picture = bench.look().await;
                shares_make_a_whole(&picture)?;
                let after = picture.rollout().cloned();
                if let (Some(before), Some(after)) = (&before, &after)
                    && before.id == after.id
                {
                    goes_forward(before, after)?;
                }
                before = after;
                bench.pass(step);
            }
            Ok(())
        })?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(24) })]

    #[test]
    fn what_is_permitted_is_taken_and_what_is_not_would_be_refused(
        scenario in any_scenario(),
        moment in 0_i64..4000,
        action in 0_usize..5,
        share in 0_u8..=100,
    ) {
        in_a_runtime(async {
            let mut bench = bench(scenario, moment).await;
            let picture = bench.look().await;
            let shift = Action::Shift(Percent::new(share).unwrap());
            let action = Action::ALL.get(action).copied().unwrap_or(shift);
            match permit(&picture, action, &Policy::default()) {
                Ok(_) => {
                    let order = bench.order(&picture, action);
                    let said = bench.carry_out(&order).await;
                    prop_assert!(matches!(said, Ok(Progress::Accepted { .. })), "{action:?}: {said:?}");
                }
                Err(why) => {
                    let Some((operation, input)) = unasked(&picture, action, &why) else {
                        return Ok(());
                    };
                    let answer = bench.simulator.with_world(|world| {
                        services::handle(world, Service::CodeDeploy, operation, &input)
                    });
                    prop_assert!(answer.is_err(), "{action:?} was refused, {why}: it would be taken");
                }
            }
            Ok(())
        })?;
    }
}
