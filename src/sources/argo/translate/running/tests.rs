//! A Deployment as what runs a side, in the states that people know from `kubectl rollout status`.

use serde_json::{Value, json};

use super::*;
use crate::sources::argo::raw::{Kind, News};
use jiff::Timestamp;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_760_000_000 + second).unwrap()
}

fn place() -> Place {
    Place::of_workload(&"deployment:eks-a/shop/checkout".parse().unwrap())
}

/// A version with its number, its hash and so many pods, of which some are available.
fn set(number: u32, hash: &str, (replicas, available): (u32, u32)) -> Value {
    json!({
        "metadata": {
            "name": format!("checkout-{hash}"), "uid": hash, "ownerReferences": [{"uid": "d"}],
            "labels": {"pod-template-hash": hash},
            "annotations": {"deployment.kubernetes.io/revision": number.to_string()},
        },
        "spec": {"replicas": replicas, "template": {"spec": {"containers": [
            {"name": "app", "image": format!("shop/checkout:1.{number}")}]}}},
        "status": {"replicas": replicas, "availableReplicas": available},
    })
}

fn pod(name: &str, hash: &str, ready: bool) -> Value {
    let word = if ready { "True" } else { "False" };
    json!({
        "metadata": {"name": name, "uid": name, "ownerReferences": [{"uid": hash}]},
        "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": word}],
                   "containerStatuses": [{"ready": ready, "restartCount": u32::from(!ready) * 3,
                                          "state": {"running": {}}}]},
    })
}

/// What is told of a Deployment of four with this status, and of some versions and pods.
fn seen(spec: &Value, status: &Value, sets: Vec<Value>, pods: Vec<Value>) -> (Raw, Running) {
    let mut raw = Raw::default();
    let meta = json!({"name": "checkout", "uid": "d", "generation": 3});
    let mut object = json!({"metadata": meta, "spec": {"replicas": 4}, "status": status});
    for (name, value) in spec.as_object().unwrap() {
        object["spec"][name] = value.clone();
    }
    object["status"]["observedGeneration"] =
        object["status"]["observedGeneration"].as_i64().map_or(json!(3), Value::from);
    raw.hear(Kind::Deployment, News::All(vec![object]), at(0));
    raw.hear(Kind::ReplicaSet, News::All(sets), at(0));
    raw.hear(Kind::Pod, News::All(pods), at(0));
    let running = running(&place(), &raw);
    (raw, running)
}

fn standing(spec: &Value, status: &Value) -> Standing {
    seen(spec, status, Vec::new(), Vec::new()).1.standing.fresh().unwrap().clone()
}

#[test]
fn a_settled_deployment_shows_its_version_and_its_pods() {
    let status = json!({"replicas": 4, "updatedReplicas": 4, "availableReplicas": 4});
    let sets = vec![set(6, "old", (0, 0)), set(7, "new", (4, 4))];
    let pods = vec![pod("a", "new", true), pod("b", "new", false), pod("c", "elsewhere", true)];
    let (raw, running) = seen(&json!({}), &status, sets, pods);
    assert!(running.standing.fresh().unwrap().is_settled());
    let own = &running.environment;
    let revision = own.revision.fresh().unwrap();
    assert_eq!(revision.name, "revision 7 (new)");
    assert_eq!(revision.images[0].tag.as_deref(), Some("1.7"));
    assert_eq!(own.tasks.fresh(), Some(&TaskCounts { desired: 4, running: 4, pending: 0 }));
    let tasks = own.task_list.fresh().unwrap();
    assert_eq!(tasks.len(), 2, "the pod of somebody else is not counted");
    assert_eq!((&*tasks[0].id, tasks[0].reason.as_deref()), ("b", Some("3 restarts")));
    assert_eq!(own.targets.fresh().unwrap().by_state(), [("healthy", 1), ("unhealthy", 1)]);
    assert_eq!(sets_of(&raw), ["checkout-new", "checkout-old"]);
}

fn sets_of(raw: &Raw) -> Vec<String> {
    super::sets(&place(), raw)
}

#[test]
fn an_update_names_what_comes_while_the_old_version_serves() {
    let status = json!({"replicas": 5, "updatedReplicas": 1, "availableReplicas": 4});
    let sets = vec![set(7, "old", (4, 4)), set(8, "new", (1, 0))];
    let (_, running) = seen(&json!({}), &status, sets, Vec::new());
    let standing = running.standing.fresh().unwrap();
    assert_eq!(standing.word, StandingWord::Progressing);
    assert_eq!(standing.message, "1 of 4 new pods have been made");
    assert_eq!(standing.update.as_deref(), Some("revision 8 (new)"));
    assert_eq!(running.environment.revision.fresh().unwrap().name, "revision 7 (old)");
}

#[test]
fn where_it_stands_is_what_kubectl_says() {
    let all = |more: &Value| {
        let mut status = json!({"replicas": 4, "updatedReplicas": 4, "availableReplicas": 4});
        for (name, value) in more.as_object().unwrap() {
            status[name] = value.clone();
        }
        status
    };
    let late = json!([{"type": "Progressing", "status": "False",
        "reason": "ProgressDeadlineExceeded", "message": "it has timed out progressing."}]);
    let full = json!([{"type": "ReplicaFailure", "status": "True",
        "reason": "FailedCreate", "message": "exceeded quota"}]);
    for (spec, status, word, message) in [
        (json!({}), all(&json!({})), StandingWord::Healthy, ""),
        (
            json!({}),
            all(&json!({"observedGeneration": 2})),
            StandingWord::Progressing,
            "waiting for",
        ),
        (json!({}), all(&json!({"replicas": 6})), StandingWord::Progressing, "2 old pods"),
        (
            json!({}),
            all(&json!({"availableReplicas": 1})),
            StandingWord::Progressing,
            "1 of 4 pods",
        ),
        (json!({"paused": true}), all(&json!({})), StandingWord::Paused, "paused by hand"),
        (
            json!({}),
            all(&json!({"conditions": late})),
            StandingWord::Degraded,
            "ProgressDeadlineExceeded: it has timed out",
        ),
        (json!({}), all(&json!({"conditions": full})), StandingWord::Degraded, "FailedCreate: exc"),
    ] {
        let seen = standing(&spec, &status);
        assert_eq!(seen.word, word, "{status}");
        assert!(seen.message.starts_with(message), "{seen:?}");
    }
}

#[test]
fn what_is_not_heard_of_makes_all_of_it_old() {
    let status = json!({"replicas": 4, "updatedReplicas": 4, "availableReplicas": 4});
    let (mut raw, _) = seen(&json!({}), &status, vec![set(7, "new", (4, 4))], Vec::new());
    let fault = Fault::new(FaultKind::Timeout, "kubernetes:get deployments", "no answer");
    raw.hear(Kind::Deployment, News::Broken(fault.clone()), at(20));
    let old = running(&place(), &raw);
    for found in [old.environment.tasks.fault(), old.environment.revision.fault()] {
        assert_eq!(found, Some(&fault));
    }
    assert_eq!(old.standing.at(), Some(at(0)));
    raw.hear(Kind::Deployment, News::All(Vec::new()), at(30));
    let gone = running(&place(), &raw);
    let why = gone.environment.tasks.fault().unwrap();
    assert_eq!(
        (&why.kind, &*why.message),
        (&FaultKind::NotFound, "there is no Deployment checkout in namespace shop")
    );
}
