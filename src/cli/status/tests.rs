use serde_json::Value;

use super::*;
use crate::cli::rehearsal::Rehearsal;

/// A scenario's rollout after so many seconds, as it is reported.
async fn reading(scenario: &str, seconds: u32, json: bool) -> (Standing, String) {
    let mut rehearsal = Rehearsal::begin(scenario, 1).await.unwrap();
    rehearsal.play(seconds, 1).await;
    let snapshot = rehearsal.look().await;
    let mut text = Vec::new();
    let standing = report(&snapshot, &Config::default(), json, &mut text).unwrap();
    (standing, String::from_utf8(text).unwrap())
}

#[tokio::test]
async fn a_script_reads_the_verdict_with_every_number_it_rests_on() {
    let (standing, text) = Box::pin(reading("errors", 900, true)).await;
    let document: Value = serde_json::from_str(&text).unwrap();
    let verdict = &document["verdict"];
    assert_eq!((standing, &document["standing"]), (Standing::Wrong, &Value::from("wrong")));
    assert_eq!((&verdict["verdict"], &verdict["blame"]), (&"worse".into(), &"errors".into()));
    assert_eq!(verdict["basis"], "side_by_side");
    assert!(verdict["odds"].as_f64() >= verdict["decides_at"].as_f64(), "{verdict}");
    assert!(verdict["confidence"].as_f64() > Some(0.95), "{verdict}");
    assert!(verdict["decided"].as_str() > verdict["minutes"]["from"].as_str(), "{verdict}");
    let errors = &verdict["metrics"][0];
    let rate = |side: &str| {
        errors[side]["bad"].as_f64().unwrap() / errors[side]["requests"].as_f64().unwrap()
    };
    assert!(rate("green") > 2.0 * rate("blue"), "{errors}");
    assert!(errors["ratio"]["low"].as_f64() > Some(1.0), "{errors}");
    assert!(verdict["split"]["mismatch"].is_boolean(), "{verdict}");
}

#[tokio::test]
async fn a_person_reads_the_conclusion_first_and_what_each_metric_says() {
    let (standing, text) = Box::pin(reading("errors", 900, false)).await;
    assert_eq!(standing, Standing::Wrong);
    assert!(text.contains("\ntrouble  green is worse than blue\n"), "{text}");
    assert!(text.contains("\nverdict  GREEN IS WORSE: errors "), "{text}");
    assert!(text.contains("(decided 12:"), "{text}");
    let table: Vec<&str> = text.lines().filter(|line| line.contains(" : 1")).collect();
    assert!(table.iter().any(|line| line.starts_with("p99 ")), "{text}");
    let (standing, text) = Box::pin(reading("aa", 300, false)).await;
    assert_eq!(standing, Standing::Fine);
    assert!(text.contains("\nverdict  UNDECIDED") && !text.contains("trouble"), "{text}");
}
