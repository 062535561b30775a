//! Where a story happens: beside a real controller, or in the simulator. A story does not know which.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use crate::cli::process::Ended;
use crate::cli::terminal::Terminal;

/// A program of the cluster that a story takes away for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Program {
    /// The controller of Argo Rollouts.
    Controller,
    /// What stands for the nodes.
    Kubelets,
    /// The API server.
    ApiServer,
}

/// How the login stands in whose name the program asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Login {
    /// The cluster takes it.
    Good,
    /// It has run out, and is not renewed.
    Ended,
    /// It is handed out, and the cluster does not take it.
    NotTaken,
}

/// A cluster with a namespace of the story's own, and the program that is tried on it.
pub(crate) trait Ground: Sized {
    type Screen: Screen;

    /// Beside other stories.
    fn beside() -> Self;
    /// For one story alone, which may take programs away.
    fn alone() -> Self;

    /// In whose name the program asks, as it shows it.
    fn user(&self) -> &'static str;
    fn namespace(&self) -> &str;
    /// What the API server answers; the status of its answer when it refuses, 0 when there is none.
    fn ask(&self, method: &str, path: &str, kind: &str, body: &Value) -> Result<Value, u16>;
    fn now(&self) -> Timestamp;
    fn rests(&self, time: Duration);
    /// What the story's own value is from now on.
    fn measures(&self, value: f64);
    /// The address that a `web` analysis reads it at.
    fn value_url(&self) -> String;
    /// Makes the pods of a version do something else, e.g. `crash`.
    fn pods_do(&self, hash: &str, what: &str);
    fn stops(&self, program: Program);
    fn starts(&self, program: Program);
    /// The API server keeps every connection and says nothing any more.
    fn falls_silent(&self);
    /// It goes on where it stopped.
    fn speaks_again(&self);
    /// From here on the program asks by a login that can run out.
    fn logging_in(self) -> Self;
    fn login(&self, stands: Login);

    /// What `cutover status --json` says of a target.
    fn status(&self, target: &str) -> Ended;
    /// Gives an order as a script that means it; what it reports.
    fn orders(&self, target: &str, order: &str, more: &[&str]) -> (Ended, Value);
    fn screen(&self, target: &str) -> Self::Screen;
}

/// The program's screen with a person before it.
pub(crate) trait Screen {
    fn types(&mut self, keys: &str) -> &mut Self;
    fn rests(&mut self, time: Duration) -> &mut Self;
    fn until(&mut self, wanted: impl Fn(&str) -> bool) -> &mut Self;
    /// What is on it now.
    fn shows(&self) -> String;
    /// How the program ends after its quit key.
    fn ends(&mut self) -> u32;

    #[track_caller]
    fn sees(&mut self, text: &str) -> &mut Self {
        self.until(|shown| shown.contains(text))
    }

    /// Types a key that asks for an order, and waits until its question listens.
    #[track_caller]
    fn asks(&mut self, key: &str) -> &mut Self {
        self.types(key).sees("keep going (esc)");
        // A question that has just come up takes no answer: the key may have been meant for what
        // was there before.
        self.rests(Duration::from_millis(400))
    }
}

impl Screen for Terminal {
    fn types(&mut self, keys: &str) -> &mut Self {
        self.types(keys)
    }

    fn rests(&mut self, time: Duration) -> &mut Self {
        self.rests(time)
    }

    #[track_caller]
    fn until(&mut self, wanted: impl Fn(&str) -> bool) -> &mut Self {
        self.until(|screen| wanted(&screen.contents()))
    }

    fn shows(&self) -> String {
        self.screen().contents()
    }

    fn ends(&mut self) -> u32 {
        self.ends_restored()
    }
}

/// Tells stories on both grounds: on the real controller when asked for, in the simulator always.
macro_rules! told {
    ($($way:ident: $($story:ident)+;)+) => {
        mod real {
            $($(#[test]
            #[ignore = "real controller: just e2e-argo"]
            fn $story() {
                super::$story(<crate::e2e::argo::live::Live as crate::e2e::argo::ground::Ground>::$way());
            })+)+
        }

        mod simulated {
            $($(#[test]
            fn $story() {
                super::$story(<crate::e2e::argo::simulated::Simulated as crate::e2e::argo::ground::Ground>::$way());
            })+)+
        }
    };
}

pub(crate) use told;
