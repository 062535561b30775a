//! What the system says: end, go on, the terminal is gone.

use std::{io, thread};

use super::{Incoming, Outbox};

/// Listens to the signals that end or resume the program, and to the terminal's end.
///
/// The terminal is watched besides SIGHUP, because that one may be ignored (`nohup`), and then
/// nothing but this tells that nobody is there any more: reading the keyboard would spin.
#[cfg(unix)]
pub(super) fn listen(outbox: &Outbox) -> io::Result<()> {
    use rustix::process::Signal;
    use tokio::signal::unix::{SignalKind, signal};

    let ends = [Signal::TERM, Signal::HUP, Signal::INT, Signal::QUIT].map(Signal::as_raw);
    for number in ends {
        let mut signals = signal(SignalKind::from_raw(number))?;
        let outbox = outbox.clone();
        tokio::spawn(async move {
            if signals.recv().await.is_some() {
                let _ = outbox.send(Incoming::Signal(number));
            }
        });
    }
    let mut resumed = signal(SignalKind::from_raw(Signal::CONT.as_raw()))?;
    let sender = outbox.clone();
    tokio::spawn(async move {
        while resumed.recv().await.is_some() {
            if sender.send(Incoming::Resumed).is_err() {
                return;
            }
        }
    });
    let sender = outbox.clone();
    thread::spawn(move || {
        if terminal_is_gone() {
            let _ = sender.send(Incoming::TerminalGone);
        }
    });
    Ok(())
}

/// Sleeps until nobody is at the other end of the terminal. Where the system cannot watch a
/// terminal in this way, SIGHUP has to do.
#[cfg(unix)]
fn terminal_is_gone() -> bool {
    use rustix::event::{PollFd, PollFlags, poll};

    let stdin = io::stdin();
    // Not the keys, only what is always reported: an error or the hang-up.
    let mut watched = [PollFd::new(&stdin, PollFlags::empty())];
    loop {
        match poll(&mut watched, None) {
            Ok(_) => return true,
            Err(rustix::io::Errno::INTR) => {}
            Err(_) => return false,
        }
    }
}

/// Where there are no such signals, ctrl-c arrives as a key.
#[cfg(not(unix))]
pub(super) fn listen(_outbox: &Outbox) -> io::Result<()> {
    Ok(())
}
