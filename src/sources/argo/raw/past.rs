//! Measurements that the cluster no longer has: of each metric it keeps the newest ten.

use std::collections::{BTreeMap, VecDeque};

use super::{AnalysisRun, Measurement};

/// How many are kept of each metric of a run: four hours of one a minute.
const KEPT: usize = 240;
/// The longest value that is kept of them; a number is far shorter.
const LONGEST: usize = 80;

/// What was seen while the run was watched, by the uid of the run and the name of the metric.
#[derive(Debug, Clone, Default)]
pub(crate) struct Past(BTreeMap<(String, String), VecDeque<Measurement>>);

impl Past {
    /// Keeps what the runs `before` a change had and have no more `after` it. A run that is gone takes
    /// its measurements with it.
    pub(super) fn keep(
        &mut self,
        before: &[AnalysisRun],
        after: Option<&BTreeMap<String, AnalysisRun>>,
    ) {
        let Some(after) = after else { return };
        for old in before {
            let same = |new: &&AnalysisRun| new.metadata.uid == old.metadata.uid;
            let Some(new) = after.get(&old.metadata.name).filter(same) else { continue };
            for result in &old.status.metric_results {
                let now = new.status.metric_results.iter().find(|now| now.name == result.name);
                let first = now.and_then(|now| now.measurements.first()?.started_at);
                let Some(first) = first else { continue };
                let fallen = result.measurements.iter().filter(|one| one.started_at < Some(first));
                let kept = self.0.entry((new.metadata.uid.clone(), result.name.clone()));
                add(kept.or_default(), fallen);
            }
        }
        self.0.retain(|(uid, _), _| after.values().any(|run| run.metadata.uid == *uid));
    }

    /// What was seen of a metric of a run before what the cluster still has, oldest first.
    pub(crate) fn of(&self, run: &AnalysisRun, metric: &str) -> impl Iterator<Item = &Measurement> {
        let key = (run.metadata.uid.clone(), metric.to_owned());
        self.0.get(&key).into_iter().flatten()
    }
}

/// Adds those that are newer than what is there.
fn add<'a>(kept: &mut VecDeque<Measurement>, fallen: impl Iterator<Item = &'a Measurement>) {
    for one in fallen {
        if one.started_at.is_none()
            || kept.back().is_some_and(|last| last.started_at >= one.started_at)
        {
            continue;
        }
        kept.push_back(Measurement {
            phase: one.phase.clone(),
            value: one.value.chars().take(LONGEST).collect(),
            started_at: one.started_at,
            ..Measurement::default()
        });
        if kept.len() > KEPT {
            kept.pop_front();
        }
    }
}
