use std::fmt::Write as _;

use serde_json::{Value, json};

use super::*;

const GOLDEN: &str = include_str!("../../../tests/golden/stats.json");

fn judged(input: &str) -> Vec<Value> {
    let mut out = Vec::new();
    run(input, Format::detect(input), &Config::default(), true, &mut out).unwrap();
    serde_json::from_slice(&out).unwrap()
}

fn shown(input: &str) -> String {
    let mut out = Vec::new();
    run(input, Format::detect(input), &Config::default(), false, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[track_caller]
fn refused(input: &str) -> String {
    let mut out = Vec::new();
    let error = run(input, Format::detect(input), &Config::default(), true, &mut out)
        .unwrap_err()
        .to_string();
    assert!(out.is_empty());
    assert!(error.contains("\n\nhint: "), "{error}");
    error
}

#[track_caller]
fn assert_near(found: &Value, expected: &Value, what: &str) {
    let (found, expected) = (found.as_f64().unwrap(), expected.as_f64().unwrap());
    let tolerance = 1e-9 * expected.abs().max(1.0);
    assert!((found - expected).abs() <= tolerance, "{what}: {found} instead of {expected}");
}

#[test]
fn whole_runs_agree_with_the_golden_vectors() {
    let composite = serde_json::from_str::<Value>(GOLDEN).unwrap()["composite"].take();
    let runs = composite["runs"].as_object().unwrap();
    assert_eq!(runs.len(), 4);
    for (name, stored) in runs {
        let mut input = stored.clone();
        input["history"] = composite["history"].clone();
        input["metrics"] = composite["metrics"].clone();
        let found = judged(&input.to_string());
        let expected = stored["outputs"].as_array().unwrap();
        assert_eq!(found.len(), expected.len());
        for (minute, (found, expected)) in found.iter().zip(expected).enumerate() {
            let what = format!("{name} minute {minute}");
            assert_eq!(found["verdict"], expected["verdict"], "{what}");
            assert_eq!(found["eta"].as_f64(), expected["eta"].as_f64(), "{what}: eta");
            for key in ["log_e", "confidence", "safe_progress"] {
                assert_near(&found[key], &expected[key], &format!("{what}: {key}"));
            }
        }
        let worse_at = found.iter().position(|minute| minute["verdict"] == "Worse");
        assert_eq!(worse_at.map(|at| at as u64 + 1), stored["worse_at"].as_u64(), "{name}");
    }
}

/// Twenty minutes of blue alone, then ten of both; green fails `green_errors` of 500 a minute.
fn lines(green_errors: u32) -> String {
    let mut csv = "time,blue_requests,blue_errors,green_requests,green_errors\n".to_owned();
    for minute in 0..20 {
        writeln!(csv, "12:{minute:02},1000,5,,").unwrap();
    }
    for minute in 20..30 {
        writeln!(csv, "12:{minute:02},500,2,500,{green_errors}").unwrap();
    }
    csv
}

#[test]
fn the_lines_before_greens_first_request_are_blues_history() {
    let found = judged(&lines(40));
    assert_eq!(found.len(), 10);
    assert_eq!(found[0]["time"], "12:20");
    assert_eq!(found[9]["verdict"], "Worse");
    assert_eq!(found[9]["blame"], "errors");
    assert_ne!(judged(&lines(2))[9]["verdict"], "Worse");
}

#[test]
fn csv_and_json_of_the_same_minutes_say_the_same() {
    let minute = json!({"errors": {"xa": 2, "na": 500, "xb": 9, "nb": 500}});
    let run =
        json!({"history": {"errors": vec![json!([5, 1000]); 20]}, "inputs": vec![minute; 10]});
    let numbers = |minutes: Vec<Value>| -> Vec<Value> {
        minutes.into_iter().map(|minute| minute["log_e"].clone()).collect()
    };
    assert_eq!(numbers(judged(&run.to_string())), numbers(judged(&lines(9))));
}

#[test]
fn latency_columns_are_compared_and_may_stand_in_any_order() {
    let mut csv = "green_p99_accepted,green_p99_ignored,green_p99,blue_p99_ignored,blue_p99,\
                   green_errors,green_requests,blue_errors,blue_requests,time\n"
        .to_owned();
    for minute in 0..10 {
        writeln!(csv, "60,70,80,8,10,0,1000,0,1000,{minute}").unwrap();
    }
    let found = judged(&csv);
    assert_eq!(found[9]["verdict"], "Worse");
    assert_eq!(found[9]["blame"], "p99");
}

#[test]
fn the_table_shows_the_minutes_and_then_the_metrics() {
    let table = shown(&lines(40));
    let rows: Vec<&str> = table.lines().collect();
    assert!(rows[0].starts_with("time   "), "{table}");
    assert!(rows[1].contains("warming up"), "{table}");
    assert!(table.contains(">99 %") && !table.contains("100 %"), "{table}");
    assert!(rows[10].starts_with("12:29") && rows[10].ends_with("errors"), "{table}");
    assert!(rows[13].starts_with("errors    95 %  0.40 %  8.00 %"), "{table}");
    assert!(shown("{\"inputs\": []}").contains("no minute"));
}

#[test]
fn a_cell_that_was_not_measured_is_missing_and_no_errors_are_none() {
    let head = "time,blue_requests,blue_errors,green_requests,green_errors\n";
    let quiet = judged(&format!("{head}1,100,,100,\n"));
    assert_eq!(quiet, judged(&format!("{head}1,100,0,100,0\n")));
    let gap = judged(&format!("{head}1,100,1,100,1\n2,,,100,50\n3,100,1,100,1\n"));
    assert_eq!(gap[0]["log_e"], gap[1]["log_e"]);
}

#[test]
fn what_cannot_be_read_is_refused_with_its_place() {
    let head = "time,blue_requests,blue_errors,green_requests,green_errors\n";
    for (input, place) in [
        ("", "line 1: there is no column `time`"),
        ("time,blue_requests\n", "line 1: there is no column `blue_errors`"),
        (&format!("{}\n", head.trim().to_owned() + ",p95"), "the column `p95` means nothing here"),
        (&format!("{}\n", head.trim().to_owned() + ",time"), "`time` means nothing here or comes"),
        (&format!("{}\n", head.trim().to_owned() + ",blue_p50"), "no column `blue_p50_ignored`"),
        (
            &format!("{head}1,100,1,100,1\n2,100,x,100,1\n"),
            "line 3, column 3: `x` in `blue_errors`",
        ),
        (&format!("{head}1,100,1,-100,1\n"), "line 2, column 4: `-100` in `green_requests`"),
        (&format!("{head}1,NaN,1,100,1\n"), "line 2, column 2: `NaN`"),
        (&format!("{head}1,100,1,100\n"), "line 2, column 5: 4 cells where the header has 5"),
        ("{\n  \"inputs\": [1]\n}", "line 2, column 14: `inputs[0]`: invalid type"),
        ("{\"inputs\": [{\"errors\": {\"xa\": \"1\"}}]}", "`inputs[0].errors.xa`: invalid type"),
        ("{\"inputs\": [{\"p95\": null}]}", "`p95` is no metric of this run"),
        ("{\"inputs\": [], \"history\": {\"p50\": []}}", "history.p50: `p50` is no metric"),
        ("{\"input\": []}", "unknown field `input`"),
        ("{\"inputs\": []} x", "line 1, column 16: trailing characters"),
        ("{\"inputs\": [", "line 1, column 12: `inputs"),
        (
            "{\"inputs\": [], \"metrics\": [[\"a\", 0, 1, 0, 1, 0, 0.5, true]]}",
            "a weight of 0; expected above 0",
        ),
        (
            "{\"inputs\": [], \"metrics\": [[\"a\", 1, 0, 0, 1, 0, 0.5, true]]}",
            "`ratio` of a margin of 0; expected 0.1 to 10",
        ),
    ] {
        let error = refused(input);
        assert!(error.contains(place), "{input}\n{error}");
    }
}

#[test]
fn numbers_of_any_size_give_numbers() {
    for n in ["1e-300", "1e-6", "1", "1e9", "1e15"] {
        let minute = format!("1,{n},{n},{n},0\n2,{n},0,{n},{n}\n3,{n},,1,1\n4,1,1,{n},{n}\n");
        let head = "time,blue_requests,blue_errors,green_requests,green_errors\n";
        for found in judged(&(head.to_owned() + &minute.repeat(20))) {
            for key in ["log_e", "confidence", "safe_progress"] {
                assert!(found[key].is_f64(), "{n}: {found}");
            }
        }
    }
}
