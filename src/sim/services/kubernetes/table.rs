//! Objects as `kubectl get` prints them: the server makes the columns.

use jiff::Timestamp;
use serde_json::{Value as Json, json};

use crate::sim::world::argo::{Kind, count, text};

/// A `Table` of some objects.
pub(super) fn table(kind: Kind, objects: &[&Json], metadata: &Json, now: Timestamp) -> Json {
    let columns = columns(kind);
    let definition = |(name, number): &(&str, bool)| {
        json!({
            "name": name,
            "type": if *number { "integer" } else { "string" },
            "format": if *name == "Name" { "name" } else { "" },
            "description": "",
            "priority": 0,
        })
    };
    let row = |object: &&Json| {
        json!({
            "cells": cells(kind, object, now),
            "object": {
                "kind": "PartialObjectMetadata",
                "apiVersion": "meta.k8s.io/v1",
                "metadata": object["metadata"],
            },
        })
    };
    let mut metadata = metadata.clone();
    if let ([one], Some(fields)) = (objects, metadata.as_object_mut()) {
        let version = one["metadata"]["resourceVersion"].clone();
        fields.entry("resourceVersion").or_insert(version);
    }
    json!({
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": metadata,
        "columnDefinitions": columns.iter().map(definition).collect::<Vec<_>>(),
        "rows": objects.iter().map(row).collect::<Vec<_>>(),
    })
}

/// The columns of a kind, and whether they are numbers.
fn columns(kind: Kind) -> &'static [(&'static str, bool)] {
    match kind {
        Kind::Rollout => &[
            ("Name", false),
            ("Desired", true),
            ("Current", true),
            ("Up-to-date", true),
            ("Available", true),
            ("Age", false),
        ],
        Kind::ReplicaSet => &[
            ("Name", false),
            ("Desired", true),
            ("Current", true),
            ("Ready", true),
            ("Age", false),
        ],
        Kind::Pod => &[
            ("Name", false),
            ("Ready", false),
            ("Status", false),
            ("Restarts", true),
            ("Age", false),
        ],
        Kind::Service => &[
            ("Name", false),
            ("Type", false),
            ("Cluster-IP", false),
            ("External-IP", false),
            ("Port(s)", false),
            ("Age", false),
        ],
        Kind::AnalysisRun => &[("Name", false), ("Status", false), ("Age", false)],
        Kind::Event => &[
            ("Last Seen", false),
            ("Type", false),
            ("Reason", false),
            ("Object", false),
            ("Message", false),
        ],
        Kind::Namespace
        | Kind::Deployment
        | Kind::Ingress
        | Kind::Job
        | Kind::AnalysisTemplate
        | Kind::ClusterAnalysisTemplate
        | Kind::Experiment => &[("Name", false), ("Age", false)],
        Kind::TargetGroupBinding => &[
            ("Name", false),
            ("Service-Name", false),
            ("Service-Port", false),
            ("Target-Type", false),
            ("Age", false),
        ],
    }
}

fn cells(kind: Kind, object: &Json, now: Timestamp) -> Json {
    let name = text(object, "/metadata/name");
    let age = || age(text(object, "/metadata/creationTimestamp"), now);
    let number = |at: &str| count(object, at);
    match kind {
        Kind::Rollout => json!([
            name,
            number("/spec/replicas"),
            number("/status/replicas"),
            number("/status/updatedReplicas"),
            number("/status/availableReplicas"),
            age(),
        ]),
        Kind::ReplicaSet => json!([
            name,
            number("/spec/replicas"),
            number("/status/replicas"),
            number("/status/readyReplicas"),
            age(),
        ]),
        Kind::Pod => {
            let statuses = object["status"]["containerStatuses"].as_array();
            let ready = statuses.into_iter().flatten().filter(|one| one["ready"] == true).count();
            let all = object["spec"]["containers"].as_array().map_or(0, Vec::len);
            json!([name, format!("{ready}/{all}"), pod_status(object), restarts(object), age()])
        }
        Kind::Service => {
            let port = number("/spec/ports/0/port");
            json!([
                name,
                text(object, "/spec/type"),
                text(object, "/spec/clusterIP"),
                "<none>",
                format!("{port}/{}", text(object, "/spec/ports/0/protocol")),
                age(),
            ])
        }
        Kind::AnalysisRun => json!([name, text(object, "/status/phase"), age()]),
        Kind::Event => {
            let whom = |part: &str| text(object, &format!("/involvedObject/{part}")).to_owned();
            json!([
                self::age(text(object, "/lastTimestamp"), now),
                text(object, "/type"),
                text(object, "/reason"),
                format!("{}/{}", whom("kind").to_lowercase(), whom("name")),
                text(object, "/message"),
            ])
        }
        Kind::TargetGroupBinding => {
            let port = number("/spec/serviceRef/port").to_string();
            let spec = |part: &str| text(object, &format!("/spec/{part}")).to_owned();
            json!([name, spec("serviceRef/name"), port, spec("targetType"), age()])
        }
        Kind::Namespace
        | Kind::Deployment
        | Kind::Ingress
        | Kind::Job
        | Kind::AnalysisTemplate
        | Kind::ClusterAnalysisTemplate
        | Kind::Experiment => json!([name, age()]),
    }
}

fn restarts(pod: &Json) -> u32 {
    count(pod, "/status/containerStatuses/0/restartCount")
}

fn pod_status(pod: &Json) -> String {
    if pod["metadata"].get("deletionTimestamp").is_some() {
        return "Terminating".to_owned();
    }
    let waiting = text(pod, "/status/containerStatuses/0/state/waiting/reason");
    let reason = if waiting.is_empty() { text(pod, "/status/phase") } else { waiting };
    reason.to_owned()
}

/// How long ago that was, as `kubectl` shortens it.
fn age(since: &str, now: Timestamp) -> String {
    let Ok(since) = since.parse::<Timestamp>() else { return "<unknown>".to_owned() };
    let seconds = now.duration_since(since).as_secs().max(0);
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    let both = |big: i64, unit: char, small: i64, other: char| {
        if small == 0 { format!("{big}{unit}") } else { format!("{big}{unit}{small}{other}") }
    };
    match seconds {
        ..120 => format!("{seconds}s"),
        120..600 => both(minutes, 'm', seconds % 60, 's'),
        600..10_800 => format!("{minutes}m"),
        10_800..28_800 => both(hours, 'h', minutes % 60, 'm'),
        28_800..172_800 => format!("{hours}h"),
        172_800..691_200 => both(days, 'd', hours % 24, 'h'),
        _ => format!("{days}d"),
    }
}
