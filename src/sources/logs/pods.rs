//! The lines of pods, by the API server of their cluster.

use jiff::{SignedDuration, Timestamp};
use kube::core::Request;
use kube::core::subresource::LogParams;

use crate::domain::{Fault, FaultKind, LogLine, LogPage, LogQuestion};
use crate::sources::aws::Aws;

use super::rows;

/// How many pods are read: each is a question of its own.
const MOST: usize = 20;
/// How many lines of each at first.
const TAIL: i64 = 200;
/// How many bytes of each after that.
const BYTES: i64 = 1 << 20;
/// What was written while the last answer was on its way may be missing in it.
const LATE: SignedDuration = SignedDuration::from_secs(2);

/// The pods of a namespace, and their container that is read.
pub(super) struct Pods<'a> {
    pub(super) context: Option<&'a str>,
    pub(super) namespace: &'a str,
    pub(super) container: &'a str,
}

impl Pods<'_> {
    /// The newest lines of the pods. Those that have none yet, or are gone, are passed over.
    pub(super) async fn read(&self, aws: &Aws, question: &LogQuestion) -> Result<LogPage, Fault> {
        let cluster = aws.cluster(self.context).await?;
        let path = Request::new(format!("/api/v1/namespaces/{}/pods", self.namespace));
        let params = LogParams {
            container: Some(self.container.to_owned()),
            timestamps: true,
            since_seconds: question.since.map(|since| {
                let span = aws.now().duration_since(since) + LATE;
                span.as_secs().max(1)
            }),
            tail_lines: question.since.is_none().then_some(TAIL),
            limit_bytes: question.since.is_some().then_some(BYTES),
            ..LogParams::default()
        };
        let asked = question.tasks.iter().take(MOST);
        let answers = futures::future::join_all(asked.map(|pod| {
            let (cluster, request) = (&cluster, path.logs(pod, &params));
            async move { (pod, cluster.text("get pods/log", request).await) }
        }));
        let (mut lines, mut failed) = (Vec::new(), None);
        let mut answered = false;
        for (pod, answer) in answers.await {
            match answer {
                Ok(text) => {
                    answered = true;
                    lines.extend(text.lines().flat_map(|line| row(pod, line)));
                }
                // It is gone, or its container does not run yet.
                Err(Fault { kind: FaultKind::NotFound | FaultKind::Rejected { .. }, .. }) => {}
                Err(fault) => failed = Some(fault),
            }
        }
        match failed {
            Some(fault) if !answered => return Err(fault),
            Some(_) | None => {}
        }
        lines.sort_by_key(|line| line.at);
        let many = question.tasks.len();
        let left_out = match failed {
            Some(fault) => Some(format!("not of every pod: {fault}")),
            None => (many > MOST).then(|| format!("of {MOST} of {many} pods")),
        };
        Ok(LogPage { lines, left_out })
    }
}

/// The rows of `TIME TEXT`. Two lines of one nanosecond that say the same are one.
fn row(pod: &str, line: &str) -> Vec<LogLine> {
    let (time, text) = line.split_once(' ').unwrap_or((line, ""));
    let Ok(at) = time.parse::<Timestamp>() else { return Vec::new() };
    rows::of((at, pod, &format!("{pod}/{line}")), text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_begins_with_its_time_and_one_without_is_none() {
        let rows = row("app-1", "2026-03-02T09:00:00.123456789Z GET / 500");
        assert_eq!((rows.len(), rows[0].text.as_str()), (1, "GET / 500"));
        assert_eq!(rows[0].at.as_millisecond(), 1_772_442_000_123);
        for bad in ["", "no time here", "2026-03-02T09:00:00Z", "2026-03-02T09:00:00Z "] {
            assert_eq!(row("app-1", bad), [], "{bad}");
        }
    }
}
