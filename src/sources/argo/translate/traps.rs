//! What a naive reading of this API gets wrong, one trap a test: each is a status that was seen to mean
//! something else than it says.

use serde_json::{Value, json};

use super::*;
use crate::domain::{Action, ListenerSplit, Means, Refusal, Split};
use crate::sources::argo::raw::{Kind, News};

const OLD: &str = "aaa";
const NEW: &str = "bbb";

/// Puts `patch` on top of `object`; a null takes away.
fn with(object: &mut Value, patch: &Value) {
    match (object, patch) {
        (Value::Object(object), Value::Object(patch)) => {
            for (name, value) in patch {
                with(object.entry(name).or_insert(Value::Null), value);
            }
        }
        (object, patch) => *object = patch.clone(),
    }
}

fn set(hash: &str, revision: u64, pods: u32, born: &str) -> Value {
    json!({
        "metadata": {
            "name": format!("app-{hash}"), "uid": hash, "resourceVersion": "1",
            "labels": {"rollouts-pod-template-hash": hash}, "creationTimestamp": born,
            "annotations": {"rollout.argoproj.io/revision": revision.to_string()},
            "ownerReferences": [{"uid": "app"}],
        },
        "spec": {"replicas": pods},
        "status": {"replicas": pods, "availableReplicas": pods},
    })
}

fn service(name: &str, hash: &str) -> Value {
    let selector = json!({"app": "app", "rollouts-pod-template-hash": hash});
    json!({"metadata": {"name": name}, "spec": {"selector": selector}})
}

/// A Rollout of four pods in flight from one version to the next.
struct Story {
    rollout: Value,
    sets: Vec<Value>,
    services: Vec<Value>,
}

impl Story {
    fn of(strategy: &Value, status: &Value) -> Self {
        let mut rollout = json!({
            "metadata": {"name": "app", "uid": "app", "generation": 7},
            "spec": {"replicas": 4, "strategy": strategy},
            "status": {"observedGeneration": "7", "currentPodHash": NEW, "stableRS": OLD},
        });
        with(&mut rollout["status"], status);
        let sets =
            vec![set(OLD, 1, 4, "2026-03-02T08:00:00Z"), set(NEW, 2, 4, "2026-03-02T09:00:00Z")];
        Self { rollout, sets, services: vec![service("live", OLD), service("next", NEW)] }
    }

    fn blue_green(status: &Value) -> Self {
        let paused = [json!({"reason": "BlueGreenPause", "startTime": "2026-03-02T09:05:00Z"})];
        let mut whole = json!({
            "phase": "Paused", "controllerPause": true, "pauseConditions": paused,
            "blueGreen": {"activeSelector": OLD, "previewSelector": NEW},
        });
        with(&mut whole, status);
        let services = json!({"activeService": "live", "previewService": "next"});
        Self::of(&json!({ "blueGreen": services }), &whole)
    }

    fn canary(more: &Value, status: &Value) -> Self {
        let steps = json!([{"setWeight": 25}, {"pause": {}}]);
        let mut canary =
            json!({"steps": steps, "trafficRouting": {"nginx": {"stableIngress": "app"}}});
        with(&mut canary, more);
        let weight = |hash: &str, weight: u32| json!({"podTemplateHash": hash, "weight": weight});
        let weights = json!({"canary": weight(NEW, 25), "stable": weight(OLD, 75)});
        let mut whole =
            json!({"phase": "Progressing", "currentStepIndex": 1, "canary": {"weights": weights}});
        with(&mut whole, status);
        Self::of(&json!({ "canary": canary }), &whole)
    }

    fn seen(self) -> (Snapshot, Raw) {
        let now: Timestamp = "2026-03-02T09:10:00Z".parse().unwrap();
        let mut raw = Raw::default();
        raw.hear(Kind::Rollout, News::All(vec![self.rollout]), now);
        raw.hear(Kind::ReplicaSet, News::All(self.sets), now);
        raw.hear(Kind::Service, News::All(self.services), now);
        raw.hear(Kind::Pod, News::All(Vec::new()), now);
        (snapshot(&Place::new(None, "story", "app"), &raw, now), raw)
    }

    fn rollout(self) -> crate::domain::Rollout {
        self.seen().0.rollout().unwrap().clone()
    }

    fn stands(self) -> (Word, String) {
        let (_, raw) = self.seen();
        let standing = standing(raw.rollout().unwrap());
        (standing.word, standing.message)
    }
}

fn listener(rollout: &crate::domain::Rollout) -> Option<Split> {
    match rollout.traffic.listener.value() {
        Some(ListenerSplit::Split(split)) => Some(*split),
        _ => None,
    }
}

fn green(rollout: &crate::domain::Rollout) -> Option<f64> {
    listener(rollout).map(|split| split.green.get())
}

#[test]
fn a_phase_that_lags_behind_is_not_believed() {
    // Right after an edit it still says Healthy, whatever the number looks like.
    for (observed, word) in [
        ("6", Word::Progressing),
        ("7", Word::Healthy),
        ("5b4c", Word::Healthy),
        ("8", Word::Healthy),
    ] {
        let status = json!({
            "phase": "Healthy", "observedGeneration": observed, "stableRS": NEW,
            "pauseConditions": null, "controllerPause": null,
        });
        assert_eq!(Story::blue_green(&status).stands().0, word, "{observed}");
    }
    // Right after the release of a pause it still says Paused.
    let status = json!({"phase": "Paused", "pauseConditions": null});
    let (word, message) = Story::blue_green(&status).stands();
    assert_eq!((word, message.as_str()), (Word::Progressing, "waiting for rollout to unpause"));
    // Its Deployment has another template than the controller has seen.
    let status =
        json!({"phase": "Healthy", "workloadObservedGeneration": "3", "controllerPause": null});
    let mut story = Story::blue_green(&status);
    story.rollout["spec"]["workloadRef"] = json!({"kind": "Deployment", "name": "web"});
    story.rollout["metadata"]["annotations"] =
        json!({"rollout.argoproj.io/workload-generation": "4"});
    assert_eq!(story.stands().0, Word::Progressing);
}

#[test]
fn a_promotion_in_full_is_not_asked_for_while_another_template_is_on_its_way() {
    let why = |observed: &str| {
        let rollout = Story::blue_green(&json!({ "observedGeneration": observed })).rollout();
        rollout.offer(Action::Finish).err()
    };
    assert_eq!(why("7"), None);
    assert!(matches!(why("6"), Some(Refusal::NoSuchCall(text)) if text.contains("newest change")));
}

#[test]
fn weights_that_the_load_balancer_does_not_hold_yet_are_only_asked_for() {
    let at = |verified: Value| {
        let status = json!({"canary": {"weights": {"verified": verified}}});
        Story::canary(&json!({}), &status).rollout()
    };
    for known in [json!(true), Value::Null] {
        assert_eq!(green(&at(known)), Some(25.0));
    }
    let asked = at(json!(false));
    assert_eq!((green(&asked), asked.traffic.planned.value().unwrap().green.get()), (None, 25.0));
    let why = asked.traffic.listener.fault().unwrap();
    assert!(why.message.contains("does not hold"), "{why}");
}

#[test]
fn weights_are_out_of_what_the_router_counts_to() {
    let routing = json!({"steps": [{"setWeight": 250}, {"pause": {}}], "trafficRouting": {"maxTrafficWeight": 1000}});
    let weights = json!({"canary": {"weight": 250}, "stable": {"weight": 750}});
    let rollout = Story::canary(&routing, &json!({"canary": {"weights": weights}})).rollout();
    assert_eq!(
        (green(&rollout), rollout.traffic.planned.value().unwrap().green.get()),
        (Some(25.0), 25.0)
    );
    // Without a router there are none; the pods are the split, and nobody says 100 because of that.
    let status = json!({"canary": {"weights": null}});
    let mut story = Story::canary(&json!({"trafficRouting": null}), &status);
    story.sets =
        vec![set(OLD, 1, 3, "2026-03-02T08:00:00Z"), set(NEW, 2, 1, "2026-03-02T09:00:00Z")];
    assert_eq!(green(&story.rollout()), Some(25.0));
}

#[test]
fn the_service_itself_says_who_serves_when_somebody_has_moved_it_by_hand() {
    let mut story = Story::blue_green(&json!({}));
    story.services = vec![service("live", NEW), service("next", NEW)];
    let rollout = story.rollout();
    assert_eq!(listener(&rollout), Some(Split::ALL_GREEN));
    assert_eq!(rollout.traffic.planned.value(), Some(&Split::ALL_BLUE), "nobody has asked for it");
}

#[test]
fn what_a_blue_green_counts_says_nothing_of_the_preview() {
    let status =
        json!({"replicas": 7, "updatedReplicas": 3, "availableReplicas": 4, "HPAReplicas": 4});
    let mut story = Story::blue_green(&status);
    story.sets =
        vec![set(OLD, 1, 4, "2026-03-02T08:00:00Z"), set(NEW, 2, 3, "2026-03-02T09:00:00Z")];
    let rollout = story.rollout();
    let running = |side: Side| rollout.side(side).tasks.value().unwrap().running;
    assert_eq!((running(Side::Blue), running(Side::Green)), (4, 3));
}

#[test]
fn a_step_that_is_done_absent_or_beyond_the_last_is_never_looked_up() {
    for (index, running) in [
        (json!(0), 0),
        (json!(1), 1),
        (json!(2), 2),
        (json!(99), 2),
        (Value::Null, 2),
        (json!(-1), 2),
    ] {
        let rollout = Story::canary(&json!({}), &json!({ "currentStepIndex": index })).rollout();
        let at =
            rollout.stages.iter().position(|stage| stage.state != crate::domain::StageState::Done);
        assert_eq!(at, Some(running), "{index}: {:?}", rollout.stages);
    }
}

#[test]
fn only_the_deadline_without_a_prefix_counts_and_not_once_the_pods_are_gone() {
    let back = json!({
        "phase": "Degraded", "abort": true, "abortedAt": "2026-03-02T09:06:00Z",
        "pauseConditions": null, "controllerPause": null,
    });
    let means = |key: &str, pods: u32| {
        let mut story = Story::blue_green(&back);
        story.sets[1] = set(NEW, 2, pods, "2026-03-02T09:00:00Z");
        story.sets[1]["metadata"]["annotations"][key] = json!("2026-03-02T09:20:00Z");
        story.rollout().offer(Action::Continue).unwrap().0
    };
    assert_eq!(means("scale-down-deadline", 4), Means::ShipAgain);
    assert_eq!(means("scale-down-deadline", 0), Means::TryAgain);
    assert_eq!(means("rollout.argoproj.io/scale-down-deadline", 4), Means::TryAgain);
}

#[test]
fn an_invalid_rollout_beside_pods_that_serve_is_told_apart_from_its_traffic() {
    let condition = json!({"type": "InvalidSpec", "status": "True", "reason": "InvalidSpec", "message": "no such service"});
    let status = json!({
        "phase": "Degraded", "message": "InvalidSpec: no such service", "conditions": [condition],
        "pauseConditions": null, "controllerPause": null,
    });
    let rollout = Story::blue_green(&status).rollout();
    assert_eq!(rollout.phase, Phase::Failed);
    assert_eq!(rollout.end_reason.as_ref().unwrap().code, "InvalidSpec");
    assert_eq!(listener(&rollout), Some(Split::ALL_BLUE), "blue serves as it did");
    assert_eq!(rollout.blue.tasks.value().unwrap().running, 4);
}

#[test]
fn two_services_that_take_turns_are_told_by_what_the_status_calls_it() {
    let pair = json!({"pingPong": {"pingService": "ping", "pongService": "pong"}});
    for (status, [blue, green]) in [
        (json!({"canary": {"stablePingPong": "ping"}}), ["ping", "pong"]),
        (json!({"canary": {"stablePingPong": "pong"}}), ["pong", "ping"]),
        // What the documentation calls it is in no API.
        (
            json!({"canary": {"stablePingPong": "pong", "currentPingPong": "ping"}}),
            ["pong", "ping"],
        ),
    ] {
        let rollout = Story::canary(&pair, &status).rollout();
        let of = |side: Side| rollout.side(side).target_group.clone().unwrap();
        assert_eq!((of(Side::Blue).as_str(), of(Side::Green).as_str()), (blue, green), "{status}");
    }
}

#[test]
fn words_that_nobody_knows_yet_hide_nothing() {
    let status = json!({
        "phase": "Hibernating", "alb": {"new": 1}, "albs": "none", "duration": 7,
        "pauseConditions": [{"reason": "SomethingNew"}], "conditions": [{"type": "New", "status": 1}],
    });
    let rollout = Story::blue_green(&status).rollout();
    assert_eq!(
        (&rollout.phase, rollout.green.tasks.value().unwrap().running),
        (&Phase::AwaitingApproval, 4)
    );
    assert!(rollout.offer(Action::RollBack).is_ok(), "the way back is always there");
}
