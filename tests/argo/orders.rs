//! What is ordered: the exact patches, and what a controller makes of them.

use cutover::domain::{Action, Change, Means, Offered, Phase, Policy, Progress, Refusal, permit};
use cutover::sources::Account;
use serde_json::{Value, json};

use super::{Story, rollout};

/// A story that waits for a person.
async fn paused() -> Story {
    let mut story = Story::playing("bluegreen-success", 6_300).await;
    story.look().await;
    story
}

/// Lets a controller act on every abort and every released pause.
async fn controlled(story: &Story, order: &cutover::domain::Order) -> Progress {
    let server = story.server.clone();
    let controller = async {
        loop {
            let status = server.rollout()["status"].clone();
            if status["abort"] == true && status["abortedAt"].is_null() {
                server.set(&json!({"abortedAt": "2026-11-23T00:40:30Z"}));
            }
            let paused = status["controllerPause"] == true;
            if paused && status["pauseConditions"].is_null() {
                server.set(&json!({"controllerPause": null}));
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        progress = story.carry_out(order) => progress.unwrap(),
        () = controller => unreachable!(),
    }
}

fn answer(progress: &Progress) -> &str {
    match progress {
        Progress::Accepted { answer, .. } => answer,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_promotion_releases_the_pause_and_nothing_else() {
    let mut story = paused().await;
    let seen = story.look().await;
    let order = Story::order(&seen, Action::Continue);
    assert_eq!(
        order.call.cli(None),
        "kubectl --namespace story patch rollout app --subresource=status --type=merge \
         -p '{\"status\":{\"pauseConditions\":null}}'"
    );
    let version = story.server.rollout()["metadata"]["resourceVersion"].clone();
    assert_eq!(answer(&controlled(&story, &order).await), "the controller took it");
    let patches = story.server.patches();
    let body =
        json!({"status": {"pauseConditions": null}, "metadata": {"resourceVersion": version}});
    assert_eq!(patches, [("rollouts/app/status".to_owned(), body)]);

    // The second key press finds no pause: nothing is skipped.
    let again = story.carry_out(&order).await;
    assert!(matches!(again, Err(Change::NoLongerPossible(Refusal::NoGate))), "{again:?}");
    assert_eq!(story.server.patches().len(), 1);
}

#[tokio::test]
async fn an_abort_of_a_frozen_rollout_thaws_it_afterwards() {
    let mut story = paused().await;
    let mut object = story.server.rollout();
    object["spec"]["paused"] = json!(true);
    story.server.put(false, object);
    let seen = story
        .until(|seen| {
            rollout(seen).offers.iter().any(|offer| match offer {
                Offered::Possible { action: Action::RollBack, call, .. } => {
                    call.cli(None).contains("&&")
                }
                _ => false,
            })
        })
        .await;
    let order = Story::order(&seen, Action::RollBack);
    controlled(&story, &order).await;
    let patches = story.server.patches();
    let expected: [(String, Value); 2] = [
        ("rollouts/app/status".into(), json!({"status": {"abort": true}})),
        ("rollouts/app".into(), json!({"spec": {"paused": false}})),
    ];
    assert_eq!(patches, expected);
}

#[tokio::test]
async fn an_abort_brakes_a_promotion_in_full() {
    let mut story = paused().await;
    story.server.set(&json!({"promoteFull": true}));
    let brakes = |seen: &cutover::domain::Snapshot| {
        rollout(seen).offers.iter().any(|offer| match offer {
            Offered::Possible { call, .. } => call.cli(None).contains("\"promoteFull\":false"),
            Offered::Refused { .. } | Offered::OneOf(_) | Offered::Dial(_) => false,
        })
    };
    let seen = story.until(brakes).await;
    let order = Story::order(&seen, Action::RollBack);
    controlled(&story, &order).await;
    let body = json!({"status": {"abort": true, "promoteFull": false}});
    assert_eq!(story.server.patches(), [("rollouts/app/status".to_owned(), body)]);
}

#[tokio::test]
async fn what_the_controller_missed_is_nudged_and_said() {
    let mut story = paused().await;
    let seen = story.look().await;
    let order = Story::order(&seen, Action::RollBack);
    let server = story.server.clone();
    let controller = async {
        loop {
            let rollout = server.rollout();
            let nudged = rollout["metadata"]["annotations"]["cutover/nudged-by"].is_string();
            if nudged && rollout["status"]["abortedAt"].is_null() {
                server.set(&json!({"abortedAt": "2026-11-23T00:40:30Z"}));
            }
            tokio::task::yield_now().await;
        }
    };
    let progress = tokio::select! {
        progress = story.carry_out(&order) => progress.unwrap(),
        () = controller => unreachable!(),
    };
    assert_eq!(answer(&progress), "the controller had missed it and took it after a nudge");
    let patches = story.server.patches();
    assert_eq!(patches.len(), 2, "the abort is sent once: {patches:?}");
    assert_eq!(patches[1].0, "rollouts/app");
}

#[tokio::test]
async fn a_release_that_the_controller_has_missed_waits_for_a_person_and_is_nudged_on() {
    let mut story = Story::playing("canary-lost-promote", 3_000).await;
    let status = story.server.rollout()["status"].clone();
    assert!(status["controllerPause"] == true && status["pauseConditions"].is_null());
    story.look().await;
    let seen = story.until(|seen| rollout(seen).phase == Phase::AwaitingApproval).await;
    let order = Story::order(&seen, Action::Continue);
    let server = story.server.clone();
    let controller = async {
        loop {
            if server.rollout()["metadata"]["annotations"]["cutover/nudged-by"].is_string() {
                server.set(&json!({"controllerPause": null, "currentStepIndex": 2}));
            }
            tokio::task::yield_now().await;
        }
    };
    let progress = tokio::select! {
        progress = story.carry_out(&order) => progress.unwrap(),
        () = controller => unreachable!(),
    };
    assert_eq!(answer(&progress), "the controller took it");
    let patches = story.server.patches();
    assert_eq!(patches.len(), 1, "{patches:?}");
    assert_eq!(patches[0].0, "rollouts/app", "nothing of the status is written again");
}

#[tokio::test]
async fn a_missing_permission_is_known_before_the_key() {
    let mut story = Story::playing("bluegreen-success", 6_300).await;
    story.server.forbid("patch rollouts/status");
    let seen = story.look().await;
    let refused = permit(&seen, Action::RollBack, &Policy::default()).unwrap_err();
    assert_eq!(refused, Refusal::NotPermitted("patch rollouts/status".to_owned()));
}

#[tokio::test]
async fn a_lost_answer_is_looked_for_and_not_repeated() {
    let mut story = paused().await;
    let seen = story.look().await;
    let order = Story::order(&seen, Action::RollBack);
    story.server.fail("PATCH", 503);
    let lost = story.carry_out(&order).await.unwrap();
    let Progress::Unknown { fault } = lost else { panic!("{lost:?}") };
    story.server.mend();
    let still = story.aws.reconcile(&order, fault.clone()).await;
    assert!(matches!(still, Progress::Unknown { .. }));
    story.server.set(&json!({"abort": true, "abortedAt": "2026-11-23T00:40:30Z"}));
    let found = story.aws.reconcile(&order, fault).await;
    assert_eq!(answer(&found), "the controller took it; the answer was lost");
    assert_eq!(story.server.patches().len(), 1);
}

#[tokio::test]
async fn a_rollout_at_rest_has_nothing_to_promote_or_abort() {
    let mut story = Story::playing("bluegreen-success", 60_000).await;
    let seen = story.look().await;
    for action in [Action::Continue, Action::Finish] {
        assert_eq!(permit(&seen, action, &Policy::default()).unwrap_err(), Refusal::Over);
    }
}

#[tokio::test]
async fn a_roll_back_to_a_version_that_still_waits_asks_for_its_template_again() {
    let mut story = Story::playing("bluegreen-success", 9_500).await;
    let seen = story.look().await;
    let order = Story::order(&seen, Action::RollBack);
    assert_eq!(order.expected.means, Means::StopAndRollBack);
    assert_eq!(
        order.call.cli(None),
        "kubectl argo rollouts --namespace story undo app --to-revision=1"
    );
    let before = story.server.rollout();
    controlled(&story, &order).await;
    let set = story.server.object("replicasets", "app-55c8cd864b");
    let mut wanted = set["spec"]["template"].clone();
    wanted["metadata"]["labels"].as_object_mut().unwrap().remove("rollouts-pod-template-hash");
    assert_eq!(story.server.rollout()["spec"]["template"], wanted);
    let (path, body) = story.server.patches().remove(0);
    assert_eq!(path, "rollouts/app");
    assert_eq!(body["metadata"]["resourceVersion"], before["metadata"]["resourceVersion"]);

    // Later it has no pods left: the same call, and it takes its time.
    let mut story = Story::playing("bluegreen-success", 60_000).await;
    let seen = story.look().await;
    assert_eq!(Story::order(&seen, Action::RollBack).expected.means, Means::RedeployPrevious);
}

#[tokio::test]
async fn where_an_abort_would_leave_nobody_serving_the_old_version_is_asked_for_instead() {
    for at in [5_300, 9_500, 16_900] {
        let mut story = Story::playing("bluegreen-abort-outage", at).await;
        let seen = story.look().await;
        let order = Story::order(&seen, Action::RollBack);
        assert!(order.call.cli(None).contains(" undo app --to-revision=1"), "at {at}");
        // This controller parks until it is aborted once more.
        let server = story.server.clone();
        let controller = async {
            loop {
                let rollout = server.rollout();
                let status = &rollout["status"];
                let (stable, active) =
                    (&status["stableRS"], &status["blueGreen"]["activeSelector"]);
                let observed = status["observedGeneration"].as_str().unwrap().to_owned();
                // A number there, a text here.
                let now = rollout["metadata"]["generation"].to_string();
                if now != observed {
                    server.set(&json!({"observedGeneration": now, "currentPodHash": stable, "abort": null, "abortedAt": null}));
                } else if status["currentPodHash"] == *stable
                    && status["abort"] == true
                    && active != stable
                {
                    server.set(&json!({"abort": null, "blueGreen": {"activeSelector": stable}}));
                }
                tokio::task::yield_now().await;
            }
        };
        let progress = tokio::select! {
            progress = story.carry_out(&order) => progress.unwrap(),
            () = controller => unreachable!(),
        };
        assert_eq!(answer(&progress), "the active Service serves the old version", "at {at}");
        let paths: Vec<String> = story.server.patches().into_iter().map(|(path, _)| path).collect();
        assert_eq!(paths, ["rollouts/app", "rollouts/app/status"], "at {at}");
    }
}

#[tokio::test]
async fn to_try_again_says_whether_it_ships_at_once() {
    let means = async |name: &str, at: u64| {
        let mut story = Story::playing(name, at).await;
        let seen = story.look().await;
        let order = Story::order(&seen, Action::Continue);
        let server = story.server.clone();
        let controller = async {
            loop {
                if server.rollout()["status"]["abort"] == false {
                    server.set(&json!({"abort": null, "abortedAt": null}));
                }
                tokio::task::yield_now().await;
            }
        };
        let progress = tokio::select! {
            progress = story.carry_out(&order) => progress.unwrap(),
            () = controller => unreachable!(),
        };
        let body = json!({"status": {"abort": false}});
        assert_eq!(story.server.patches(), [("rollouts/app/status".to_owned(), body)]);
        let Progress::Accepted { rollout: Some(id), .. } = progress else { panic!("{progress:?}") };
        assert_eq!(id.as_str(), "996f685f");
        order.expected.means
    };
    assert_eq!(Box::pin(means("canary-nginx-abort-retry", 4_100)).await, Means::TryAgain);
    assert_eq!(Box::pin(means("bluegreen-failed-analysis", 3_100)).await, Means::ShipAgain);
}

#[tokio::test]
async fn a_finish_skips_what_is_left() {
    let mut story = paused().await;
    let seen = story.look().await;
    let order = Story::order(&seen, Action::Finish);
    assert_eq!(order.expected.means, Means::SkipToEnd);
    let server = story.server.clone();
    let controller = async {
        loop {
            if server.rollout()["status"]["promoteFull"] == true {
                server.set(&json!({"pauseConditions": null}));
            }
            tokio::task::yield_now().await;
        }
    };
    let progress = tokio::select! {
        progress = story.carry_out(&order) => progress.unwrap(),
        () = controller => unreachable!(),
    };
    assert_eq!(answer(&progress), "the controller took it");
    let body = json!({"status": {"promoteFull": true}});
    assert_eq!(story.server.patches(), [("rollouts/app/status".to_owned(), body)]);
}
