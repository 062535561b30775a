//! What runs on both sides of a split, each in a cluster of its own, and what comes to each task of it.

use crate::domain::{Environment, Metrics, Revision, Rollout, Side, Split};

use super::consequence::rate;

/// Both sides, blue first.
#[derive(Debug, Clone, PartialEq)]
pub struct Beside {
    /// What runs on each.
    pub sides: [Half; 2],
    /// Both run the same images.
    pub same_image: bool,
    /// Both are brought out in the same way, from templates that are not the same.
    pub templates_differ: bool,
}

/// What runs on one side.
#[derive(Debug, Clone, PartialEq)]
pub struct Half {
    /// What it runs, in short.
    pub image: Option<String>,
    /// How many of its tasks run.
    pub tasks: Option<u32>,
    /// About how many requests a second come to each of them.
    pub each: Option<f64>,
}

/// What a split means for both sides; nothing where nobody has named what keeps their tasks.
pub(super) fn beside(rollout: &Rollout, then: Split, metrics: Option<&Metrics>) -> Option<Beside> {
    let (blue, green) = (rollout.blue.runs.as_ref()?, rollout.green.runs.as_ref()?);
    let all = metrics.and_then(|all| Some(rate(all, Side::Blue)? + rate(all, Side::Green)?));
    let half = |own: &Environment, share: f64| {
        let tasks = own.tasks.value().map(|tasks| tasks.running);
        let each = all.zip(tasks.filter(|tasks| *tasks > 0));
        Half {
            image: own.revision.value().and_then(image),
            tasks,
            each: each.map(|(all, tasks)| all * share / 100.0 / f64::from(tasks)),
        }
    };
    let sides = [half(&rollout.blue, then.blue().get()), half(&rollout.green, then.green.get())];
    let revisions = rollout.blue.revision.value().zip(rollout.green.revision.value());
    let same = |a: &Revision, b: &Revision| !a.images.is_empty() && a.images == b.images;
    let alike = blue.workload.kind == green.workload.kind;
    Some(Beside {
        sides,
        same_image: revisions.is_some_and(|(a, b)| same(a, b)),
        templates_differ: alike && revisions.is_some_and(|(a, b)| template(a) != template(b)),
    })
}

/// The first image by its tag, else by its digest.
fn image(revision: &Revision) -> Option<String> {
    let first = revision.images.first()?;
    first.tag.clone().or_else(|| first.digest.clone())
}

/// What a version is told from others by: the end of the name of its ReplicaSet.
fn template(revision: &Revision) -> &str {
    revision.arn.rsplit('-').next().unwrap_or_default()
}
