//! What everybody who watches weights or orders them has to know alike while the program runs. An
//! order reads afresh with nothing but this in mind.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use crate::domain::{Split, Target};

use super::alb::Owner;
use super::route53::Sync;
use super::sides::Roles;

/// All of it; clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Memory(Arc<Mutex<Known>>);

#[derive(Debug, Default)]
struct Known {
    /// Which side is blue, as it was first seen.
    roles: BTreeMap<Target, Roles>,
    /// Who owns target groups, by their ARNs, and when that was found out.
    owners: BTreeMap<Vec<String>, (Owner, Timestamp)>,
    /// What the name servers answer, for each pair of records.
    answers: BTreeMap<Target, Sync>,
}

impl Memory {
    /// The sides of a target by what a person has `said`, by what was seen before, or by the weights.
    /// What is found here first stays.
    pub(super) fn roles(
        &self,
        target: &Target,
        pair: [(&str, u32); 2],
        said: Option<&str>,
    ) -> Result<Roles, String> {
        let mut known = self.lock();
        let roles = Roles::of(pair, said, known.roles.get(target))?;
        known.roles.insert(target.clone(), roles.clone());
        Ok(roles)
    }

    /// Who owns these groups, and when that was found out.
    pub(super) fn owner(&self, groups: &[String]) -> Option<(Owner, Timestamp)> {
        self.lock().owners.get(groups).cloned()
    }

    /// Remembers who owns these groups.
    pub(super) fn found_owner(&self, groups: Vec<String>, owner: Owner, now: Timestamp) {
        self.lock().owners.insert(groups, (owner, now));
    }

    /// The records were read.
    pub(super) fn looked(&self, target: &Target, newest: Split, now: Timestamp) {
        let mut known = self.lock();
        let sync = Sync::after(known.answers.get(target), newest, now);
        known.answers.insert(target.clone(), sync);
    }

    /// What the name servers answer, as far as it is known.
    pub(super) fn answers(&self, target: &Target) -> Option<Sync> {
        self.lock().answers.get(target).cloned()
    }

    /// Changes what is known about the name servers, if anything is.
    pub(super) fn note(&self, target: &Target, change: impl FnOnce(&mut Sync)) {
        if let Some(sync) = self.lock().answers.get_mut(target) {
            change(sync);
        }
    }

    /// A panic of another thread leaves what it had written, which is as good as before.
    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
