//! What is seen: stories to their end, broken watches, absent things.

use cutover::domain::{
    Fact, FaultKind, GuardState, ListenerSplit, NextStep, Phase, RolloutKind, Snapshot, Source,
    Split, StageKind, StageState,
};

use super::{Story, rollout};

#[tokio::test]
async fn a_blue_green_is_followed_from_the_analysis_to_the_end_of_blue() {
    let mut story = Story::playing("bluegreen-success", 2_000).await;
    let seen = story.look().await;
    assert_eq!(rollout(&seen).phase, Phase::Validating);
    assert_eq!(seen.identity.value().unwrap().arn, "ada");
    assert_eq!(rollout(&seen).blue.tasks.value().unwrap().running, 3);
    assert_eq!(rollout(&seen).blue.target_group.as_deref(), Some("app-active"));
    assert_eq!(rollout(&seen).green.target_group.as_deref(), Some("app-preview"));
    assert_eq!(seen.guards.value().unwrap()[0].name, "ok-rate (before promotion)");
    assert_eq!(seen.guards.value().unwrap()[0].state, GuardState::Ok);

    story.play(6_300);
    let seen = story.until(|seen| rollout(seen).phase == Phase::AwaitingApproval).await;
    let all_blue = ListenerSplit::Split(Split::ALL_BLUE);
    assert_eq!(rollout(&seen).traffic.listener.value(), Some(&all_blue));

    // Promoted: the old version is kept for ten seconds, and the cluster says until when.
    story.play(9_500);
    let seen = story.until(|seen| rollout(seen).phase == Phase::Baking).await;
    let until = rollout(&seen).instant_rollback_until.unwrap();
    assert!(until.exact);
    assert_eq!(rollout(&seen).next.as_ref().unwrap().due, until);
    let all_green = ListenerSplit::Split(Split::ALL_GREEN);
    assert_eq!(rollout(&seen).traffic.listener.value(), Some(&all_green));
    assert!(!seen.events.is_empty());
    let kinds: Vec<_> = rollout(&seen).stages.iter().map(|stage| &stage.kind).collect();
    assert_eq!(kinds[0], &StageKind::GreenTasks);
    assert_eq!(kinds[kinds.len() - 1], &StageKind::RemoveBlue);

    story.play(30_000);
    let seen = story.until(|seen| rollout(seen).phase == Phase::Succeeded).await;
    assert!(rollout(&seen).stages.iter().all(|stage| stage.state == StageState::Done));
    assert_eq!(rollout(&seen).blue.tasks.value().unwrap().running, 0);
}

#[tokio::test]
async fn a_healthy_word_does_not_hide_that_the_router_still_has_the_old_weights() {
    // For a tenth of a second the controller says Healthy and the weights say 25 to 75.
    let mut story = Story::playing("canary-nginx-full", 3_210).await;
    let seen = story.look().await;
    let rollout = rollout(&seen);
    assert_eq!(story.server.rollout()["status"]["phase"], "Healthy");
    assert_eq!(rollout.phase, Phase::Shifting);
    let Some(ListenerSplit::Split(split)) = rollout.traffic.listener.value() else {
        panic!("no split");
    };
    assert_eq!(split.green.get(), 25.0);
}

#[tokio::test]
async fn the_steps_of_a_canary_are_its_rail() {
    let mut story = Story::playing("canary-nginx-success", 2_510).await;
    let seen = story
        .until(|seen| seen.rollout().is_some_and(|r| r.phase == Phase::AwaitingApproval))
        .await;
    let stages = &rollout(&seen).stages;
    let words: Vec<String> =
        stages.iter().map(|stage| format!("{:?} {:?}", stage.kind, stage.state)).collect();
    assert!(words[0].contains("Weight(25.0)") && words[0].ends_with("Done"), "{words:#?}");
    assert_eq!(words[1], "Approval Running");
    assert!(stages[1].started.is_some());
    assert_eq!(words[3], "Other(\"analysis\") Pending");
    assert!(stages[4].planned.is_some(), "a weight and the timer after it are one stage");
}

#[tokio::test]
async fn an_abort_is_a_way_back_with_an_end() {
    let mut story = Story::playing("canary-nginx-abort-retry", 4_100).await;
    let seen = story.look().await;
    let aborted = rollout(&seen);
    assert!(matches!(aborted.kind, RolloutKind::Rollback { undoes: Some(_) }));
    assert_eq!(aborted.stages[0].kind, StageKind::Restore);
    assert_eq!(aborted.stages[0].state, StageState::Done);
    assert_eq!(aborted.phase, Phase::Finishing);
    let guards = seen.guards.value().unwrap();
    assert_eq!(guards[0].state, GuardState::Alarm);
    assert!(aborted.end_reason.as_ref().unwrap().message.contains("ok-rate"));
}

#[tokio::test]
async fn an_abort_that_leaves_nobody_serving_is_a_failure_and_no_success() {
    let mut story = Story::playing("bluegreen-abort-outage", 16_800).await;
    let seen = story.look().await;
    assert_eq!(rollout(&seen).phase, Phase::Failed);
    let all_green = ListenerSplit::Split(Split::ALL_GREEN);
    assert_eq!(rollout(&seen).traffic.listener.value(), Some(&all_green));
    assert_eq!(rollout(&seen).stages[0].state, StageState::Failed);
}

#[tokio::test]
async fn a_watch_that_is_too_old_is_listed_anew() {
    let mut story = Story::playing("bluegreen-success", 2_000).await;
    story.look().await;
    let before = story.server.count("GET /api/v1/namespaces/story/pods");
    story.server.restart();
    story.play(6_300);
    let seen = story.until(|seen| rollout(seen).phase == Phase::AwaitingApproval).await;
    assert_eq!(seen.rollout.fault(), None, "to be listed anew is no fault");
    // The pods' watch finds out by itself, perhaps after the rollout's.
    let pods = "GET /api/v1/namespaces/story/pods";
    let server = story.server.clone();
    story.until(move |_| server.count(pods) > before).await;
}

#[tokio::test]
async fn a_cluster_that_does_not_answer_leaves_the_last_picture_marked_old() {
    let mut story = Story::playing("bluegreen-success", 6_300).await;
    story.look().await;
    story.server.fail("GET", 503);
    let seen = story.until(|seen| seen.rollout.fault().is_some()).await;
    assert!(matches!(seen.rollout, Fact::Stale { .. }));
    assert_eq!(rollout(&seen).phase, Phase::AwaitingApproval);
    assert_eq!(seen.readings[&Source::Kubernetes].fault.as_ref().unwrap().kind, FaultKind::Server);
    story.server.mend();
    story.until(|seen| seen.rollout.fresh().is_some()).await;
}

#[tokio::test]
async fn what_is_not_there_is_named() {
    let mut story = Story::playing("bluegreen-success", 0).await;
    let seen = story.look().await;
    let fault = seen.rollout.fault().unwrap();
    assert_eq!(fault.kind, FaultKind::NotFound);
    assert_eq!(fault.message, "there is no Rollout app in namespace story");

    let mut story = Story::playing("bluegreen-success", 2_000).await;
    story.server.fail("GET /apis/argoproj.io", 403);
    let seen = story.look().await;
    let denied = FaultKind::Denied { permission: "list rollouts".to_owned() };
    assert_eq!(seen.rollout.fault().unwrap().kind, denied);
}

#[tokio::test]
async fn a_rollout_that_is_deleted_while_it_is_watched_is_said_to_be_gone() {
    let mut story = Story::playing("bluegreen-success", 6_300).await;
    story.look().await;
    story.server.put(true, story.server.rollout());
    let seen = story.until(|seen| seen.rollout().is_none()).await;
    assert_eq!(seen.rollout.fault().unwrap().kind, FaultKind::NotFound);
}

#[tokio::test]
async fn a_timed_pause_says_when_it_ends() {
    let mut story = Story::playing("canary-nginx-success", 9_465).await;
    let seen = story.look().await;
    assert_eq!(rollout(&seen).phase, Phase::Shifting);
    let next = rollout(&seen).next.as_ref().unwrap();
    assert_eq!(next.step, NextStep::Shift(Split::ALL_GREEN));
}

#[tokio::test]
async fn a_cluster_without_argo_rollouts_is_told_from_one_without_this_rollout() {
    let mut story = Story::playing("bluegreen-success", 0).await;
    story.server.fail("GET /apis/argoproj.io", 404);
    let fault = |seen: &Snapshot| seen.rollout.fault().cloned();
    let seen = story.until(|seen| fault(seen).is_some()).await;
    let wanted = "Argo Rollouts is not installed";
    assert!(fault(&seen).unwrap().message.contains(wanted), "{:?}", fault(&seen));
    // What is read beside the watch says the same of an object that is not there.
    let asked = "GET /apis/argoproj.io/v1alpha1/namespaces/story/rollouts/app";
    let server = story.server.clone();
    let seen = story.until(|_| server.count(asked) > 1).await;
    assert!(fault(&seen).unwrap().message.contains(wanted), "{:?}", fault(&seen));
    // It is installed, and found by itself.
    story.server.mend();
    story.play(60_000);
    story.until(|seen| seen.rollout().is_some()).await;
}
