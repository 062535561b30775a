//! One watch: listed, then followed, listed anew when what it goes on from is too old.
//!
//! A version that is too old is told in two ways: as the status of an answer, and as an event
//! inside an answer that began well. An API server that was restarted says it although nothing has
//! changed.

use futures::{StreamExt, pin_mut};
use jiff::SignedDuration;
use kube::core::watch::WatchEvent;
use serde_json::Value;
use tokio::sync::mpsc::UnboundedSender;

use crate::domain::Fault;
use crate::sources::aws::Aws;
use crate::sources::time::later;

use super::answer::{is_gone, of_status};
use super::cluster::{Cluster, Resource};
use super::follow::Heard;
use super::raw::{Kind, News};

/// The first wait after a failure, and the longest.
const FIRST: SignedDuration = SignedDuration::from_millis(800);
const LONGEST: SignedDuration = SignedDuration::from_secs(30);
/// Between the end of a watch and the next one.
const BREATH: SignedDuration = SignedDuration::from_millis(200);

/// A watch and whom it tells.
pub(super) struct Watch {
    pub(super) aws: Aws,
    pub(super) cluster: Cluster,
    pub(super) kind: Kind,
    pub(super) resource: Resource,
    pub(super) tell: UnboundedSender<Heard>,
}

impl Watch {
    /// Watches for as long as somebody listens.
    pub(super) async fn run(self) {
        let mut version = None;
        let mut wait = FIRST;
        while !self.tell.is_closed() {
            match self.session(&mut version).await {
                Ok(()) => {
                    wait = FIRST;
                    self.sleep(BREATH).await;
                }
                Err(fault) if is_gone(&fault) && version.is_some() => version = None,
                Err(fault) => {
                    self.say(News::Broken(fault));
                    self.sleep(wait).await;
                    wait = (wait + wait).min(LONGEST);
                }
            }
        }
    }

    /// From a list, or from where the last session ended, to the end of the watch.
    async fn session(&self, version: &mut Option<String>) -> Result<(), Fault> {
        let from = if let Some(from) = version {
            from.clone()
        } else {
            let (objects, from) = self.cluster.list(&self.resource).await?;
            self.say(News::All(objects));
            version.insert(from).clone()
        };
        let events = self.cluster.watch(&self.resource, &from).await?;
        self.say(News::Alive);
        pin_mut!(events);
        while let Some(event) = events.next().await {
            let (seen, news) = match event? {
                WatchEvent::Added(object) | WatchEvent::Modified(object) => {
                    (seen(&object), News::Is(object))
                }
                WatchEvent::Deleted(object) => (seen(&object), News::Gone(object)),
                WatchEvent::Bookmark(mark) => (Some(mark.metadata.resource_version), News::Alive),
                WatchEvent::Error(status) => {
                    let operation = format!("watch {}", self.resource.plural);
                    return Err(of_status(
                        &operation,
                        status.code,
                        &status.reason,
                        &status.message,
                    ));
                }
            };
            if seen.is_some() {
                *version = seen;
            }
            self.say(news);
        }
        Ok(())
    }

    fn say(&self, news: News) {
        // Nobody listens any more: the loop ends by that.
        let _ = self.tell.send(Heard::News(self.kind, news));
    }

    async fn sleep(&self, span: SignedDuration) {
        // Watches that broke together do not come back together.
        let jitter = f64::from((self.aws.seed() >> (8 * (self.kind as u32 % 8))) as u8) / 512.0;
        let span = span.as_secs_f64() * (1.0 + jitter);
        let until = SignedDuration::try_from_secs_f64(span).unwrap_or(LONGEST);
        let now = self.aws.now();
        super::sleep(self.aws.clone(), Some(later(now, until))).await;
    }
}

/// The version an object was seen in.
fn seen(object: &Value) -> Option<String> {
    object["metadata"]["resourceVersion"].as_str().map(str::to_owned)
}
