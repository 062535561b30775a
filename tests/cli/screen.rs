//! In a terminal: it is taken, drawn on, and always given back.

use std::future::Future;
use std::time::Duration;

use cutover::app::State;
use cutover::journal::Audit;
use cutover::runtime::{Clock, Picture, Session, Start};
use cutover::sources::Aws;
use cutover::ui::{Theme, draw};
use rustix::process::Signal;

use super::terminal::Terminal;
use crate::harness::keyboard::settings;
use crate::reliability::secrets::SECRETS;

/// The demo with its first reading on the screen.
fn demo() -> Terminal {
    let mut terminal = Terminal::start(&["demo", "--scenario", "canary"]);
    terminal.until(vt100::Screen::alternate_screen).sees("d-");
    terminal
}

#[test]
fn the_quit_key_gives_the_terminal_back_and_leaves_a_line() {
    let mut terminal = demo();
    assert!(terminal.screen().bracketed_paste());
    assert_eq!(terminal.types("q").ends_restored(), 0);
    assert!(terminal.screen().contents().contains("it was a rehearsal"));
}

#[test]
fn ctrl_c_leaves_too() {
    assert_eq!(demo().types("\x03").ends_restored(), 0);
}

#[test]
fn a_signal_gives_the_terminal_back() {
    let ends = [(Signal::TERM, 143), (Signal::INT, 130), (Signal::HUP, 129), (Signal::QUIT, 131)];
    for (signal, code) in ends {
        assert_eq!(demo().signal(signal).ends_restored(), code, "{signal:?}");
    }
}

#[test]
fn a_slow_line_is_not_flooded_while_little_changes() {
    let mut terminal = demo();
    // What the first readings bring.
    terminal.rests(Duration::from_secs(3));
    let before = terminal.written();
    terminal.rests(Duration::from_secs(4));
    let bytes = (terminal.written() - before) / 4;
    assert!(bytes < 2400, "{bytes} bytes a second: more than a modem takes");
    assert_eq!(terminal.types("q").ends_restored(), 0);
}

#[test]
fn a_new_size_is_drawn_on() {
    let mut terminal = demo();
    terminal.resize(200, 50).until(|screen| screen.rows(150, 50).any(|row| !row.trim().is_empty()));
    assert_eq!(terminal.types("q").ends_restored(), 0);
}

#[test]
fn ctrl_z_without_a_shell_to_come_back_from_goes_on() {
    let mut terminal = demo();
    terminal.types("\x1a").is_taken_again().types("?").sees("lead all traffic back to blue");
    assert_eq!(terminal.types("qq").ends_restored(), 0);
}

#[test]
fn a_terminal_that_can_only_print_is_refused() {
    let program = [env!("CARGO_BIN_EXE_cutover"), "demo"];
    let mut terminal = Terminal::running(&program, "dumb");
    assert_eq!(terminal.ends_restored(), 2);
    assert!(terminal.screen().contents().contains("TERM is `dumb`"));
}

#[test]
fn a_terminal_that_is_gone_ends_the_program_also_when_hang_ups_are_ignored() {
    let script = format!("trap '' HUP; exec {} demo", env!("CARGO_BIN_EXE_cutover"));
    let mut terminal = Terminal::running(&["/bin/sh", "-c", &script], "xterm-256color");
    terminal.sees("d-").hang_up();
    assert_eq!(terminal.ends(), 129);
}

#[test]
fn a_shell_gets_its_terminal_back_with_ctrl_z_and_the_screen_comes_back_with_fg() {
    let mut terminal = Terminal::running(&["/bin/sh", "-i"], "xterm-256color");
    terminal.types(&format!("{} demo\n", env!("CARGO_BIN_EXE_cutover")));
    terminal.until(vt100::Screen::alternate_screen).sees("d-");
    terminal.types("\x1a").until(|screen| !screen.alternate_screen()).sees("Stopped");
    assert!(!terminal.screen().bracketed_paste() && !terminal.screen().hide_cursor());
    terminal.types("fg\n").until(vt100::Screen::alternate_screen).sees("d-");
    // What is typed before the program has ended is still its own: only a prompt is the shell's.
    let prompt = |screen: &vt100::Screen| {
        let text = screen.contents();
        !screen.alternate_screen()
            && text.contains("it was a rehearsal")
            && text.trim_end().ends_with(['$', '#'])
    };
    terminal.types("q").until(prompt).types("exit\n");
    assert_eq!(terminal.ends_restored(), 0);
}

/// The test binary itself, running one test that is left out otherwise.
fn crashing(test: &str) -> Terminal {
    let binary = std::env::current_exe().unwrap();
    let planted = SECRETS.map(|(name, secret)| format!("{name}={secret}"));
    let mut program = vec!["/usr/bin/env"];
    program.extend(planted.iter().map(String::as_str));
    program.extend([binary.to_str().unwrap(), "--exact", test, "--ignored", "--nocapture"]);
    Terminal::running(&program, "xterm-256color")
}

/// A run of the screen in this process's terminal.
fn run(
    picture: impl FnMut(&State, &mut Picture<'_>) -> usize,
    connect: impl Future<Output = Result<Aws, String>> + Send + 'static,
) {
    let home = std::path::PathBuf::from(std::env::var_os("HOME").unwrap());
    let start = Start {
        settings: settings(),
        target: Some("codedeploy:shop/checkout".parse().unwrap()),
        clock: Clock::real(),
        audit: Audit::at(home.join("audit.jsonl")),
        report: home.join("crash.txt"),
    };
    Session::run(start, picture, connect).unwrap();
}

#[test]
#[ignore = "it crashes: started in a terminal by the test below"]
fn the_picture_crashes() {
    run(|_, _| panic!("a planted bug"), std::future::pending());
}

#[test]
fn a_bug_in_the_picture_gives_the_terminal_back_and_leaves_a_report() {
    let mut terminal = crashing("cli::screen::the_picture_crashes");
    assert_eq!(terminal.ends_restored(), 101);
    let said = terminal.screen().contents();
    for part in ["cutover has a bug and had to end: a planted bug", "a report is in", "hint:"] {
        assert!(said.contains(part), "no {part:?} in:\n{said}");
    }
    assert!(!said.contains("stack backtrace"), "{said}");
    let report = std::fs::read_to_string(terminal.home().join("crash.txt")).unwrap();
    assert!(report.contains("a planted bug") && report.contains("the_picture_crashes"), "{report}");
    for (name, secret) in SECRETS {
        assert!(!report.contains(secret) && !said.contains(secret), "{name} is in the report");
    }
}

#[test]
#[ignore = "it crashes: started in a terminal by the test below"]
fn the_connection_crashes() {
    let theme = Theme::named("dark", jiff::tz::TimeZone::UTC, true).unwrap();
    run(move |state, frame| draw(state, &theme, frame), async { panic!("a planted bug") });
}

#[test]
fn a_bug_beside_the_screen_is_said_on_it_and_the_keys_go_on_working() {
    let mut terminal = crashing("cli::screen::the_connection_crashes");
    terminal.sees("a background task failed").types("q");
    assert_eq!(terminal.ends_restored(), 0);
}
