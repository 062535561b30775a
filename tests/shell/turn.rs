//! The loop: what comes in, what is drawn, what is carried out, how it ends.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io;
use std::rc::Rc;
use std::sync::atomic::{AtomicI64, Ordering};

use cutover::app::{Effect, Event, State};
use cutover::input::Stroke;
use cutover::runtime::{Clock, Ending, Hands, Inbox, Incoming, Outbox, Shell, Surface, channel};

use crate::harness::fixtures::{NOW, Scene, noon, target};
use crate::harness::keyboard::settings;
use crate::stories::ramp::{EVERY, at_ten};

/// Everything that was drawn and carried out, in order.
type Log = Rc<RefCell<Vec<String>>>;

/// A terminal that sends the next part of a script after each frame, and hangs up at its end.
struct Script {
    parts: VecDeque<Vec<Incoming>>,
    outbox: Outbox,
    log: Log,
}

impl Script {
    fn note(&self, text: impl Into<String>) {
        self.log.borrow_mut().push(text.into());
    }
}

impl Surface for Script {
    fn draw(&mut self, state: &State) -> io::Result<usize> {
        let known = state.cockpit().is_some_and(|cockpit| cockpit.snapshot.rollout().is_some());
        self.note(format!("draw {}x{} {known}", state.width, state.height));
        for incoming in self.parts.pop_front().unwrap_or(vec![Incoming::TerminalGone]) {
            self.outbox.send(incoming).unwrap();
        }
        Ok(usize::MAX)
    }

    fn forget(&mut self) -> io::Result<()> {
        self.note("forget");
        Ok(())
    }

    fn bell(&mut self) -> io::Result<()> {
        self.note("bell");
        Ok(())
    }

    fn copy(&mut self, text: &str) -> io::Result<()> {
        self.note(format!("copy {text}"));
        Ok(())
    }

    fn suspend(&mut self) -> io::Result<(u16, u16)> {
        self.note("suspend");
        Ok((100, 30))
    }

    fn resume(&mut self) -> io::Result<(u16, u16)> {
        self.note("resume");
        Ok((90, 20))
    }
}

/// Hands that only write down what they were told.
struct Noted(Log);

impl Hands for Noted {
    fn perform(&mut self, effect: Effect) {
        let word = format!("{effect:?}");
        self.0.borrow_mut().push(word.split(['(', ' ']).next().unwrap().to_owned());
    }
}

fn shell(parts: Vec<Vec<Incoming>>) -> (Shell<Script, Noted>, Log) {
    let (outbox, inbox): (Outbox, Inbox) = channel();
    let log = Log::default();
    let surface = Script { parts: parts.into(), outbox, log: log.clone() };
    let state = State::new(settings(), Some(target()), noon(0));
    // A second goes by with every look at the clock, and nothing wakes by itself: what happens is
    // what the script says.
    let seconds = AtomicI64::new(0);
    let clock = Clock::simulated(move || noon(seconds.fetch_add(1, Ordering::Relaxed)), 0.0);
    (Shell { state, surface, hands: Noted(log.clone()), inbox, clock }, log)
}

/// Plays a script to its end.
fn play(parts: Vec<Vec<Incoming>>) -> (Ending, Vec<String>) {
    let (mut shell, log) = shell(parts);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let ending = runtime.block_on(shell.run());
    let log = log.borrow().clone();
    (ending, log)
}

fn key(name: &str) -> Incoming {
    Incoming::Stroke(Stroke { key: name.parse().unwrap(), held: false })
}

fn picture() -> Incoming {
    Incoming::Event(Event::Observed(Box::new(Scene::shifting().shot())))
}

fn resized(width: u16) -> Incoming {
    Incoming::Event(Event::Resized { width, height: 24 })
}

#[test]
fn the_first_frame_comes_before_the_world_is_asked() {
    let (_, log) = play(vec![]);
    assert_eq!(log, ["draw 80x24 false", "Watch", "Window"]);
}

#[test]
fn everything_that_has_arrived_is_drawn_at_once() {
    let (_, log) = play(vec![vec![resized(81), picture(), resized(82), resized(83)]]);
    assert_eq!(log[3..], ["draw 83x24 true"]);
}

#[test]
fn a_key_that_means_nothing_draws_nothing() {
    let (_, log) = play(vec![vec![key("x"), key("#"), Incoming::TerminalGone]]);
    assert_eq!(log.iter().filter(|entry| entry.starts_with("draw")).count(), 1);
}

#[test]
fn the_end_comes_from_the_person_a_signal_or_the_terminal() {
    for (incoming, ending) in [
        (key("ctrl-c"), Ending::Quit),
        (key("q"), Ending::Quit),
        (Incoming::Signal(15), Ending::Signal(15)),
        (Incoming::TerminalGone, Ending::TerminalGone),
    ] {
        assert_eq!(play(vec![vec![incoming]]).0, ending);
    }
}

#[test]
fn back_from_the_shell_the_size_is_what_it_is_then() {
    let (_, log) = play(vec![vec![key("ctrl-z")], vec![Incoming::Resumed]]);
    assert_eq!(log[3..], ["suspend", "draw 100x30 false", "resume", "draw 90x20 false"]);
}

#[test]
fn what_concerns_the_terminal_is_done_there_and_the_rest_by_the_hands() {
    let (_, log) = play(vec![vec![key("ctrl-l")], vec![key("r")], vec![key("p")]]);
    let done: Vec<&str> =
        log[3..].iter().map(String::as_str).filter(|entry| !entry.starts_with("draw")).collect();
    assert_eq!(done, ["forget", "Refresh", "Rest"]);
}

#[test]
fn the_cli_line_of_a_question_goes_to_the_clipboard_and_is_said_to() {
    let (mut shell, log) = shell(vec![vec![picture()], vec![key("R")], vec![key("ctrl-o")]]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(shell.run());
    let log = log.borrow();
    let copied = log.iter().find(|entry| entry.starts_with("copy")).unwrap();
    assert!(copied.starts_with("copy aws deploy stop-deployment "), "{copied}");
    assert_eq!(shell.state.notice.as_ref().unwrap().text, "copied");
}

#[test]
fn a_step_of_a_ramp_that_was_due_while_the_program_was_stopped_is_sent() {
    let mut desk = at_ten();
    let almost = NOW + 20 + EVERY - 1;
    desk.sees(Scene::held(10.0).at(almost).shot());
    let (mut shell, log) = shell(vec![vec![key("ctrl-z")]]);
    let seconds = AtomicI64::new(almost);
    shell.state = desk.state;
    shell.clock = Clock::simulated(move || noon(seconds.fetch_add(1, Ordering::Relaxed)), 0.0);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(shell.run());
    let log = log.borrow();
    let stopped = log.iter().position(|entry| entry == "suspend").unwrap();
    assert_eq!(log[stopped + 1], "Act");
}
