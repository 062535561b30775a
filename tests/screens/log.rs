//! The log of a side.

use cutover::domain::{FaultKind, LogPage};

use super::{screen, text};
use crate::harness::fixtures::fault;
use crate::stories::log::{answers, line, looking};

#[test]
fn the_newest_row_is_at_the_bottom_and_what_went_wrong_stands_out() {
    let (mut desk, question) = looking();
    let mut lines: Vec<_> =
        (0..40).map(|n| line(60 * n, &format!("INFO {n} requests answered"))).collect();
    lines.push(line(-86_400, "INFO checkout 1.9.0 listens on port 8080"));
    let long = "ERROR POST /orders/901505 500 after 302 ms: no answer from stock, tried 3 times, \
                the last one of which took 4012 ms; the order is kept and tried again";
    lines.push(line(2400, long));
    lines.push(line(2401, "\u{1b}]0;evil\u{7}INFO an escape sequence is not obeyed"));
    answers(&mut desk, &question, Ok(LogPage { lines, left_out: None }));
    for size in [(80, 24), (120, 40)] {
        let name = format!("log-{}x{}", size.0, size.1);
        insta::assert_snapshot!(name, text(&screen(&mut desk.state, size, "dark")));
    }
    desk.presses("z");
    insta::assert_snapshot!("log-whole-80x24", text(&screen(&mut desk.state, (80, 24), "dark")));
}

#[test]
fn what_is_missing_is_said() {
    let (mut desk, question) = looking();
    let rows = |desk: &mut crate::harness::keyboard::Desk| {
        let seen = text(&screen(&mut desk.state, (100, 24), "dark"));
        seen.lines().skip(6).take(3).collect::<Vec<_>>().join("\n")
    };
    assert!(rows(&mut desk).contains("asking CloudWatch Logs"));
    answers(&mut desk, &question, Ok(LogPage::default()));
    assert!(rows(&mut desk).contains("green has written nothing in the last three hours"));
    let left_out = Some("of 20 of 140 pods".to_owned());
    answers(&mut desk, &question, Ok(LogPage { lines: vec![line(1, "row")], left_out }));
    assert!(rows(&mut desk).contains("of 20 of 140 pods"));
    answers(&mut desk, &question, Err(fault(FaultKind::Throttled, "slow down")));
    let seen = rows(&mut desk);
    assert!(seen.contains("throttled") && seen.contains("row"), "{seen}");
}
