//! What ECS says about tasks and images, in our words. Pure.

use aws_sdk_ecs::types::Task as EcsTask;

use crate::domain::{Image, Task};

use super::time::moment;

/// One task.
pub(super) fn task(task: &EcsTask) -> Task {
    let arn = task.task_arn().unwrap_or("?");
    let failed = task.containers().iter().find(|c| c.exit_code().is_some_and(|code| code != 0));
    let ended = failed.or_else(|| task.containers().iter().find(|c| c.exit_code().is_some()));
    let container_reason = task.containers().iter().find_map(|c| c.reason());
    let reason = match (task.stopped_reason(), container_reason) {
        (Some(task), Some(container)) if task != container => Some(format!("{task}: {container}")),
        (Some(reason), _) | (None, Some(reason)) => Some(reason.to_owned()),
        (None, None) => None,
    };
    Task {
        id: arn.rsplit('/').next().unwrap_or(arn).to_owned(),
        status: task.last_status().unwrap_or("?").to_owned(),
        health: task
            .health_status()
            .map(|health| health.as_str().to_owned())
            .filter(|health| health != "UNKNOWN"),
        started: moment(task.started_at()),
        stopped: moment(task.stopped_at()),
        reason,
        exit_code: ended.and_then(aws_sdk_ecs::types::Container::exit_code),
    }
}

/// The digest that the side's running tasks have for a container.
pub(super) fn digest(running: &[&EcsTask], container: &str) -> Option<String> {
    running
        .iter()
        .flat_map(|task| task.containers())
        .filter(|c| c.name() == Some(container))
        .find_map(|c| c.image_digest())
        .map(str::to_owned)
}

/// `REPOSITORY[:TAG][@DIGEST]`; a colon before the last slash is a registry's port.
pub(super) fn image(container: &str, reference: &str, running: Option<String>) -> Image {
    let (name, pinned) = match reference.split_once('@') {
        Some((name, digest)) => (name, Some(digest.to_owned())),
        None => (reference, None),
    };
    let (repository, tag) = match name.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => (repository, Some(tag.to_owned())),
        _ => (name, None),
    };
    Image {
        container: container.to_owned(),
        repository: repository.to_owned(),
        tag,
        digest: running.or(pinned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_taken_apart_where_it_can_be() {
        let parts = |text: &str| {
            let image = image("app", text, None);
            (image.repository, image.tag, image.digest)
        };
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(
            parts("reg:5000/shop/app:1.9.0"),
            ("reg:5000/shop/app".into(), some("1.9.0"), None)
        );
        assert_eq!(parts("reg:5000/app"), ("reg:5000/app".into(), None, None));
        assert_eq!(parts("app:1@sha256:ab"), ("app".into(), some("1"), some("sha256:ab")));
        assert_eq!(parts(""), (String::new(), None, None));
    }
}
