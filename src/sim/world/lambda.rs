//! A function: its versions, and the alias that divides the requests between two of them.

use jiff::{SignedDuration, Timestamp};

use super::World;
use super::birth::sha256;
use super::codedeploy::{Creator, SetInfo};
use super::ecs::SetStatus;
use super::keys::{DeploymentKey, Pool, ReleaseKey, SetKey};
use super::time::{after, minute_start};
use super::traffic::{Flow, Minute, Reach};
use crate::sim::scenario;

/// The state of the function.
#[derive(Debug, Clone)]
pub(crate) struct Lambda {
    pub(crate) config: scenario::Lambda,
    pub(crate) versions: Vec<Version>,
    pub(crate) alias: Alias,
    /// Which version each of the two streams of requests belongs to; a version keeps its stream.
    lanes: [SetKey; 2],
}

/// A published version; it never changes.
#[derive(Debug, Clone)]
pub(crate) struct Version {
    pub(crate) number: usize,
    pub(crate) release: ReleaseKey,
    pub(crate) published: Timestamp,
    /// Of its code, in Base64.
    pub(crate) sha256: String,
}

/// Where the alias points.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Alias {
    pub(crate) main: SetKey,
    /// A second version and its share of the requests, 0-1.
    pub(crate) extra: Option<(SetKey, f64)>,
    /// How often it has been changed.
    pub(crate) changes: usize,
}

impl Alias {
    /// The share of a version, 0-1.
    pub(crate) fn share(&self, version: SetKey) -> f64 {
        match self.extra {
            Some((extra, share)) if extra == version => share,
            Some((_, share)) if self.main == version => 1.0 - share,
            None if self.main == version => 1.0,
            _ => 0.0,
        }
    }
}

impl Lambda {
    /// The function with a version for each release, published at these moments; the first one serves.
    pub(super) fn new(config: scenario::Lambda, versions: Vec<Version>) -> Self {
        let alias = Alias { main: SetKey(0), extra: None, changes: 0 };
        // No version has the second stream yet.
        let lanes = [SetKey(0), SetKey(usize::MAX)];
        Self { config, versions, alias, lanes }
    }

    pub(crate) fn version(&self, key: SetKey) -> Option<&Version> {
        self.versions.get(key.0)
    }

    /// The version that brings a release.
    pub(crate) fn of_release(&self, release: ReleaseKey) -> Option<SetKey> {
        self.versions.iter().position(|version| version.release == release).map(SetKey)
    }

    /// The version with this number, if it has been published by now.
    pub(crate) fn find(&self, number: &str, now: Timestamp) -> Option<SetKey> {
        let number: usize = number.parse().ok()?;
        let here = |version: &Version| version.number == number && version.published <= now;
        self.versions.iter().position(here).map(SetKey)
    }

    /// The id of the alias's present state.
    pub(crate) fn revision_id(&self) -> String {
        let hash = sha256(&format!("{}:{}", self.config.alias, self.alias.changes));
        let part = |from: usize, to: usize| hash.get(from..to).unwrap_or_default();
        format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
    }

    /// Gives every version that the alias names a stream, and keeps those that have one.
    fn seat(&mut self) {
        let named = [Some(self.alias.main), self.alias.extra.map(|(extra, _)| extra)];
        for version in named.into_iter().flatten() {
            let free = self.lanes.iter().position(|lane| !named.contains(&Some(*lane)));
            if !self.lanes.contains(&version)
                && let Some(lane) = free
            {
                self.lanes[lane] = version;
            }
        }
    }
}

impl World {
    /// Points the alias elsewhere.
    pub(crate) fn set_alias(&mut self, main: SetKey, extra: Option<(SetKey, f64)>) {
        let Some(lambda) = &mut self.lambda else { return };
        let changes = lambda.alias.changes + 1;
        lambda.alias = Alias { main, extra: extra.filter(|(_, share)| *share > 0.0), changes };
        lambda.seat();
        for pool in Pool::ALL {
            let version = lambda.lanes[pool.index()];
            let Some(release) = lambda.version(version).map(|version| version.release) else {
                continue;
            };
            let share = lambda.alias.share(version);
            let reach = Reach::Served { broken: 0.0 };
            self.traffic.note(self.now, pool, Flow { share, release, reach, lag: None });
        }
    }

    /// What a deployment moves between: the version that serves, and the one that it brings.
    pub(super) fn versions_at_start(&self, key: DeploymentKey) -> Option<(SetKey, Option<SetKey>)> {
        let lambda = self.lambda.as_ref()?;
        Some((lambda.alias.main, lambda.of_release(self.deployed_release(key)?)))
    }

    /// Green gets this share of the alias.
    pub(super) fn shift_alias(&mut self, (blue, green): (SetKey, SetKey), percent: u8) {
        if percent >= 100 || blue == green {
            self.set_alias(green, None);
        } else {
            self.set_alias(blue, Some((green, f64::from(percent) / 100.0)));
        }
    }

    /// The two versions of a deployment; a rollback brings the old one.
    pub(super) fn version_infos(&self, key: DeploymentKey) -> Vec<SetInfo> {
        let Some(lambda) = &self.lambda else { return Vec::new() };
        let Some(deployment) = self.deploy.deployment(key) else { return Vec::new() };
        let Some(progress) = &deployment.progress else { return Vec::new() };
        let sides = [(Some(progress.blue), "Blue"), (progress.green, "Green")];
        let info = |(version, label): (Option<SetKey>, &'static str)| {
            let share = lambda.alias.share(version?);
            let main = lambda.alias.main == version?;
            Some(SetInfo {
                id: lambda.version(version?)?.number.to_string(),
                label,
                status: if main { SetStatus::Primary } else { SetStatus::Active }.word(),
                weight: share * 100.0,
                desired: 0,
                pending: 0,
                running: 0,
                target_group: String::new(),
            })
        };
        let mut infos: Vec<SetInfo> = sides.into_iter().filter_map(info).collect();
        if deployment.creator == Creator::Rollback {
            infos.reverse();
        }
        infos
    }

    /// The requests of the alias, or of one version behind it, in the minute that holds `at`, as
    /// far as CloudWatch shows them now; `None` before delivery and without requests.
    pub(crate) fn invocations(&self, version: Option<SetKey>, at: Timestamp) -> Option<Minute> {
        let lambda = self.lambda.as_ref()?;
        let start = minute_start(at);
        let release = version.and_then(|version| lambda.version(version)).map(|one| one.release);
        let end = after(start, SignedDuration::from_mins(1));
        let mut whole = Minute::default();
        for pool in Pool::ALL {
            let wanted = release.is_none_or(|one| self.traffic.serves(pool, one, (start, end)));
            if wanted && let Some(minute) = self.pool_minute(pool, start) {
                whole.merge(&minute);
            }
        }
        (whole.requests > 0).then_some(whole)
    }
}
