//! Whether the name servers answer with the newest records. Pure.
//!
//! Route 53 shows a change at once and tells, for a change whose id is known, when all of its name
//! servers have it. Of a change that somebody else made the id is not known: it counts as there when
//! the records have stayed the same for a minute, which is longer than a change usually takes. What
//! is there at the first look counts as there.

use jiff::{SignedDuration, Timestamp};

use crate::domain::{Due, Next, NextStep, Split};
use crate::sources::time::later;

/// How long a change usually takes at most to reach all name servers.
const USUALLY: SignedDuration = SignedDuration::from_secs(60);

/// What is known about one pair of records.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sync {
    /// What all name servers are known to answer.
    answered: Split,
    /// Since when, if that was seen.
    since: Option<Timestamp>,
    /// The newest records, and when they were first seen.
    newest: (Split, Timestamp),
    /// The change of this program that is on its way.
    change: Option<Change>,
}

/// A change of this program.
#[derive(Debug, Clone, PartialEq)]
enum Change {
    /// It was sent, and not answered yet.
    Sent { goal: Split },
    /// Its id, by which Route 53 tells how far it is.
    Named { goal: Split, id: String },
}

impl Sync {
    /// What is known after the records were read once more.
    pub(crate) fn after(before: Option<&Self>, newest: Split, now: Timestamp) -> Self {
        let Some(before) = before else {
            return Self { answered: newest, since: None, newest: (newest, now), change: None };
        };
        let mut sync = before.clone();
        if sync.newest.0 != newest {
            sync.newest = (newest, now);
        }
        let stayed = now.duration_since(sync.newest.1) >= USUALLY;
        if sync.change.is_none() && stayed {
            sync.is_answered(newest, now);
        }
        sync
    }

    /// An order is sent.
    pub(crate) fn sends(&mut self, goal: Split) {
        self.change = Some(Change::Sent { goal });
    }

    /// The order was taken: its change has this id.
    pub(crate) fn taken(&mut self, id: String) {
        if let Some(Change::Sent { goal }) = self.change.take() {
            self.change = Some(Change::Named { goal, id });
        }
    }

    /// The order was refused, or its answer was lost: there is no id to ask for.
    pub(crate) fn unnamed(&mut self) {
        self.change = None;
    }

    /// Nobody may or can tell how far the change with this id is.
    pub(crate) fn is_not_told(&mut self, id: &str) {
        if self.pending() == Some(id) {
            self.change = None;
        }
    }

    /// The id of the change that can be asked for.
    pub(crate) fn pending(&self) -> Option<&str> {
        match &self.change {
            Some(Change::Named { id, .. }) => Some(id),
            Some(Change::Sent { .. }) | None => None,
        }
    }

    /// All name servers have the change with this id.
    pub(crate) fn is_in_sync(&mut self, id: &str, now: Timestamp) {
        let goal = match &self.change {
            Some(Change::Named { goal, id: known }) if known == id => *goal,
            Some(Change::Named { .. } | Change::Sent { .. }) | None => return,
        };
        self.change = None;
        self.is_answered(goal, now);
    }

    fn is_answered(&mut self, split: Split, now: Timestamp) {
        if self.answered != split {
            (self.answered, self.since) = (split, Some(now));
        }
    }

    /// What all name servers are known to answer.
    pub(crate) fn answered(&self) -> Split {
        self.answered
    }

    /// When the last client will have heard of the newest records, as an estimate; clients keep an
    /// answer for `life`.
    pub(crate) fn arrival(&self, life: SignedDuration, now: Timestamp) -> Option<Next> {
        let there = if self.answered == self.newest.0 {
            self.since?
        } else {
            later(self.newest.1, USUALLY).max(now)
        };
        let at = later(there, life);
        (at > now).then(|| Next { step: NextStep::Arrive, due: Due::estimate(at) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Percent;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn share(green: u8) -> Split {
        Percent::new(green).unwrap().split()
    }

    fn looked(sync: &Sync, green: u8, second: i64) -> Sync {
        Sync::after(Some(sync), share(green), at(second))
    }

    #[test]
    fn the_first_look_is_taken_for_what_is_answered() {
        let sync = Sync::after(None, share(10), at(0));
        assert_eq!((sync.answered(), sync.pending()), (share(10), None));
        assert_eq!(sync.arrival(SignedDuration::from_secs(60), at(0)), None);
    }

    #[test]
    fn a_change_of_ours_is_answered_when_route_53_says_so() {
        let life = SignedDuration::from_secs(60);
        let mut sync = Sync::after(None, share(0), at(0));
        sync.sends(share(10));
        let sync_sent = looked(&sync, 10, 200);
        assert_eq!(sync_sent.answered(), share(0), "sent, and not even answered");
        sync.taken("C1".into());
        sync = looked(&sync, 10, 205);
        sync = looked(&sync, 10, 400);
        assert_eq!(
            (sync.answered(), sync.pending()),
            (share(0), Some("C1")),
            "however long it takes"
        );
        sync.is_in_sync("C0", at(401));
        assert_eq!(sync.answered(), share(0), "another change");
        sync.is_in_sync("C1", at(402));
        assert_eq!((sync.answered(), sync.pending()), (share(10), None));
        assert_eq!(sync.arrival(life, at(410)).unwrap().due.at, at(462));
        assert_eq!(sync.arrival(life, at(462)), None, "everybody has heard of it");
    }

    #[test]
    fn a_change_of_somebody_else_is_answered_when_it_has_stayed_for_a_minute() {
        let sync = Sync::after(None, share(0), at(0));
        let sync = looked(&sync, 50, 100);
        let sync = looked(&sync, 50, 159);
        assert_eq!(sync.answered(), share(0));
        let due = sync.arrival(SignedDuration::from_secs(30), at(159)).unwrap().due;
        assert_eq!((due.at, due.exact), (at(190), false));
        assert_eq!(looked(&sync, 50, 160).answered(), share(50));
        assert_eq!(looked(&sync, 60, 160).answered(), share(0), "it has changed once more");
    }

    #[test]
    fn what_somebody_else_sets_after_our_change_is_not_answered_with_it() {
        let mut sync = Sync::after(None, share(0), at(0));
        sync.sends(share(10));
        sync.taken("C1".into());
        sync = looked(&sync, 10, 10);
        sync = looked(&sync, 40, 20);
        sync.is_in_sync("C1", at(30));
        assert_eq!(sync.answered(), share(10));
        assert_eq!(looked(&sync, 40, 80).answered(), share(40));
    }

    #[test]
    fn a_change_that_cannot_be_asked_for_is_like_anybodys() {
        let mut sync = Sync::after(None, share(0), at(0));
        sync.sends(share(10));
        sync.taken("C1".into());
        sync.is_not_told("C0");
        assert_eq!(sync.pending(), Some("C1"));
        sync.is_not_told("C1");
        let sync = looked(&looked(&sync, 10, 5), 10, 65);
        assert_eq!((sync.answered(), sync.pending()), (share(10), None));
    }

    #[test]
    fn a_lost_or_refused_change_has_no_id_to_ask_for() {
        let mut sync = Sync::after(None, share(0), at(0));
        sync.sends(share(10));
        sync.unnamed();
        sync.taken("C1".into());
        assert_eq!(sync.pending(), None);
        let sync = looked(&looked(&sync, 10, 5), 10, 65);
        assert_eq!(sync.answered(), share(10));
    }
}
