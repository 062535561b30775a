//! The terminal: taken, drawn on in one write a frame, and always given back.
//!
//! The scars: a panic of a background task must not tear down the screen that goes on drawing; a
//! standard output in pieces of a kilobyte tears the picture; whoever leaves without taking back
//! bracketed paste and the alternate screen leaves a broken shell.

use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crossterm::clipboard::CopyToClipboard;
use crossterm::event::{self, DisableBracketedPaste, EnableBracketedPaste};
use crossterm::terminal::{
    BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen,
    disable_raw_mode, enable_raw_mode,
};
use crossterm::{cursor, execute, queue, style};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;

use super::{Incoming, Outbox, Surface};
use crate::app::{Event, State};
use crate::input::Stroke;
use crate::ui::{self, Theme};

/// Whether the terminal is ours at the moment.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// Why there is no screen to draw on.
#[derive(Debug, thiserror::Error)]
pub enum NoTerminal {
    /// Keys would not come from, or pictures not go to, a person.
    #[error(
        "the screen needs a terminal, and {0} is not one; hint: `cutover status` prints one reading"
    )]
    Redirected(&'static str),
    /// A terminal that can do nothing but print.
    #[error("TERM is `dumb`: nothing can be drawn; hint: `cutover status` prints one reading")]
    Dumb,
    /// It is there and does not obey.
    #[error("cannot take the terminal: {0}")]
    Io(#[from] io::Error),
}

/// The terminal while it is ours; given back when dropped.
pub struct Tui {
    terminal: Terminal<CrosstermBackend<Frame>>,
    theme: Theme,
}

impl Tui {
    /// Takes the terminal. Nothing is written before the first frame.
    pub fn take(theme: Theme, dumb: bool) -> Result<Self, NoTerminal> {
        if dumb {
            return Err(NoTerminal::Dumb);
        }
        if !io::stdin().is_terminal() {
            return Err(NoTerminal::Redirected("standard input"));
        }
        if !io::stdout().is_terminal() {
            return Err(NoTerminal::Redirected("standard output"));
        }
        TAKEN.store(true, Ordering::SeqCst);
        let tui = Self {
            terminal: Terminal::new(CrosstermBackend::new(Frame::default()))?,
            theme,
        };
        tui.enter().map(|tui| tui).map_err(NoTerminal::Io)
    }

    fn enter(mut self) -> io::Result<Self> {
        self.open()?;
        Ok(self)
    }

    fn open(&mut self) -> io::Result<()> {
        TAKEN.store(true, Ordering::SeqCst);
        enable_raw_mode()?;
        queue!(self.terminal.backend_mut(), EnterAlternateScreen, EnableBracketedPaste)
    }

    /// The size in columns and rows.
    pub fn size(&self) -> io::Result<(u16, u16)> {
        self.terminal.size().map(|size| (size.width, size.height))
    }
}

impl Surface for Tui {
    fn draw(&mut self, state: &State) -> io::Result<()> {
        let Self { terminal, theme } = self;
        queue!(terminal.backend_mut(), BeginSynchronizedUpdate)?;
        terminal.draw(|frame| ui::draw(state, theme, frame))?;
        queue!(terminal.backend_mut(), EndSynchronizedUpdate)?;
        terminal.backend_mut().writer_mut().send()
    }

    fn forget(&mut self) -> io::Result<()> {
        self.terminal.clear()
    }

    fn bell(&mut self) -> io::Result<()> {
        self.terminal.backend_mut().write_all(b"\x07")
    }

    fn copy(&mut self, text: &str) -> io::Result<()> {
        queue!(self.terminal.backend_mut(), CopyToClipboard::to_clipboard_from(text))?;
        self.terminal.backend_mut().writer_mut().send()
    }

    fn suspend(&mut self) -> io::Result<(u16, u16)> {
        give_back();
        stop_this_job()?;
        self.resume()
    }

    fn resume(&mut self) -> io::Result<(u16, u16)> {
        self.open()?;
        self.terminal.clear()?;
        self.size()
    }
}

impl Drop for Tui {
    fn drop(&mut self) {
        give_back();
    }
}

/// Makes the terminal what it was, once: after a normal end, an error, a panic or a signal.
pub fn give_back() {
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    // A terminal that is gone cannot be told anything, and there is nobody to tell.
    let _ = execute!(
        io::stdout(),
        EndSynchronizedUpdate,
        style::ResetColor,
        DisableBracketedPaste,
        LeaveAlternateScreen,
        cursor::Show
    );
    let _ = disable_raw_mode();
}

/// Reads the keyboard on a thread of its own, from now to the end of the program.
pub fn listen(outbox: Outbox) {
    thread::spawn(move || {
        while let Ok(event) = event::read() {
            if heard(event).is_some_and(|incoming| outbox.send(incoming).is_err()) {
                return;
            }
        }
        let _ = outbox.send(Incoming::TerminalGone);
    });
}

/// What a terminal event means to the program.
fn heard(event: event::Event) -> Option<Incoming> {
    match event {
        event::Event::Key(key) => Stroke::read(&key).map(Incoming::Stroke),
        event::Event::Paste(_) => Some(Incoming::Event(Event::Pasted)),
        event::Event::Resize(width, height) => {
            Some(Incoming::Event(Event::Resized { width, height }))
        }
        event::Event::FocusGained | event::Event::FocusLost | event::Event::Mouse(_) => None,
    }
}

/// To the shell, and back when it says `fg`.
#[cfg(unix)]
fn stop_this_job() -> io::Result<()> {
    use rustix::process::{Signal, kill_current_process_group};
    // The whole job, as the terminal itself would do it: `cargo run` waits in the same group.
    Ok(kill_current_process_group(Signal::TSTP)?)
}

#[cfg(not(unix))]
fn stop_this_job() -> io::Result<()> {
    Ok(())
}

/// A frame being put together; it leaves in one write, so that no terminal shows half of it.
#[derive(Debug, Default)]
pub struct Frame(Vec<u8>);

impl Frame {
    fn send(&mut self) -> io::Result<()> {
        let mut stdout = io::stdout().lock();
        let sent = stdout.write_all(&self.0).and_then(|()| stdout.flush());
        self.0.clear();
        sent
    }
}

impl Write for Frame {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
