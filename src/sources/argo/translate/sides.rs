//! One side of the rollout: its ReplicaSet, its pods, the Service that leads to it.

use crate::domain::{Environment, Fact, Image, LogPlace, Revision, Side, Targets, TaskCounts};
use crate::sources::argo::Place;
use crate::sources::argo::raw::{Container, ReplicaSet};

use super::pod;
use super::view::View;

/// No more tasks than anybody reads; the counts are of all.
pub(super) const MOST: usize = 50;

/// A side as it is.
pub(crate) fn environment(place: &Place, view: &View<'_>, side: Side) -> Environment {
    let hash = view.hash(side);
    let Some(set) = view.set(hash) else { return without_set(view, hash) };
    let pods = view.pods(set);
    let counts = TaskCounts {
        desired: set.spec.replicas,
        running: set.status.available_replicas,
        pending: set.status.replicas.saturating_sub(set.status.available_replicas),
    };
    let mut tasks: Vec<_> = pods.iter().map(|pod| pod::task(pod)).collect();
    // What is broken is read first.
    tasks.sort_by_key(|task| task.health.as_deref() != Some("UNHEALTHY"));
    tasks.truncate(MOST);
    let targets = Targets { list: pods.iter().map(|pod| pod::target(pod)).collect() };
    Environment {
        revision: view.raw.replica_sets.map(|_| revision(set)),
        tasks: view.raw.replica_sets.map(|_| counts),
        task_list: view.raw.pods.map(|_| tasks),
        target_group: service(view, hash),
        targets: view.raw.pods.map(|_| targets),
        log: view.raw.replica_sets.map(|_| log(place, set)),
        runs: None,
    }
}

/// A side whose ReplicaSet is not there: gone, never there, or not read.
fn without_set(view: &View<'_>, hash: &str) -> Environment {
    let sets = &view.raw.replica_sets;
    let template = view.rollout.spec.template.as_ref().filter(|_| hash == view.current());
    Environment {
        revision: match template {
            // The ReplicaSet of a new version is made a moment after the version is asked for.
            Some(template) if !hash.is_empty() => view.raw.rollouts.map(|_| Revision {
                name: hash.to_owned(),
                arn: String::new(),
                images: template.spec.containers.iter().map(image).collect(),
                active: Some(true),
            }),
            _ => Fact::Unasked,
        },
        tasks: sets.map(|_| TaskCounts::default()),
        task_list: sets.map(|_| Vec::new()),
        target_group: service(view, hash),
        targets: sets.map(|_| Targets::default()),
        log: Fact::Unasked,
        runs: None,
    }
}

/// Where the pods of a version write.
pub(super) fn log(place: &Place, set: &ReplicaSet) -> LogPlace {
    LogPlace::Pods {
        container: set.spec.template.main_container().unwrap_or_default().to_owned(),
        context: place.context.clone(),
        namespace: place.namespace.clone(),
    }
}

/// The version's number and hash: the number alone moves on when a version is asked for again.
pub(super) fn revision(set: &ReplicaSet) -> Revision {
    Revision {
        name: format!("revision {} ({})", set.metadata.revision(), set.metadata.hash()),
        arn: set.metadata.name.clone(),
        images: set.spec.template.spec.containers.iter().map(image).collect(),
        active: Some(true),
    }
}

/// `registry:5000/shop/app:1.2@sha256:…` in its parts.
pub(super) fn image(container: &Container) -> Image {
    let (rest, digest) = match container.image.split_once('@') {
        Some((rest, digest)) => (rest, Some(digest.to_owned())),
        None => (container.image.as_str(), None),
    };
    // A colon before the last slash belongs to the registry's port.
    let (repository, tag) = match rest.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => (repository, Some(tag.to_owned())),
        _ => (rest, None),
    };
    let container = container.name.clone();
    Image { container, repository: repository.to_owned(), tag, digest }
}

/// The Service that leads to this version now.
fn service(view: &View<'_>, hash: &str) -> Option<String> {
    let (strategy, status) = (&view.rollout.spec.strategy, &view.rollout.status);
    if let Some(blue_green) = &strategy.blue_green {
        return if hash == status.blue_green.active_selector {
            Some(blue_green.active_service.clone())
        } else if hash == status.blue_green.preview_selector {
            blue_green.preview_service.clone()
        } else {
            None
        };
    }
    let canary = strategy.canary.as_ref()?;
    if let Some(pair) = &canary.ping_pong {
        let ping = (hash == status.stable_rs) == (status.canary.stable_ping_pong == "ping");
        return Some(if ping { pair.ping_service.clone() } else { pair.pong_service.clone() });
    }
    if hash == status.stable_rs {
        canary.stable_service.clone()
    } else if hash == status.current_pod_hash {
        canary.canary_service.clone()
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_taken_apart_at_the_right_places() {
        let parts = |text: &str| {
            let image = image(&Container { name: "app".into(), image: text.into() });
            (image.repository, image.tag, image.digest)
        };
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(parts("demo/app:v1"), ("demo/app".into(), some("v1"), None));
        assert_eq!(parts("host:5000/app"), ("host:5000/app".into(), None, None));
        assert_eq!(
            parts("host:5000/app:2@sha256:ab"),
            ("host:5000/app".into(), some("2"), some("sha256:ab"))
        );
        assert_eq!(parts(""), (String::new(), None, None));
    }
}
