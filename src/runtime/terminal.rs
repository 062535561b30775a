//! The terminal: taken, drawn on in one write a frame, and always given back.
//!
//! The scars: a panic of a background task must not tear down the screen that goes on drawing; a
//! standard output in pieces of a kilobyte tears the picture; whoever leaves without taking back
//! bracketed paste and the alternate screen leaves a broken shell.

use std::cell::RefCell;
use std::io::{self, IsTerminal, Write};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crossterm::clipboard::CopyToClipboard;
use crossterm::event::{self, DisableBracketedPaste, EnableBracketedPaste};
use crossterm::terminal::{
    BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen,
    disable_raw_mode, enable_raw_mode,
};
use crossterm::{cursor, execute, queue, style};
pub use ratatui::Frame as Picture;
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::layout::{Position, Rect};

use super::{Incoming, Outbox, Surface};
use crate::app::{Event, State};
use crate::input::Stroke;

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
    /// It is there and does not obey.
    #[error("cannot take the terminal: {0}")]
    Io(#[from] io::Error),
}

/// The terminal while it is ours; given back when dropped.
pub struct Tui<D> {
    terminal: Terminal<CrosstermBackend<Frame>>,
    /// The same bytes that the terminal writes into.
    frame: Frame,
    picture: D,
}

impl<D: FnMut(&State, &mut Picture<'_>) -> usize> Tui<D> {
    /// Takes the terminal, to draw it with `picture`. Nothing is written before the first frame.
    pub fn take(picture: D) -> Result<Self, NoTerminal> {
        if !io::stdin().is_terminal() {
            return Err(NoTerminal::Redirected("standard input"));
        }
        if !io::stdout().is_terminal() {
            return Err(NoTerminal::Redirected("standard output"));
        }
        let frame = Frame::default();
        let terminal = Terminal::new(CrosstermBackend::new(frame.clone()))?;
        let mut tui = Self { terminal, frame, picture };
        tui.open()?;
        Ok(tui)
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

impl<D: FnMut(&State, &mut Picture<'_>) -> usize> Surface for Tui<D> {
    fn draw(&mut self, state: &State) -> io::Result<usize> {
        let Self { terminal, frame, picture } = self;
        let mut furthest = 0;
        queue!(terminal.backend_mut(), BeginSynchronizedUpdate)?;
        terminal.draw(|canvas| furthest = picture(state, canvas))?;
        queue!(terminal.backend_mut(), EndSynchronizedUpdate)?;
        frame.send()?;
        Ok(furthest)
    }

    /// Not by `Terminal::clear`: that asks the terminal where its cursor is, and the keyboard's
    /// thread would eat the answer.
    fn forget(&mut self) -> io::Result<()> {
        let whole = self.terminal.size()?;
        self.terminal.resize(Rect::from((Position::ORIGIN, whole)))
    }

    fn bell(&mut self) -> io::Result<()> {
        self.terminal.backend_mut().write_all(b"\x07")
    }

    fn copy(&mut self, text: &str) -> io::Result<()> {
        queue!(self.terminal.backend_mut(), CopyToClipboard::to_clipboard_from(text))
    }

    fn suspend(&mut self) -> io::Result<(u16, u16)> {
        give_back();
        stop_this_job()?;
        self.resume()
    }

    fn resume(&mut self) -> io::Result<(u16, u16)> {
        self.open()?;
        self.forget()?;
        self.size()
    }
}

impl<D> Drop for Tui<D> {
    fn drop(&mut self) {
        give_back();
    }
}

/// Makes the terminal what it was, once: after a normal end, an error, a panic or a signal.
pub(super) fn give_back() {
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
pub(super) fn listen(outbox: Outbox) {
    thread::spawn(move || {
        while let Ok(event) = event::read() {
            if heard(&event).is_some_and(|incoming| outbox.send(incoming).is_err()) {
                return;
            }
        }
        let _ = outbox.send(Incoming::TerminalGone);
    });
}

/// What a terminal event means to the program.
fn heard(event: &event::Event) -> Option<Incoming> {
    match event {
        event::Event::Key(key) => Stroke::read(key).map(Incoming::Stroke),
        event::Event::Paste(_) => Some(Incoming::Event(Event::Pasted)),
        event::Event::Resize(width, height) => {
            Some(Incoming::Event(Event::Resized { width: *width, height: *height }))
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
#[derive(Debug, Clone, Default)]
struct Frame(Rc<RefCell<Vec<u8>>>);

impl Frame {
    fn send(&self) -> io::Result<()> {
        let mut bytes = self.0.borrow_mut();
        let mut stdout = io::stdout().lock();
        let sent = stdout.write_all(&bytes).and_then(|()| stdout.flush());
        bytes.clear();
        sent
    }
}

impl Write for Frame {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
