//! Recordings of a real controller, played back and compared with what its command line tool
//! printed at the time.

use std::fs;
use std::io::Read;
use std::path::PathBuf;

use flate2::read::GzDecoder;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::standing::{current_step, set_weight, standing};
use super::*;
use crate::domain::{Environment, ListenerSplit};
use crate::sources::argo::raw::{Kind, News};

/// How long after its time stamp a text may have been printed.
const LAG: u64 = 250;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/argo")
}

/// A change of an object, and when it was seen, in milliseconds.
struct Change {
    at: u64,
    kind: Kind,
    news: News,
}

fn changes(story: &str) -> Vec<Change> {
    let file = fs::File::open(folder().join(format!("{story}.jsonl.gz"))).unwrap();
    let mut text = String::new();
    GzDecoder::new(file).read_to_string(&mut text).unwrap();
    text.lines()
        .filter_map(|line| {
            let mut change: Value = serde_json::from_str(line).unwrap();
            let object = change["object"].take();
            let kind = match object["kind"].as_str().unwrap() {
                "Rollout" => Kind::Rollout,
                "ReplicaSet" => Kind::ReplicaSet,
                "Pod" => Kind::Pod,
                "AnalysisRun" => Kind::AnalysisRun,
                "Service" => Kind::Service,
                "Event" => Kind::Event,
                _ => return None,
            };
            let gone = change["type"] == "DELETED";
            let news = if gone { News::Gone(object) } else { News::Is(object) };
            Some(Change { at: change["t"].as_u64().unwrap(), kind, news })
        })
        .collect()
}

/// What the tool printed at a time.
struct Printed {
    at: u64,
    label: String,
    lines: Vec<String>,
}

impl Printed {
    /// The value of a line such as `Status:  ✔ Healthy`.
    fn field(&self, name: &str) -> Option<&str> {
        let prefix = format!("{name}:");
        self.lines.iter().find_map(|line| line.trim().strip_prefix(&prefix)).map(str::trim)
    }

    /// Each ReplicaSet: its revision, its hash, its tags, and the words of its pods.
    fn sets(&self) -> Vec<(String, String, Vec<String>, Vec<String>)> {
        let mut found: Vec<(String, String, Vec<String>, Vec<String>)> = Vec::new();
        let mut revision = String::new();
        for line in &self.lines {
            let words: Vec<&str> = line.split_whitespace().collect();
            let after = |mark: &str| {
                let at = words.iter().position(|word| word.ends_with(mark))?;
                words.get(at + 1).copied()
            };
            if let Some(text) = line.split("revision:").nth(1) {
                revision = text.split_whitespace().next().unwrap().to_owned();
            } else if let Some(name) = after("⧉") {
                let hash = name.rsplit('-').next().unwrap().to_owned();
                let tags = words.last().unwrap().split(',').map(str::to_owned).collect();
                found.push((revision.clone(), hash, tags, Vec::new()));
            } else if after("□").is_some() {
                let at = words.iter().position(|word| *word == "Pod").unwrap();
                found.last_mut().unwrap().3.push(words[at + 2].to_owned());
            }
        }
        found
    }
}

fn printed(story: &str) -> Vec<Printed> {
    let text = fs::read_to_string(folder().join(format!("{story}.get.txt"))).unwrap();
    let mut found: Vec<Printed> = Vec::new();
    for line in text.lines() {
        if let Some((at, label)) = line.strip_prefix("=== t=").and_then(|rest| rest.split_once(' '))
        {
            let at = at.parse().unwrap();
            found.push(Printed { at, label: label.to_owned(), lines: Vec::new() });
        } else if let Some(last) = found.last_mut() {
            last.lines.push(line.to_owned());
        }
    }
    found
}

/// The moment of the recording `at`: its first object was made a little before its beginning.
fn moment(changes: &[Change], at: u64) -> Timestamp {
    let made = changes.iter().find_map(|change| match (&change.news, change.kind) {
        (News::Is(object), Kind::Rollout) => {
            object["metadata"]["creationTimestamp"].as_str().map(|text| (change.at, text))
        }
        _ => None,
    });
    let (seen, text) = made.unwrap();
    let made: Timestamp = text.parse().unwrap();
    made + SignedDuration::from_millis(at as i64 - seen as i64)
}

fn place() -> Place {
    Place::new(None, "story", "app")
}

/// What the picture says otherwise than what was printed.
#[expect(clippy::too_many_lines, reason = "one comparison after the other")]
fn differences(raw: &Raw, printed: &Printed, now: Timestamp) -> Vec<String> {
    let mut found = Vec::new();
    let mut same = |what: &str, ours: String, theirs: &str| {
        if ours != theirs {
            found.push(format!("{what}: ours {ours}, printed {theirs}"));
        }
    };
    let object = raw.rollout().unwrap();
    let view = View::of(raw, object);
    let now_stands = standing(object);
    let status = printed.field("Status").unwrap().split_whitespace().last().unwrap();
    same("status", format!("{:?}", now_stands.word), status);
    same("message", now_stands.message, printed.field("Message").unwrap_or_default());
    if let Some(canary) = &object.spec.strategy.canary {
        let steps = canary.steps.len();
        let done = current_step(object, canary).map_or(steps, |(index, _)| index);
        same("step", format!("{done}/{steps}"), printed.field("Step").unwrap());
        same("weight", set_weight(object, canary).to_string(), printed.field("SetWeight").unwrap());
    }
    let picture = snapshot(&place(), raw, now);
    let rollout = picture.rollout().unwrap();
    let share = match rollout.traffic.listener.value() {
        Some(ListenerSplit::Split(split)) => Some(split.green.get()),
        _ => None,
    };
    if let (Some(share), Some(theirs)) = (share, printed.field("ActualWeight")) {
        let current = if view.is_undo { 100.0 - share } else { share };
        // Theirs is a whole number, cut off.
        let theirs: f64 = theirs.parse().unwrap();
        if !(0.0..1.0).contains(&(current - theirs)) {
            same("held", current.to_string(), &theirs.to_string());
        }
    }
    for (revision, hash, tags, pods) in printed.sets() {
        let Some(side) = view.side(&hash) else {
            let named =
                ["stable", "canary", "active"].iter().any(|tag| tags.contains(&(*tag).to_owned()));
            same(
                "side",
                format!("no side for {hash}"),
                if named { "a side" } else { "no side for it" }.replace("it", &hash).as_str(),
            );
            continue;
        };
        let own: &Environment = rollout.side(side);
        let name = own.revision.value().map_or("none", |revision| &revision.name);
        same("revision", name.to_owned(), &format!("revision {revision} ({hash})"));
        let mut ours: Vec<String> =
            own.task_list.value().unwrap().iter().map(|task| task.status.clone()).collect();
        let mut theirs = pods;
        ours.sort();
        theirs.sort();
        same("pods", ours.join(" "), &theirs.join(" "));
        let has = |tag: &str| tags.iter().any(|own| own == tag);
        if has("active") {
            let all = if side == Side::Green { 100.0 } else { 0.0 };
            same("active", format!("{share:?}"), &format!("{:?}", Some(all)));
        }
        if has("canary") || has("preview") {
            same("new", (view.current() == hash).to_string(), "true");
        }
        if has("stable") {
            same("stable", (object.status.stable_rs == hash).to_string(), "true");
        }
    }
    found
}

/// Plays a story and compares every text with the objects of its moment: the one of the moments in
/// which it can have been printed that fits best.
fn compare(story: &str) {
    let changes = changes(story);
    for printed in printed(story) {
        let mut raw = Raw::default();
        let mut best: Option<Vec<String>> = None;
        for (index, change) in changes.iter().enumerate() {
            if change.at > printed.at + LAG {
                break;
            }
            let now = moment(&changes, change.at);
            raw.hear(change.kind, change.news.clone(), now);
            let next = changes.get(index + 1).map_or(u64::MAX, |next| next.at);
            if next < printed.at || raw.rollout().is_none() {
                continue;
            }
            let found = differences(&raw, &printed, moment(&changes, printed.at));
            if best.as_ref().is_none_or(|best| found.len() < best.len()) {
                best = Some(found);
            }
        }
        let best = best.unwrap();
        assert!(best.is_empty(), "{story} at {} ({}): {best:#?}", printed.at, printed.label);
    }
}

macro_rules! stories {
    ($($name:ident: $story:literal;)*) => {
        $(#[test]
        fn $name() {
            compare($story);
        })*
    };
}

stories! {
    a_blue_green_that_is_promoted: "bluegreen-success";
    a_blue_green_whose_analysis_fails: "bluegreen-failed-analysis";
    a_blue_green_whose_analysis_fails_after_the_cutover: "bluegreen-post-failure";
    a_blue_green_whose_abort_leaves_nobody_serving: "bluegreen-abort-outage";
    a_canary_that_is_promoted_by_steps: "canary-nginx-success";
    a_canary_that_is_aborted_and_tried_again: "canary-nginx-abort-retry";
    a_canary_that_is_promoted_in_full: "canary-nginx-full";
    a_canary_without_a_router_that_crashes: "canary-basic-crash";
    a_canary_whose_controller_misses_a_promotion: "canary-lost-promote";
}
