//! What the tasks of a side write: where that is, and the newest lines of it.
//!
//! | module | what |
//! |---|---|
//! | `definition` | a task definition → where its tasks write, pure |
//! | `group` | the lines of tasks in a log group of CloudWatch |
//! | `pods` | the lines of pods, by their API server |
//! | `rows` | what was written → rows, pure |
//!
//! It is read only while somebody looks at it. That needs permissions that nothing else needs, and a
//! program without them shows everything else as ever.

mod definition;
mod group;
mod pods;
mod rows;

use crate::domain::{Fault, LogPage, LogPlace, LogQuestion};

use super::aws::Aws;
pub(super) use definition::{place, unread};

/// The newest lines of a side.
pub(super) async fn read(aws: &Aws, question: &LogQuestion) -> Result<LogPage, Fault> {
    match &question.place {
        LogPlace::Group { region, group, prefix, .. } => {
            let group = group::Group { region: region.as_deref(), name: group, prefix };
            group.read(aws, question).await
        }
        LogPlace::Pods { container, context, namespace } => {
            let pods = pods::Pods { context: context.as_deref(), namespace, container };
            pods.read(aws, question).await
        }
    }
}
