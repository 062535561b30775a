//! In a terminal: it is taken, drawn on, and always given back.

use rustix::process::Signal;

use super::terminal::Terminal;

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
    for (signal, code) in [(Signal::TERM, 143), (Signal::INT, 130), (Signal::HUP, 129)] {
        assert_eq!(demo().signal(signal).ends_restored(), code, "{signal:?}");
    }
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
