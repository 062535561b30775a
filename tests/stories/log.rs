//! The log of a side: asked for while somebody looks at it, and only then.

use cutover::app::{Effect, Event, View};
use cutover::domain::{
    Fact, Fault, FaultKind, LogLine, LogPage, LogQuestion, Rollout, Side, Snapshot, Task,
};
use jiff::SignedDuration;

use crate::harness::fixtures::{Scene, fault, noon};
use crate::harness::keyboard::Desk;

fn task(id: &str, exit_code: Option<i32>) -> Task {
    Task {
        id: id.into(),
        status: if exit_code.is_some() { "STOPPED" } else { "RUNNING" }.into(),
        health: None,
        started: Some(noon(0)),
        stopped: exit_code.map(|_| noon(60)),
        reason: None,
        exit_code,
    }
}

fn tasks(rollout: &mut Rollout, at: i64) {
    let named = |names: &[(&str, Option<i32>)]| {
        Fact::known(names.iter().map(|(id, code)| task(id, *code)).collect(), noon(at))
    };
    rollout.blue.task_list = named(&[("0b1e", None)]);
    rollout.green.task_list = named(&[("c0ffee", None), ("dead", Some(137))]);
}

pub(crate) fn picture() -> Snapshot {
    Scene::shifting().rollout(|rollout| tasks(rollout, 0)).shot()
}

/// The question that was asked last, and how long from then.
fn asked(desk: &mut Desk) -> Option<(LogQuestion, SignedDuration)> {
    let effects = desk.take().into_iter().rev();
    effects.into_iter().find_map(|effect| match effect {
        Effect::ReadLog { question, after } => Some((*question, after)),
        _ => None,
    })
}

pub(crate) fn line(second: i64, text: &str) -> LogLine {
    LogLine {
        at: noon(second),
        task: "7d9f4c2ab1e04f7a9b3d5e6f708192a3".into(),
        text: text.into(),
        id: format!("{second} {text}"),
    }
}

pub(crate) fn answers(desk: &mut Desk, question: &LogQuestion, page: Result<LogPage, Fault>) {
    desk.happens(Event::LogRead { question: Box::new(question.clone()), page });
}

fn page(lines: &[LogLine]) -> LogPage {
    LogPage { lines: lines.to_vec(), left_out: None }
}

/// Somebody looks at green's log; the first question.
pub(crate) fn looking() -> (Desk, LogQuestion) {
    let mut desk = Desk::watching(picture());
    desk.presses("o");
    let (question, after) = asked(&mut desk).unwrap();
    assert_eq!(after, SignedDuration::ZERO);
    (desk, question)
}

fn texts(desk: &Desk) -> Vec<&str> {
    let log = desk.state.cockpit().unwrap().log.as_ref().unwrap();
    log.lines.value().unwrap().iter().map(|line| line.text.as_str()).collect()
}

#[test]
fn one_key_asks_for_green_s_and_what_crashed_comes_first() {
    let (mut desk, question) = looking();
    assert_eq!((question.side, question.since), (Side::Green, None));
    assert_eq!(question.tasks, ["dead", "c0ffee"]);
    answers(&mut desk, &question, Ok(page(&[line(1, "a"), line(2, "b")])));
    let (next, after) = asked(&mut desk).unwrap();
    assert_eq!((next.since, after), (Some(noon(2)), SignedDuration::from_secs(4)));
    // A row that comes late takes its place, and one that is known already is not told twice.
    answers(&mut desk, &next, Ok(page(&[line(1, "late"), line(2, "b"), line(3, "c")])));
    assert_eq!(texts(&desk), ["a", "late", "b", "c"]);
}

#[test]
fn nobody_asks_while_nobody_looks() {
    let (mut desk, question) = looking();
    desk.presses("esc");
    answers(&mut desk, &question, Ok(page(&[line(1, "a")])));
    assert_eq!(asked(&mut desk), None);
    desk.sees(picture());
    assert_eq!(asked(&mut desk), None);
    desk.presses("o");
    assert_eq!(texts(&desk), ["a"], "what was read moments ago is still there");
    assert_eq!(asked(&mut desk).unwrap().0.since, Some(noon(1)));
    desk.presses("p");
    answers(&mut desk, &question, Ok(page(&[])));
    assert_eq!(asked(&mut desk), None, "it rests");
    desk.presses("p");
    assert!(asked(&mut desk).is_some());
}

#[test]
fn tab_shows_the_other_side_s() {
    let (mut desk, green) = looking();
    desk.presses("tab");
    let (blue, after) = asked(&mut desk).unwrap();
    assert_eq!((blue.side, after), (Side::Blue, SignedDuration::ZERO));
    answers(&mut desk, &green, Ok(page(&[line(1, "green's")])));
    answers(&mut desk, &blue, Ok(page(&[line(1, "blue's")])));
    assert_eq!(texts(&desk), ["blue's"]);
}

#[test]
fn whoever_reads_further_back_stays_there() {
    let (mut desk, question) = looking();
    let lines: Vec<_> = (0..50).map(|n| line(n, "row")).collect();
    answers(&mut desk, &question, Ok(page(&lines)));
    desk.presses("up").presses("k");
    let scroll = |desk: &Desk| desk.state.cockpit().unwrap().scroll;
    assert_eq!(scroll(&desk), 2);
    answers(&mut desk, &question, Ok(page(&[line(60, "new"), line(61, "new")])));
    assert_eq!(scroll(&desk), 4);
    desk.presses("G");
    assert_eq!(scroll(&desk), 0, "the end is where the newest row is");
    answers(&mut desk, &question, Ok(page(&[line(70, "new")])));
    assert_eq!(scroll(&desk), 0);
}

#[test]
fn what_fails_is_asked_again_unless_somebody_has_to_do_something_first() {
    let (mut desk, question) = looking();
    answers(&mut desk, &question, Err(fault(FaultKind::Throttled, "slow down")));
    let (next, after) = asked(&mut desk).unwrap();
    assert_eq!(after, SignedDuration::from_secs(10));
    let denied = FaultKind::Denied { permission: "logs:FilterLogEvents".into() };
    answers(&mut desk, &next, Err(fault(denied, "no")));
    desk.sees(picture());
    assert_eq!(asked(&mut desk), None);
    desk.presses("r");
    assert_eq!(asked(&mut desk).unwrap().1, SignedDuration::ZERO);
}

#[test]
fn it_begins_as_soon_as_there_are_tasks_that_write() {
    let mut desk = Desk::watching(Scene::shifting().shot());
    desk.presses("o");
    assert_eq!(desk.state.cockpit().unwrap().view, View::Log);
    assert_eq!(asked(&mut desk), None, "green has no tasks yet");
    desk.sees(picture());
    assert!(asked(&mut desk).is_some());
}
