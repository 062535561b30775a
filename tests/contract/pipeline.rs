//! The pipeline in front of a rollout: what started it, and its approval as a gate.

use cutover::domain::{
    EventKind, FaultKind, Gate, Means, Offered, Pipeline, PipelineApproval, Refusal, Source,
    Strength,
};

use super::*;

async fn waiting() -> (Bench, Snapshot) {
    let mut bench = Bench::group("pipeline").await;
    for _ in 0..60 {
        let picture = bench.look().await;
        if approval(&picture).is_some() {
            return (bench, picture);
        }
        bench.pass(10);
    }
    panic!("nothing waits");
}

fn pipeline(picture: &Snapshot) -> &Pipeline {
    picture.pipeline.value().unwrap().as_ref().unwrap()
}

fn approval(picture: &Snapshot) -> Option<&PipelineApproval> {
    picture.pipeline.value()?.as_ref()?.approval.as_ref()
}

/// The order with a person's words, as the dialog puts them.
fn with_words(mut order: Order, words: &str) -> Order {
    for (name, value) in &mut order.call.params {
        if name == "result" {
            value["summary"] = words.into();
        }
    }
    order
}

#[tokio::test]
async fn an_approval_that_waits_is_a_gate_with_the_commit_it_is_about() {
    let (bench, picture) = waiting().await;
    let seen = rollout(&picture);
    let waits = approval(&picture).unwrap();
    assert_eq!((waits.stage.as_str(), waits.action.as_str()), ("Approval", "Approve"));
    let source = waits.run.as_ref().unwrap().source.as_ref().unwrap();
    assert_eq!((source.id.len(), source.message.as_deref()), (40, Some("release 1.9.0")));
    assert!(matches!(&seen.gate, Some(Gate::Hook { id }) if id.contains("shop/Approval/Approve")));
    for (action, means, status) in
        [(Action::Continue, Means::Approve, "Approved"), (Action::Stop, Means::Reject, "Rejected")]
    {
        let permit = permit(&picture, action, &Policy::default()).unwrap();
        assert_eq!((permit.means, permit.strength), (means, Strength::Words));
        let line = permit.call.cli(None);
        assert!(line.starts_with("aws codepipeline put-approval-result --pipeline-name shop"));
        assert!(line.contains(status) && line.contains("--token"), "{line}");
    }
    let told = |event: &&cutover::domain::TimelineEvent| event.text.contains("waits for approval");
    assert_eq!(picture.events.iter().find(told).unwrap().kind, EventKind::Hook);
    let printed = serde_json::to_string(&picture).unwrap();
    let token = bench.order(&picture, Action::Continue).call.params[3].1.clone();
    let pipeline = serde_json::to_value(pipeline(&picture)).unwrap().to_string();
    assert!(!pipeline.contains(token.as_str().unwrap()) && printed.contains("release 1.9.0"));
}

#[tokio::test]
async fn an_approval_in_ones_own_words_starts_the_rollout() {
    let (mut bench, picture) = waiting().await;
    let order = with_words(bench.order(&picture, Action::Continue), "looks good");
    assert!(matches!(bench.carry_out(&order).await, Ok(Progress::Accepted { .. })));
    let before = rollout(&picture).id.clone();
    let started = bench.until(|seen| seen.id != before).await;
    let run = pipeline(&started).run.clone().unwrap();
    assert_eq!(run.source.unwrap().message.as_deref(), Some("release 1.9.0"));
    assert_eq!((run.trigger.as_deref(), run.status.as_str()), (Some("WebhookV2"), "InProgress"));
    assert_eq!(approval(&started), None);
    let told = started.events.iter().any(|event| event.text.contains("started by WebhookV2"));
    assert!(told, "{:?}", started.events);
    let calls = bench.simulator.calls();
    let sent = calls.iter().find(|call| call.operation == "PutApprovalResult").unwrap();
    assert_eq!(sent.input.get("result").text("summary"), Some("looks good"));
    bench.until(|seen| seen.phase == Phase::Succeeded).await;
}

#[tokio::test]
async fn a_refusal_starts_nothing() {
    let (mut bench, picture) = waiting().await;
    let order = with_words(bench.order(&picture, Action::Stop), "not on a Friday");
    assert!(matches!(bench.carry_out(&order).await, Ok(Progress::Accepted { .. })));
    bench.pass(120);
    let later = bench.look().await;
    assert_eq!(rollout(&later).id, rollout(&picture).id);
    assert_eq!(approval(&later), None);
    assert!(rollout(&later).offer(Action::Continue).is_err());
}

#[tokio::test]
async fn an_approval_that_somebody_else_has_answered_is_answered_once() {
    let (bench, picture) = waiting().await;
    let order = with_words(bench.order(&picture, Action::Continue), "looks good");
    let mine = with_words(bench.order(&picture, Action::Stop), "mine");
    assert!(matches!(bench.aws.send(&order).await, Progress::Accepted { .. }));
    // Whoever reads again is stopped before anything is sent.
    assert!(bench.carry_out(&mine).await.is_err());
    assert_eq!(bench.arrived("PutApprovalResult"), 1);
    // And who was faster than that is refused.
    let Progress::Refused { fault } = bench.aws.send(&mine).await else { panic!("not refused") };
    assert!(matches!(fault.kind, FaultKind::Rejected { .. }));
    assert!(fault.message.contains("has been answered already"), "{fault}");
}

#[tokio::test]
async fn an_answer_that_was_lost_is_found_by_its_words() {
    for (fault, done) in [("drop-after*1", true), ("drop-before*1", false)] {
        let (bench, picture) = waiting().await;
        let order = with_words(bench.order(&picture, Action::Continue), "looks good 7");
        bench.fault(&format!("codepipeline.PutApprovalResult={fault}"));
        let Ok(Progress::Unknown { fault: lost }) = bench.carry_out(&order).await else {
            panic!("{fault}: somebody is sure")
        };
        let found = bench.aws.reconcile(&order, lost).await;
        assert_eq!(matches!(found, Progress::Accepted { .. }), done, "{fault}: {found:?}");
        assert_eq!(bench.arrived("PutApprovalResult"), 1);
    }
}

#[tokio::test]
async fn who_may_not_look_at_pipelines_is_not_held_up_by_that() {
    let mut bench = Bench::group("canary").await;
    bench.fault("codepipeline=deny");
    let picture = bench.reach(&Phase::Shifting).await;
    let denied = FaultKind::Denied { permission: "codepipeline:ListPipelines".into() };
    assert_eq!(picture.pipeline.fault().unwrap().kind, denied);
    let order = bench.order(&picture, Action::RollBack);
    assert!(matches!(bench.carry_out(&order).await, Ok(Progress::Accepted { .. })));
}

#[tokio::test]
async fn who_cannot_look_at_pipelines_just_now_is_told_and_not_held_up() {
    let mut bench = Bench::group("canary").await;
    bench.fault("codepipeline=throttle");
    let looking = tokio::time::timeout(Duration::from_secs(30), bench.look());
    let picture = looking.await.expect("the look waits for an answer that does not come");
    let reading = &picture.readings[&Source::CodePipeline];
    assert_eq!(reading.fault.as_ref().unwrap().kind, FaultKind::Throttled);
    assert!(rollout(&picture).offer(Action::RollBack).is_ok());
}

#[tokio::test]
async fn without_a_pipeline_nothing_is_asked_again_for_long() {
    let mut bench = Bench::group("canary").await;
    let picture = bench.look().await;
    assert_eq!(picture.pipeline.value(), Some(&None));
    bench.watch_for(600, picture).await;
    assert_eq!(bench.arrived("ListPipelines"), 1);
    let refused = rollout(&bench.look().await).offer(Action::Continue);
    assert_eq!(refused, Err(Refusal::NoGate));
    let offers = rollout(&bench.look().await).offers.clone();
    assert!(
        offers
            .iter()
            .all(|offer| !matches!(offer, Offered::Possible { means: Means::Approve, .. }))
    );
}

/// The rollout that the approval has started, to its end.
async fn delivered() -> (Bench, Snapshot) {
    let (mut bench, picture) = waiting().await;
    let order = with_words(bench.order(&picture, Action::Continue), "looks good");
    assert!(matches!(bench.carry_out(&order).await, Ok(Progress::Accepted { .. })));
    let before = rollout(&picture).id.clone();
    bench.until(|seen| seen.id != before && seen.phase == Phase::Baking).await;
    bench.pass(3600);
    bench.until(|seen| seen.phase == Phase::Succeeded).await;
    bench.pass(60);
    let picture = bench.look().await;
    (bench, picture)
}

#[tokio::test]
async fn the_stage_is_led_back_to_what_an_earlier_execution_delivered() {
    let (mut bench, picture) = Box::pin(delivered()).await;
    let earlier = &pipeline(&picture).earlier;
    let source = earlier[0].source.as_ref().unwrap();
    assert_eq!(source.message.as_deref(), Some("release 1.8.2"), "not the one that serves");
    let first = Action::Undo(cutover::domain::RevisionNumber::new(1));
    let names: Vec<_> = rollout(&picture).candidates(Action::UNDO).map(|one| &one.name).collect();
    assert_eq!(names.len(), earlier.len());
    assert!(names[0].ends_with("release 1.8.2"), "{names:?}");
    let order = bench.order(&picture, first);
    assert!(order.call.cli(None).starts_with("aws codepipeline rollback-stage"), "{order:?}");
    assert!(matches!(bench.carry_out(&order).await, Ok(Progress::Accepted { .. })));
    let before = rollout(&picture).id.clone();
    let back = bench.until(|seen| seen.id != before).await;
    let run = pipeline(&back).run.clone().unwrap();
    assert_eq!(run.trigger.as_deref(), Some("ManualRollback"));
    assert!(pipeline(&back).earlier.is_empty(), "the stage deploys");
    let done = bench.until(|seen| seen.id != before && seen.phase == Phase::Baking).await;
    let serves = rollout(&done).green.revision.value().unwrap().name.clone();
    assert_eq!(serves, rollout(&picture).blue.revision.value().unwrap().name);
}

#[tokio::test]
async fn a_way_back_whose_answer_was_lost_is_found_by_its_target() {
    for (fault, done) in [("drop-after*1", true), ("drop-before*1", false)] {
        let (bench, picture) = Box::pin(delivered()).await;
        let order = bench.order(&picture, Action::Undo(cutover::domain::RevisionNumber::new(1)));
        bench.fault(&format!("codepipeline.RollbackStage={fault}"));
        let Ok(Progress::Unknown { fault: lost }) = bench.carry_out(&order).await else {
            panic!("{fault}: somebody is sure")
        };
        let found = bench.aws.reconcile(&order, lost).await;
        assert_eq!(matches!(found, Progress::Accepted { .. }), done, "{fault}: {found:?}");
        assert_eq!(bench.arrived("RollbackStage"), 1);
    }
}

#[tokio::test]
async fn the_stage_is_led_back_while_the_next_release_waits_for_its_approval() {
    let (bench, picture) = waiting().await;
    let order = bench.order(&picture, Action::Undo(cutover::domain::RevisionNumber::new(1)));
    assert!(matches!(order.expected.gate, Some(Gate::Hook { .. })), "{:?}", order.expected);
    assert!(matches!(bench.carry_out(&order).await, Ok(Progress::Accepted { .. })));
    assert_eq!((bench.arrived("RollbackStage"), bench.arrived("PutApprovalResult")), (1, 0));
}
