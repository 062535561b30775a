//! What a pod is doing, in the one word that `kubectl get pods` has for it.

use crate::domain::{TargetState, Task};
use crate::sources::argo::raw::Pod;
use crate::sources::argo::raw::{ContainerStatus, Terminated};

/// The word: the pod's own phase, unless a container or its end says something worse.
pub(crate) fn word(pod: &Pod) -> String {
    let status = &pod.status;
    let phase = if status.reason.is_empty() { &status.phase } else { &status.reason };
    let word = match initialising(&status.init_container_statuses) {
        Some(word) => word,
        None => running(phase, &status.container_statuses),
    };
    match (pod.metadata.deletion_timestamp, status.reason.as_str()) {
        (Some(_), "NodeLost") => "Unknown".to_owned(),
        (Some(_), _) => "Terminating".to_owned(),
        (None, _) => word,
    }
}

/// What the first init container that is not done is doing.
fn initialising(containers: &[ContainerStatus]) -> Option<String> {
    for (index, container) in containers.iter().enumerate() {
        let state = &container.state;
        match (&state.terminated, &state.waiting) {
            (Some(end), _) if end.exit_code == 0 => {}
            (Some(end), _) => return Some(format!("Init:{}", ending(end))),
            // A sidecar goes on beside the others.
            (None, _) if container.started => {}
            (None, Some(why)) if !why.reason.is_empty() && why.reason != "PodInitializing" => {
                return Some(format!("Init:{}", why.reason));
            }
            (None, _) => return Some(format!("Init:{index}/{}", containers.len())),
        }
    }
    None
}

/// What the containers are doing; the first one that has something to say is heard.
fn running(phase: &str, containers: &[ContainerStatus]) -> String {
    let said = containers.iter().find_map(|container| {
        let state = &container.state;
        match (&state.waiting, &state.terminated) {
            (Some(why), _) if !why.reason.is_empty() => Some(why.reason.clone()),
            (_, Some(end)) => Some(ending(end)),
            _ => None,
        }
    });
    let runs = || containers.iter().any(|c| c.state.running.is_some() && c.ready);
    match said.as_deref() {
        Some("Completed") if runs() => "Running".to_owned(),
        Some(word) => word.to_owned(),
        None => phase.to_owned(),
    }
}

fn ending(end: &Terminated) -> String {
    match (end.reason.as_str(), end.signal) {
        ("", 0) => format!("ExitCode:{}", end.exit_code),
        ("", signal) => format!("Signal:{signal}"),
        (reason, _) => reason.to_owned(),
    }
}

/// Whether it takes requests.
pub(crate) fn is_ready(pod: &Pod) -> bool {
    let ready = pod.status.conditions.iter().find(|condition| condition.kind == "Ready");
    ready.is_some_and(|condition| condition.status == "True")
        && pod.metadata.deletion_timestamp.is_none()
}

/// It as a task: the newest end of a container says why.
pub(crate) fn task(pod: &Pod) -> Task {
    let containers = &pod.status.container_statuses;
    let end = containers.iter().find_map(|container| {
        container.state.terminated.as_ref().or(container.last_state.terminated.as_ref())
    });
    let waits = containers.iter().find_map(|container| container.state.waiting.as_ref());
    let restarts: u32 = containers.iter().map(|container| container.restart_count).sum();
    let said = [
        waits.map(|why| why.message.as_str()),
        end.map(|end| end.message.as_str()),
        end.map(|end| end.reason.as_str()),
        Some(pod.status.message.as_str()),
    ];
    let said = said.into_iter().flatten().find(|text| !text.is_empty()).map(str::to_owned);
    let reason = match (restarts, said) {
        (0, said) => said,
        (n, None) => Some(format!("{n} restarts")),
        (n, Some(said)) => Some(format!("{n} restarts, {said}")),
    };
    Task {
        id: pod.metadata.name.clone(),
        status: word(pod),
        health: Some(if is_ready(pod) { "HEALTHY" } else { "UNHEALTHY" }.to_owned()),
        started: pod.status.start_time,
        stopped: None,
        reason,
        exit_code: end.map(|end| end.exit_code),
    }
}

/// It as what a Service sends requests to, in the words of target groups.
pub(crate) fn target(pod: &Pod) -> TargetState {
    let word = word(pod);
    let state = if is_ready(pod) {
        "healthy"
    } else {
        match word.as_str() {
            "Terminating" => "draining",
            "Pending" | "ContainerCreating" => "initial",
            // Runs and is not ready yet: unhealthy only once a container has failed.
            "Running" if restarts(pod) == 0 => "initial",
            text if text.starts_with("Init:") && restarts(pod) == 0 => "initial",
            _ => "unhealthy",
        }
    };
    let name = &pod.metadata.name;
    let id = if pod.status.pod_ip.is_empty() { name } else { &pod.status.pod_ip };
    let reason = (state == "unhealthy").then_some(word);
    TargetState { id: id.clone(), state: state.to_owned(), reason, description: None }
}

fn restarts(pod: &Pod) -> u32 {
    pod.status.container_statuses.iter().map(|container| container.restart_count).sum()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn pod(status: &Value) -> Pod {
        serde_json::from_value(json!({"metadata": {"name": "p"}, "status": status})).unwrap()
    }

    #[test]
    fn the_word_is_the_one_that_people_know() {
        for (status, expected) in [
            (
                json!({"phase": "Running", "containerStatuses": [{"ready": true, "state": {"running": {}}}]}),
                "Running",
            ),
            (
                json!({"phase": "Running", "containerStatuses": [
                {"state": {"waiting": {"reason": "CrashLoopBackOff"}}}, {"ready": true, "state": {"running": {}}}]}),
                "CrashLoopBackOff",
            ),
            (
                json!({"phase": "Pending", "initContainerStatuses": [{"state": {"running": {}}}, {}]}),
                "Init:0/2",
            ),
            (
                json!({"phase": "Pending", "initContainerStatuses": [{"state": {"terminated": {"exitCode": 3}}}]}),
                "Init:ExitCode:3",
            ),
            (json!({"phase": "Failed", "reason": "Evicted"}), "Evicted"),
            (
                json!({"phase": "Running", "containerStatuses": [
                {"state": {"terminated": {"reason": "Completed"}}}, {"ready": true, "state": {"running": {}}}]}),
                "Running",
            ),
            (
                json!({"phase": "Failed", "containerStatuses": [{"state": {"terminated": {"signal": 9}}}]}),
                "Signal:9",
            ),
        ] {
            assert_eq!(word(&pod(&status)), expected, "{status}");
        }
    }
}
