//! The shell around the core: it waits, and carries out what the core wants.
//!
//! ```text
//! keyboard, signals, worker ──► one inbox ──► stamp ──► app::update ──► effects
//!                                   ▲                        │              │
//!                                   └──── next_wake          └─► draw once  └─► hands (worker)
//! ```
//!
//! One loop on the main thread owns state and screen, so there is no lock. It sleeps until
//! something comes in or the picture changes by itself; it never waits for the network. Everything
//! that has arrived is folded in before the picture is drawn, once.

mod clock;
mod farewell;
mod panics;
mod perform;
mod session;
mod settle;
mod signals;
mod terminal;
mod worker;

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use tokio::sync::mpsc;

use crate::app::{self, Effect, Event, Stamped, State, select};
use crate::input::Stroke;

pub use clock::{Clock, NoClock};
pub use farewell::{farewell, where_it_stands};
pub use perform::{Desk, carry_out};
pub use session::{Session, Start};
pub use settle::{Settled, settle_open_orders};
pub use terminal::{NoTerminal, Picture, Tui};
pub use worker::Worker;

/// What comes in.
#[derive(Debug)]
pub enum Incoming {
    /// A key.
    Stroke(Stroke),
    /// Anything that is an event as it is.
    Event(Event),
    /// A signal that ends the program, by its number.
    Signal(i32),
    /// The program goes on after it was stopped.
    Resumed,
    /// Nobody can see or say anything any more.
    TerminalGone,
    /// There is no way to ask anything: why.
    NotConnected(String),
}

/// Where everything comes in.
pub type Inbox = mpsc::UnboundedReceiver<Incoming>;

/// The way in. It never blocks: who sends are one keyboard, some signals and one worker.
pub type Outbox = mpsc::UnboundedSender<Incoming>;

/// A new way in with its end.
pub fn channel() -> (Outbox, Inbox) {
    mpsc::unbounded_channel()
}

/// Sends an event in; whoever is told after the end of the loop needs no telling.
fn send(outbox: &Outbox, event: Event) {
    let _ = outbox.send(Incoming::Event(event));
}

/// Sleeps this long in real time; for ever when there is no end to it.
async fn sleep(time: Option<Duration>) {
    match time {
        Some(time) => tokio::time::sleep(time).await,
        None => std::future::pending().await,
    }
}

/// What is drawn on: the terminal, or a buffer in tests.
pub trait Surface {
    /// Draws the state; the furthest row to which what it shows can be scrolled.
    fn draw(&mut self, state: &State) -> io::Result<usize>;
    /// Forgets what is on the screen, so that the next frame draws every cell.
    fn forget(&mut self) -> io::Result<()>;
    /// Rings the bell with the next frame.
    fn bell(&mut self) -> io::Result<()>;
    /// Puts a text on the clipboard.
    fn copy(&mut self, text: &str) -> io::Result<()>;
    /// Gives the terminal to the shell until it comes back; its size then, in columns and rows.
    fn suspend(&mut self) -> io::Result<(u16, u16)>;
    /// Takes the terminal again after the program was stopped from outside; its size.
    fn resume(&mut self) -> io::Result<(u16, u16)>;
}

/// Who carries out the effects that concern the world outside.
pub trait Hands {
    /// Begins to carry out `effect` and returns at once.
    fn perform(&mut self, effect: Effect);
}

/// How the program ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// The person left.
    Quit,
    /// A signal ended it, by its number.
    Signal(i32),
    /// The terminal is gone.
    TerminalGone,
    /// There was no way to ask anything: why, for the person.
    NotConnected(String),
}

/// The loop with everything it needs.
pub struct Shell<S, H> {
    /// What the program knows and shows.
    pub state: State,
    /// What is drawn on.
    pub surface: S,
    /// Who acts in the world.
    pub hands: H,
    /// Where everything comes in.
    pub inbox: Inbox,
    /// What time it is.
    pub clock: Clock,
}

/// What one thing that came in leads to.
enum Next {
    /// The picture is as it was.
    Same,
    /// The picture may have changed.
    Draw,
    /// The end.
    End(Ending),
}

impl<S: Surface, H: Hands> Shell<S, H> {
    /// Draws at once, then begins to ask the world, and goes on until the end.
    pub async fn run(&mut self) -> Ending {
        // A terminal that takes no frame is gone; that may show before anything else tells so.
        self.turn().await.unwrap_or(Ending::TerminalGone)
    }

    async fn turn(&mut self) -> io::Result<Ending> {
        self.surface.draw(&self.state)?;
        for effect in self.state.opening() {
            self.hands.perform(effect);
        }
        loop {
            let mut draw = false;
            let mut next = Some(self.wait().await);
            while let Some(incoming) = next {
                match self.take(incoming)? {
                    Next::Same => {}
                    Next::Draw => draw = true,
                    Next::End(ending) => return Ok(ending),
                }
                next = self.inbox.try_recv().ok();
            }
            if draw {
                let furthest = self.surface.draw(&self.state)?;
                self.update(Event::Drawn { furthest });
            }
        }
    }

    /// The next thing that comes in, or the moment at which the picture changes by itself.
    async fn wait(&mut self) -> Incoming {
        let wake = select::next_wake(&self.state).and_then(|at| self.clock.until(at));
        tokio::select! {
            biased;
            incoming = self.inbox.recv() => incoming.unwrap_or(Incoming::TerminalGone),
            () = sleep(wake) => Incoming::Event(Event::Woke),
        }
    }

    fn take(&mut self, incoming: Incoming) -> io::Result<Next> {
        let event = match incoming {
            Incoming::Stroke(stroke) => match app::hear(&self.state, stroke) {
                Some(event) => event,
                None => return Ok(Next::Same),
            },
            Incoming::Event(event) => event,
            Incoming::Signal(number) => return Ok(Next::End(Ending::Signal(number))),
            Incoming::TerminalGone => return Ok(Next::End(Ending::TerminalGone)),
            Incoming::NotConnected(why) => return Ok(Next::End(Ending::NotConnected(why))),
            Incoming::Resumed => resized(self.surface.resume()?),
        };
        Ok(self.happen(event)?.map_or(Next::Draw, Next::End))
    }

    fn update(&mut self, event: Event) -> Vec<Effect> {
        app::update(&mut self.state, Stamped { at: self.clock.now(), event })
    }

    /// Folds an event in and carries out all that it leads to: what comes of an effect may lead to
    /// more, e.g. to the step of a ramp that was due while the program was stopped.
    fn happen(&mut self, event: Event) -> io::Result<Option<Ending>> {
        let mut effects = VecDeque::from(self.update(event));
        while let Some(effect) = effects.pop_front() {
            match effect {
                Effect::Quit => return Ok(Some(Ending::Quit)),
                Effect::Redraw => self.surface.forget()?,
                Effect::Bell => self.surface.bell()?,
                Effect::Copy(text) => {
                    let copied = self.surface.copy(&text).map_err(|error| error.to_string());
                    effects.extend(self.update(Event::Copied(copied)));
                }
                Effect::Suspend => {
                    let size = self.surface.suspend()?;
                    effects.extend(self.update(resized(size)));
                }
                Effect::Act(_)
                | Effect::Watch(_)
                | Effect::List
                | Effect::Refresh
                | Effect::Rest(_)
                | Effect::ReadLog { .. }
                | Effect::Present(_)
                | Effect::Window(_) => self.hands.perform(effect),
            }
        }
        Ok(None)
    }
}

fn resized((width, height): (u16, u16)) -> Event {
    Event::Resized { width, height }
}
