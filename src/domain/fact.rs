//! A value with the age and the doubt it was read with.

use jiff::Timestamp;
use serde::Serialize;

use super::Fault;

/// Something read from an API: known, known but old, or unknown with the reason.
///
/// "No data", "zero" and "error" are three different things everywhere: a [`Fact`] is what keeps
/// them apart from the adapter to the screen and the JSON.
#[derive(Debug, Clone, PartialEq, Serialize, Default)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Fact<T> {
    /// Nobody has asked yet.
    #[default]
    Unasked,
    /// Read without trouble.
    Known {
        /// What was read.
        value: T,
        /// When it was read, in AWS time.
        at: Timestamp,
    },
    /// Read once; the newest attempt failed.
    Stale {
        /// What was read last.
        value: T,
        /// When that was read, in AWS time.
        at: Timestamp,
        /// Why it could not be read again.
        fault: Fault,
    },
    /// Never read; the newest attempt failed.
    Unknown {
        /// Why it could not be read.
        fault: Fault,
    },
}

impl<T> Fact<T> {
    /// A value read at `at`.
    pub fn known(value: T, at: Timestamp) -> Self {
        Fact::Known { value, at }
    }

    /// The newest value, however old.
    pub fn value(&self) -> Option<&T> {
        match self {
            Fact::Known { value, .. } | Fact::Stale { value, .. } => Some(value),
            Fact::Unasked | Fact::Unknown { .. } => None,
        }
    }

    /// The value, unless the newest attempt to read it failed.
    pub fn fresh(&self) -> Option<&T> {
        match self {
            Fact::Known { value, .. } => Some(value),
            Fact::Unasked | Fact::Stale { .. } | Fact::Unknown { .. } => None,
        }
    }

    /// When the value was read.
    pub fn at(&self) -> Option<Timestamp> {
        match self {
            Fact::Known { at, .. } | Fact::Stale { at, .. } => Some(*at),
            Fact::Unasked | Fact::Unknown { .. } => None,
        }
    }

    /// Why the newest attempt failed, if it did.
    pub fn fault(&self) -> Option<&Fault> {
        match self {
            Fact::Stale { fault, .. } | Fact::Unknown { fault } => Some(fault),
            Fact::Unasked | Fact::Known { .. } => None,
        }
    }

    /// The fact after one more attempt: a success replaces the value, a failure keeps it as old.
    #[must_use]
    pub fn after(self, attempt: Result<T, Fault>, at: Timestamp) -> Self {
        match (attempt, self) {
            (Ok(value), _) => Fact::Known { value, at },
            (Err(fault), Fact::Known { value, at } | Fact::Stale { value, at, .. }) => {
                Fact::Stale { value, at, fault }
            }
            (Err(fault), Fact::Unasked | Fact::Unknown { .. }) => Fact::Unknown { fault },
        }
    }

    /// The same fact about something derived from the value.
    pub fn map<U>(&self, derive: impl FnOnce(&T) -> U) -> Fact<U> {
        match self {
            Fact::Unasked => Fact::Unasked,
            Fact::Known { value, at } => Fact::Known { value: derive(value), at: *at },
            Fact::Stale { value, at, fault } => {
                Fact::Stale { value: derive(value), at: *at, fault: fault.clone() }
            }
            Fact::Unknown { fault } => Fact::Unknown { fault: fault.clone() },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::FaultKind;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn fault() -> Fault {
        Fault::new(FaultKind::Timeout, "ecs:DescribeServices", "no answer in 8 s")
    }

    #[test]
    fn a_failure_keeps_the_last_value_with_its_age() {
        let fact = Fact::known(4, at(10)).after(Err(fault()), at(20));
        assert_eq!(fact, Fact::Stale { value: 4, at: at(10), fault: fault() });
        assert_eq!(fact.fresh(), None);
        assert_eq!(fact.after(Ok(5), at(30)), Fact::known(5, at(30)));
    }

    #[test]
    fn what_was_never_read_is_unknown_not_zero() {
        let fact = Fact::<u32>::Unasked.after(Err(fault()), at(20));
        assert_eq!(fact.value(), None);
        assert_eq!(fact.fault(), Some(&fault()));
    }
}
