//! What the system says: end, go on, the terminal is gone.

use std::io;

use super::{Incoming, Outbox};

/// Listens to the signals that end or resume the program, and to the terminal's end.
///
/// The terminal is watched besides SIGHUP, because that one may be ignored (`nohup`), and then
/// nothing but this tells that nobody is there any more: reading the keyboard would spin.
#[cfg(unix)]
pub fn listen(outbox: &Outbox) -> io::Result<()> {
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
    tokio::spawn(watch_terminal(outbox.clone()));
    Ok(())
}

#[cfg(unix)]
async fn watch_terminal(outbox: Outbox) {
    use tokio::io::Interest;
    use tokio::io::unix::AsyncFd;

    // Not the keys, only errors and the hang-up. Where the system cannot watch a terminal in this
    // way, SIGHUP has to do.
    let interest = Interest::PRIORITY | Interest::ERROR;
    let Ok(terminal) = AsyncFd::with_interest(io::stdin(), interest) else { return };
    while let Ok(mut guard) = terminal.ready(interest).await {
        if guard.ready().is_read_closed() || guard.ready().is_error() {
            let _ = outbox.send(Incoming::TerminalGone);
            return;
        }
        guard.clear_ready();
    }
}

/// Where there are no such signals, ctrl-c arrives as a key.
#[cfg(not(unix))]
pub fn listen(_outbox: &Outbox) -> io::Result<()> {
    Ok(())
}
