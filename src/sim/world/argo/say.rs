//! What controllers tell about an object; the cluster forgets it after an hour.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};

use super::store::{stamp, text};
use super::{Argo, ArgoStep, Kind};
use crate::sim::world::time::before;

/// How long an event is kept.
const KEPT: SignedDuration = SignedDuration::from_hours(1);

/// How grave an event is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    Normal,
    Warning,
}

impl Argo {
    /// Tells something about the Rollout.
    pub(super) fn say(&mut self, tone: Tone, reason: &str, message: &str) {
        let name = self.name.clone();
        self.say_of((Kind::Rollout, &name), "rollouts-controller", (tone, reason, message));
    }

    /// Tells something about an object. What was told before in the same words is counted.
    pub(super) fn say_of(
        &mut self,
        (kind, name): (Kind, &str),
        who: &str,
        (tone, reason, message): (Tone, &str, &str),
    ) {
        let Some(object) = self.store.get(kind, name) else { return };
        let now = stamp(self.now);
        let said = |event: &&Json| {
            text(event, "/involvedObject/name") == name
                && text(event, "/reason") == reason
                && text(event, "/message") == message
        };
        let known = self.store.all(Kind::Event).find(said);
        let known = known.map(|known| text(known, "/metadata/name").to_owned());
        if let Some(known) = known {
            self.store.change(Kind::Event, &known, |event| {
                event["count"] = json!(super::count(event, "/count") + 1);
                event["lastTimestamp"] = json!(now);
            });
            return;
        }
        let event = json!({
            "metadata": {
                "name": format!("{name}.{}", self.seed.hex("event", self.said as u64, 16)),
            },
            "count": 1,
            "firstTimestamp": now,
            "lastTimestamp": now,
            "involvedObject": {
                "apiVersion": kind.api_version(),
                "kind": kind.name(),
                "name": name,
                "namespace": self.store.namespace(),
                "resourceVersion": text(object, "/metadata/resourceVersion"),
                "uid": text(object, "/metadata/uid"),
            },
            "message": message,
            "reason": reason,
            "reportingComponent": who,
            "reportingInstance": "",
            "source": {"component": who},
            "type": match tone {
                Tone::Normal => "Normal",
                Tone::Warning => "Warning",
            },
        });
        self.said += 1;
        self.store.create(self.now, Kind::Event, event);
        self.plan(KEPT, ArgoStep::Forget);
    }

    /// Forgets what is too old.
    pub(super) fn forget(&mut self) {
        let oldest = before(self.now, KEPT);
        let is_old = |event: &&Json| {
            text(event, "/lastTimestamp").parse::<Timestamp>().is_ok_and(|at| at <= oldest)
        };
        let old = self.store.all(Kind::Event).filter(is_old);
        let names: Vec<String> = old.map(|one| text(one, "/metadata/name").to_owned()).collect();
        for name in names {
            self.store.remove(Kind::Event, &name);
        }
    }
}
