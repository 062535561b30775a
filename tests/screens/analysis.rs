//! What an analysis has measured, on the screen: while it goes on, after it has failed, and with
//! values that are no numbers.

use cutover::cli::rehearsal::Rehearsal;
use cutover::domain::{
    AnalysisState, Budget, Condition, Fact, Guard, GuardState, Limit, Measured, Measurement,
    Relation,
};

use super::{SIZES, screen, text};
use crate::harness::fixtures::{Scene, noon};
use crate::harness::keyboard::Desk;

#[tokio::test]
async fn an_analysis_shows_its_series_and_what_is_left_of_its_budget() {
    for (moment, seconds) in [("goes-on", 150), ("has-failed", 600)] {
        let mut rehearsal = Rehearsal::begin("argo-analysis-failed", 1).await.unwrap();
        rehearsal.play(seconds, 4).await;
        let mut desk = Desk::before(rehearsal.state);
        for (view, keys) in [("guards", &["tab", "z"][..]), ("why", &["v"][..])] {
            for key in keys {
                desk.presses(key);
            }
            for size in SIZES.iter().take(2) {
                let shown = text(&screen(&mut desk.state, *size, "dark"));
                let name = format!("analysis-{moment}-{view}-{}x{}", size.0, size.1);
                insta::assert_snapshot!(name, shown);
            }
        }
    }
}

/// A metric that was measured once a minute.
fn metric(values: &[(&str, Option<f64>, AnalysisState)]) -> Measured {
    let measurements =
        values.iter().enumerate().map(|(index, (value, number, state))| Measurement {
            at: noon(60 * index as i64),
            state: state.clone(),
            value: (*value).to_owned(),
            number: *number,
            message: (*state == AnalysisState::Error)
                .then(|| "no answer from the provider".to_owned()),
            warnings: None,
        });
    let none = Budget { used: 0, allowed: Some(0) };
    Measured {
        state: AnalysisState::Running,
        dry_run: false,
        query: None,
        success: None,
        failure: None,
        done: u32::try_from(values.len()).unwrap(),
        planned: None,
        failed: none,
        inconclusive: none,
        errors: Budget { used: 0, allowed: Some(4) },
        next: None,
        message: None,
        measurements: measurements.collect(),
    }
}

fn limit(relation: Relation, number: f64) -> Condition {
    let text = format!("result[0] {} {number}", relation.sign());
    Condition { text, limit: Some(Limit { relation, number }) }
}

fn shown(state: GuardState, measured: Measured) -> String {
    let guard = Guard {
        name: "latency (background)".to_owned(),
        state,
        reason: None,
        since: Some(noon(0)),
        measured: Some(Box::new(measured)),
    };
    let scene = Scene::shifting().picture(|picture| {
        picture.guards = Fact::known(vec![guard.clone()], picture.taken);
    });
    let mut desk = Desk::watching(scene.shot());
    desk.presses("tab").presses("z");
    text(&screen(&mut desk.state, (80, 24), "dark"))
}

fn assert_shows(rows: &str, words: &[&str]) {
    for word in words {
        assert!(rows.contains(word), "no `{word}` in\n{rows}");
    }
}

#[test]
fn a_bad_value_is_told_with_its_limit_and_by_how_much_it_is_missed() {
    use AnalysisState::{Error, Failed, Inconclusive, Successful};
    let mut one = metric(&[
        ("[0.2]", Some(0.2), Successful),
        ("[0.4]", Some(0.4), Inconclusive),
        ("", None, Error),
        ("[0.61]", Some(0.61), Failed),
    ]);
    one.success = Some(limit(Relation::AtMost, 0.25));
    one.failure = Some(limit(Relation::Above, 0.5));
    one.state = Failed;
    one.failed = Budget { used: 1, allowed: Some(0) };
    one.inconclusive = Budget { used: 1, allowed: None };
    let rows = shown(GuardState::Alarm, one);
    assert_shows(&rows, &["! latency (background)  FAILED", "0.61, needs <= 0.25, 0.36 above"]);
    assert_shows(&rows, &["fails at > 0.5", "measured 4, no end planned", "failed █ 1, allowed 0"]);
    assert_shows(&rows, &["inconclusive 1, allowed any number"]);
    let marks = rows.lines().find(|row| row.contains('✖')).unwrap();
    assert_eq!(marks.trim_matches(['│', ' ']), "?  !  ✖", "{rows}");
}

#[test]
fn a_value_that_is_no_number_stays_the_text_it_is_and_obeys_no_terminal() {
    use AnalysisState::{Failed, Successful};
    let text = "{\"ok\":false,\"why\":\"\u{1b}[2J the queue is \u{202e}full\"}";
    let mut one = metric(&[("true", None, Successful), (text, None, Failed)]);
    let condition = "result.ok && all(result.hosts, # > 1)".to_owned();
    one.success = Some(Condition { text: condition, limit: None });
    one.dry_run = true;
    let rows = shown(GuardState::InsufficientData, one);
    assert_shows(&rows, &["good so far, a dry run", "needs result.ok && all(result.hosts, # > 1)"]);
    assert_shows(&rows, &["the queue is"]);
    assert!(!rows.contains(['\u{1b}', '\u{202e}']), "{rows}");
    let marks = rows.lines().find(|row| row.contains('✖')).unwrap();
    assert_eq!(marks.trim_matches(['│', ' ']), "✔✖", "without a number there are no bars:\n{rows}");
}
