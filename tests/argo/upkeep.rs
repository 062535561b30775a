//! Pausing, restarting, choosing an earlier revision, ending an analysis: the exact calls, and when
//! they are refused.

use cutover::domain::{
    Action, Analysis, Means, Order, Policy, Progress, Refusal, RevisionNumber, Snapshot, permit,
};
use cutover::sources::Account;
use serde_json::{Value, json};

use super::{Server, Story, rollout};

/// Carries an order out beside a controller that sees every spec, and does `more` besides.
async fn controlled(story: &Story, order: &Order, more: impl Fn(&Server)) -> Progress {
    let server = story.server.clone();
    let controller = async {
        loop {
            let rollout = server.rollout();
            // A number there, a text here.
            let newest = rollout["metadata"]["generation"].to_string();
            if rollout["status"]["observedGeneration"] != newest {
                server.set(&json!({ "observedGeneration": newest }));
            }
            more(&server);
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        progress = story.carry_out(order) => progress.unwrap(),
        () = controller => unreachable!(),
    }
}

fn nothing(_: &Server) {}

fn answer(progress: &Progress) -> &str {
    match progress {
        Progress::Accepted { answer, .. } => answer,
        other => panic!("{other:?}"),
    }
}

fn undo(number: u32) -> Action {
    Action::Undo(RevisionNumber::new(number))
}

fn refusal(seen: &Snapshot, action: Action) -> Refusal {
    permit(seen, action, &Policy::default()).unwrap_err()
}

fn names(seen: &Snapshot, kind: Action) -> Vec<&str> {
    rollout(seen).candidates(kind).map(|one| one.name.as_str()).collect()
}

#[tokio::test]
async fn a_pause_by_hand_is_one_field_and_so_is_its_end() {
    let mut story = Story::playing("canary-nginx-success", 1_000).await;
    let seen = story.look().await;
    let order = Story::order(&seen, Action::Pause);
    assert_eq!(order.expected.means, Means::Freeze);
    assert!(refusal(&seen, Action::Resume).to_string().contains("not paused by hand"));
    assert_eq!(answer(&controlled(&story, &order, nothing).await), "the controller took it");

    let seen = story.until(|seen| rollout(seen).offer(Action::Resume).is_ok()).await;
    assert!(refusal(&seen, Action::Pause).to_string().contains("paused by hand already"));
    let order = Story::order(&seen, Action::Resume);
    assert_eq!(answer(&controlled(&story, &order, nothing).await), "the controller took it");
    let paused = |paused: bool| ("rollouts/app".to_owned(), json!({"spec": {"paused": paused}}));
    assert_eq!(story.server.patches(), [paused(true), paused(false)]);
    story.until(|seen| rollout(seen).offer(Action::Pause).is_ok()).await;
}

#[tokio::test]
async fn at_a_gate_a_resume_ends_the_pause_by_hand_and_leaves_the_gate() {
    let mut story = Story::playing("bluegreen-success", 6_300).await;
    story.look().await;
    story.server.change("rollouts", "app", &json!({"spec": {"paused": true}}));
    let seen = story.until(|seen| rollout(seen).offer(Action::Resume).is_ok()).await;
    let order = Story::order(&seen, Action::Resume);
    controlled(&story, &order, nothing).await;
    assert!(story.server.rollout()["status"]["pauseConditions"].is_array(), "it still waits");
}

#[tokio::test]
async fn a_continue_at_a_gate_ends_a_pause_by_hand_before_it_opens_the_gate() {
    let mut story = Story::playing("bluegreen-success", 6_300).await;
    story.look().await;
    story.server.change("rollouts", "app", &json!({"spec": {"paused": true}}));
    let seen = story.until(|seen| rollout(seen).offer(Action::Resume).is_ok()).await;
    let order = Story::order(&seen, Action::Continue);
    // A frozen object forgets the release of a pause: this controller does, too.
    let controller = |server: &Server| {
        let rollout = server.rollout();
        let released = rollout["status"]["pauseConditions"].is_null();
        if released && rollout["status"]["controllerPause"] == true {
            assert_eq!(rollout["spec"]["paused"], false, "the release is lost");
            server.set(&json!({"controllerPause": null}));
        }
    };
    assert_eq!(answer(&controlled(&story, &order, controller).await), "the controller took it");
    let paths: Vec<String> = story.server.patches().into_iter().map(|(path, _)| path).collect();
    assert_eq!(paths, ["rollouts/app", "rollouts/app/status"]);
    let line = order.call.cli(None);
    assert!(line.find("paused").unwrap() < line.find("pauseConditions").unwrap(), "{line}");
}

#[tokio::test]
async fn a_restart_asks_for_pods_that_are_newer_than_the_yes() {
    let mut story = Story::playing("bluegreen-success", 60_000).await;
    let seen = story.look().await;
    let order = Story::order(&seen, Action::Restart);
    assert_eq!(order.call.cli(None), "kubectl argo rollouts --namespace story restart app");
    assert_eq!(answer(&controlled(&story, &order, nothing).await), "the controller took it");
    let at = jiff::Timestamp::from_second(order.at.as_second()).unwrap().to_string();
    let body = json!({"spec": {"restartAt": at}});
    assert_eq!(story.server.patches(), [("rollouts/app".to_owned(), body)]);

    let seen = story.until(|seen| rollout(seen).restart.is_some_and(|last| !last.done)).await;
    assert!(refusal(&seen, Action::Restart).to_string().contains("not done yet"));
    story.server.set(&json!({ "restartedAt": at }));
    story.until(|seen| rollout(seen).restart.is_some_and(|last| last.done)).await;
}

#[tokio::test]
async fn every_other_revision_is_there_to_choose_with_what_it_would_mean() {
    let mut story = Story::playing("canary-basic-crash", 20_000).await;
    let seen = story.look().await;
    let hashes = ["revision 3 (77867f5bb7)", "revision 2 (79754575c)", "revision 1 (55c8cd864b)"];
    assert_eq!(names(&seen, Action::UNDO), hashes);
    let means: Vec<Means> = rollout(&seen).candidates(Action::UNDO).map(|one| one.means).collect();
    assert_eq!(means, [Means::BringOut, Means::BringOut, Means::StopAndRollBack]);
    let stable = rollout(&seen).candidates(Action::UNDO).last().unwrap();
    assert!(stable.about.contains("pods run, promoted last"), "{}", stable.about);
    assert_eq!(refusal(&seen, undo(4)), Refusal::NotAmongThem, "what is asked for already");
    assert_eq!(refusal(&seen, undo(9)), Refusal::NotAmongThem);
}

#[tokio::test]
async fn the_chosen_revision_s_template_takes_the_place_of_the_present_one() {
    let mut story = Story::playing("canary-basic-crash", 20_000).await;
    let seen = story.look().await;
    let order = Story::order(&seen, undo(3));
    assert_eq!(
        order.call.cli(None),
        "kubectl argo rollouts --namespace story undo app --to-revision=3"
    );
    let bringing_out = |server: &Server| {
        if server.rollout()["metadata"]["generation"].as_i64() > Some(5)
            && server.rollout()["status"]["currentPodHash"] != "77867f5bb7"
        {
            server.set(&json!({"currentPodHash": "77867f5bb7"}));
        }
    };
    let progress = controlled(&story, &order, bringing_out).await;
    let Progress::Accepted { rollout: Some(id), .. } = progress else { panic!("{progress:?}") };
    assert_eq!(id.as_str(), "77867f5bb7", "it is followed under its own id");
    let wanted = story.server.object("replicasets", "app-77867f5bb7");
    let image = &wanted["spec"]["template"]["spec"]["containers"][0]["image"];
    let now = &story.server.rollout()["spec"]["template"]["spec"]["containers"][0]["image"];
    assert_eq!(now, image);
}

#[tokio::test]
async fn within_the_rollback_window_a_revision_gets_everything_at_once() {
    let mut story = Story::playing("canary-nginx-full", 60_000).await;
    story.look().await;
    let means = |seen: &Snapshot| rollout(seen).candidates(Action::UNDO).next().unwrap().means;
    // The newer of two is the promoted one.
    let newest = "996f685f";
    story.server.set(&json!({"currentPodHash": newest, "stableRS": newest}));
    story.until(|seen| means(seen) == Means::BringOut).await;
    let window = json!({"spec": {"rollbackWindow": {"revisions": 1}}});
    story.server.change("rollouts", "app", &window);
    let seen = story.until(|seen| means(seen) == Means::SwitchOver).await;
    assert_eq!(names(&seen, Action::UNDO).len(), 1);
}

#[tokio::test]
async fn a_way_back_ends_a_pause_by_hand_as_well() {
    let mut story = Story::playing("bluegreen-success", 6_300).await;
    story.look().await;
    story.server.change("rollouts", "app", &json!({"spec": {"paused": true}}));
    let seen = story.until(|seen| rollout(seen).offer(Action::Resume).is_ok()).await;
    let order = Story::order(&seen, undo(1));
    assert_eq!(order.expected.means, Means::StopAndRollBack);
    let asked = |server: &Server| {
        let stable = server.rollout()["status"]["stableRS"].clone();
        if server.rollout()["spec"]["paused"] == false
            && server.rollout()["status"]["currentPodHash"] != stable
        {
            server.set(&json!({ "currentPodHash": stable }));
        }
    };
    controlled(&story, &order, asked).await;
    let patches = story.server.patches();
    assert_eq!(patches.last().unwrap().1, json!({"spec": {"paused": false}}));
}

/// A story in which an analysis runs.
async fn measured() -> (Story, Snapshot) {
    let mut story = Story::playing("bluegreen-success", 4_000).await;
    let seen = story.look().await;
    assert_eq!(names(&seen, Action::TERMINATE).len(), 1, "{:?}", names(&seen, Action::TERMINATE));
    (story, seen)
}

const RUN: &str = "app-996f685f-2-pre";
const BEFORE: Action = Action::Terminate(Analysis::BeforePromotion);

#[tokio::test]
async fn an_analysis_that_runs_can_be_ended_and_is_named_by_what_it_measures() {
    let (mut story, seen) = measured().await;
    let one = rollout(&seen).candidates(BEFORE).next().unwrap().clone();
    assert!(one.name.ends_with("(before promotion)"), "{}", one.name);
    assert!(one.about.contains("measured "), "{}", one.about);
    assert_eq!(one.action, BEFORE);
    assert_eq!(refusal(&seen, Action::Terminate(Analysis::Step)), Refusal::NotAmongThem);
    let order = Story::order(&seen, BEFORE);
    let line = format!("kubectl argo rollouts --namespace story terminate analysisrun {RUN}");
    assert_eq!(order.call.cli(None), line);
    let ends = |server: &Server| {
        let run = server.object("analysisruns", RUN);
        if run["spec"]["terminate"] == true && run["status"]["phase"] == "Running" {
            server.change("analysisruns", RUN, &json!({"status": {"phase": "Successful"}}));
        }
    };
    let progress = controlled(&story, &order, ends).await;
    assert_eq!(answer(&progress), "it has ended: Successful");
    let path = format!("analysisruns/{RUN}");
    assert_eq!(story.server.patches(), [(path, json!({"spec": {"terminate": true}}))]);
    let over = |seen: &Snapshot| rollout(seen).candidates(BEFORE).next().is_none();
    let seen = story.until(over).await;
    assert!(refusal(&seen, BEFORE).to_string().contains("no analysis runs"));
}

#[tokio::test]
async fn one_that_has_ended_meanwhile_is_left_alone() {
    let (story, seen) = measured().await;
    let order = Story::order(&seen, BEFORE);
    story.server.change("analysisruns", RUN, &json!({"status": {"phase": "Failed"}}));
    // The state that the order rests on is read again, so it gets no further than that.
    assert!(story.carry_out(&order).await.is_err());
    let Progress::Refused { fault } = story.aws.send(&order).await else { panic!("sent") };
    assert!(fault.message.contains("has ended by itself (Failed)"), "{fault}");
    assert_eq!(story.server.patches(), []);
}

#[tokio::test]
async fn the_lost_answer_to_an_end_is_looked_for_in_the_analysis() {
    let (story, seen) = measured().await;
    let order = Story::order(&seen, BEFORE);
    story.server.fail("PATCH", 503);
    let Progress::Unknown { fault } = story.carry_out(&order).await.unwrap() else { panic!() };
    story.server.mend();
    let still = story.aws.reconcile(&order, fault.clone()).await;
    assert!(matches!(still, Progress::Unknown { .. }));
    let ended = json!({"spec": {"terminate": true}, "status": {"phase": "Successful"}});
    story.server.change("analysisruns", RUN, &ended);
    let found = story.aws.reconcile(&order, fault).await;
    assert_eq!(answer(&found), "it has ended: Successful; the answer was lost");
}

#[tokio::test]
async fn each_permission_that_is_lacking_is_named_where_it_is_needed() {
    let mut story = Story::playing("bluegreen-success", 4_000).await;
    story.server.forbid("patch analysisruns");
    story.server.forbid("patch rollouts");
    let seen = story.look().await;
    let lacks = |action: Action| match refusal(&seen, action) {
        Refusal::NotPermitted(permission) => permission,
        why => panic!("{action:?}: {why}"),
    };
    for action in [Action::Pause, Action::Restart, Action::UNDO] {
        assert_eq!(lacks(action), "patch rollouts");
    }
    assert_eq!(lacks(Action::TERMINATE), "patch analysisruns");
    let value: Value = json!(rollout(&seen).offer(Action::RollBack).is_ok());
    assert_eq!(value, true, "an abort needs neither");
}
