//! A person before the program's own state: keys go in, whole screens come out.

use std::time::Duration;

use cutover::app::Effect;
use cutover::domain::{Source, Target};
use jiff::{SignedDuration, Timestamp};

use super::ground::{Ground, Screen};
use super::simulated::{Simulated, Watch};
use crate::harness::keyboard::{Desk, settings};
use crate::screens::{screen, text};

/// How long is looked for a text, and how often.
const PATIENCE: Duration = Duration::from_mins(2);
const LOOK: Duration = Duration::from_millis(100);
/// How old a picture becomes where nothing changes but the time.
const OLD: SignedDuration = SignedDuration::from_millis(900);

/// Somebody who watches a target.
pub(crate) struct Person {
    ground: Simulated,
    target: Target,
    desk: Desk,
    /// The newest watch: while the cluster is out of reach it is the only one that has seen it.
    watch: Option<Watch>,
    /// What was seen last: the cluster's change, and when.
    seen: (u64, Timestamp),
    shown: String,
    left: Option<u32>,
}

impl Person {
    /// Somebody before a screen that has just come up.
    pub(super) fn before(ground: &Simulated, target: Target) -> Self {
        let now = ground.now();
        let desk = Desk::starting(settings(), Some(target.clone()), now);
        let mut person = Self {
            ground: ground.clone(),
            target,
            desk,
            watch: None,
            seen: (0, now),
            shown: String::new(),
            left: None,
        };
        person.looks(true);
        person
    }

    fn looks(&mut self, anew: bool) {
        let (version, now) = (self.ground.version(), self.ground.now());
        self.desk.state.now = self.desk.state.now.max(now);
        if self.watch.is_some() && self.ground.is_cut_off() {
            self.hears(now);
        } else if anew || version != self.seen.0 || now.duration_since(self.seen.1) > OLD {
            self.seen = (version, now);
            let (watch, picture) = self.ground.begins(&self.target);
            self.watch = Some(watch);
            self.desk.sees(picture);
        }
        self.acts();
        self.shown = text(&screen(&mut self.desk.state, (120, 40), "dark"));
    }

    /// What the watch is told while nobody gets to the cluster: only the time passes in between.
    fn hears(&mut self, now: Timestamp) {
        let cockpit = self.desk.state.cockpit();
        let next = cockpit.and_then(|one| one.snapshot.readings.get(&Source::Kubernetes)?.next);
        let Some(watch) = self.watch.as_mut().filter(|_| next.is_some_and(|next| next <= now))
        else {
            return;
        };
        if let Some(picture) = self.ground.goes_on(watch) {
            self.desk.sees(picture);
        }
    }

    /// Carries out what the keys and the pictures have led to.
    fn acts(&mut self) {
        for effect in self.desk.take() {
            match effect {
                Effect::Act(order) => {
                    for event in self.ground.carries_out(&order) {
                        self.desk.state.now = self.desk.state.now.max(self.ground.now());
                        self.desk.happens(event);
                    }
                }
                Effect::Quit => self.left = Some(0),
                // What is asked anew is asked anew at every look.
                _ => {}
            }
        }
    }
}

impl Screen for Person {
    fn types(&mut self, keys: &str) -> &mut Self {
        self.looks(false);
        for key in keys.chars() {
            let name = match key {
                '\r' => "enter".to_owned(),
                '\x1b' => "esc".to_owned(),
                ' ' => "space".to_owned(),
                key => key.to_string(),
            };
            self.desk.strikes(&name);
        }
        self.looks(false);
        self
    }

    fn rests(&mut self, time: Duration) -> &mut Self {
        self.ground.rests(time);
        self.looks(false);
        self
    }

    #[track_caller]
    fn until(&mut self, wanted: impl Fn(&str) -> bool) -> &mut Self {
        let end = self.ground.now() + SignedDuration::try_from(PATIENCE).unwrap();
        self.looks(false);
        while !wanted(&self.shown) {
            assert!(self.ground.now() < end, "the screen stays:\n{}", self.shown);
            self.ground.rests(LOOK);
            self.looks(false);
        }
        self
    }

    fn shows(&self) -> String {
        self.shown.clone()
    }

    fn ends(&mut self) -> u32 {
        self.left.unwrap_or_else(|| panic!("it does not end:\n{}", self.shown))
    }
}
