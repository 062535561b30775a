//! Settings that some targets have of their own.

use super::Target;

/// A setting of all targets: one for each that has its own, and a common one for the others.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PerTarget<T> {
    common: T,
    own: Vec<(Target, T)>,
}

impl<T> PerTarget<T> {
    /// `common` for every target that is not among `own`; of two for one target the first counts.
    pub fn new(common: T, own: impl IntoIterator<Item = (Target, T)>) -> Self {
        Self { common, own: own.into_iter().collect() }
    }

    /// That of every target that has nothing of its own.
    pub fn common(&self) -> &T {
        &self.common
    }

    /// That of `target`.
    pub fn of(&self, target: &Target) -> &T {
        let own = self.own.iter().find(|(of, _)| of == target);
        own.map_or(&self.common, |(_, own)| own)
    }
}
