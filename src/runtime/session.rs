//! One run of the screen, from taking the terminal to giving it back.

use std::future::Future;
use std::io;
use std::path::PathBuf;

use super::{
    Clock, Desk, Ending, NoTerminal, Picture, Shell, Tui, Worker, channel, panics, signals,
    terminal,
};
use crate::app::{Event, Settings, Stamped, State, update};
use crate::domain::Target;
use crate::journal::Audit;
use crate::sources::Account;

/// Readings and orders; the screen has the main thread for itself.
const WORKERS: usize = 2;

/// What a run of the screen begins with.
pub struct Start {
    /// What does not change while it runs.
    pub settings: Settings,
    /// What to watch; nothing means to look for what runs.
    pub target: Option<Target>,
    /// What time it is.
    pub clock: Clock,
    /// Where orders are written down.
    pub audit: Audit,
    /// Where the report of a bug goes.
    pub report: PathBuf,
}

/// What is left of a run.
pub struct Session {
    /// How it ended.
    pub ending: Ending,
    /// What was known last.
    pub state: State,
}

impl Session {
    /// Runs the screen to its end. `connect` is awaited beside it, never by it.
    pub fn run<A, D>(
        start: Start,
        picture: D,
        connect: impl Future<Output = Result<A, String>> + Send + 'static,
    ) -> Result<Self, NoTerminal>
    where
        A: Account,
        D: FnMut(&State, &mut Picture<'_>) -> usize,
    {
        let (outbox, inbox) = channel();
        panics::catch(start.report, outbox.clone());
        let surface = Tui::take(picture)?;
        let mut state = State::new(start.settings, start.target, start.clock.now());
        let (width, height) = surface.size()?;
        let resized = Event::Resized { width, height };
        update(&mut state, Stamped { at: start.clock.now(), event: resized });
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(WORKERS)
            .enable_all()
            .build()?;
        let clock = start.clock;
        let session = runtime.block_on(async move {
            signals::listen(&outbox)?;
            terminal::listen(outbox.clone());
            let desk = Desk { outbox, clock: clock.clone(), audit: start.audit };
            let hands = Worker::start(desk, connect);
            let mut shell = Shell { state, surface, hands, inbox, clock };
            let ending = shell.run().await;
            Ok::<_, io::Error>(Self { ending, state: shell.state })
        });
        // What still waits for an answer is not waited for: leaving takes no time.
        runtime.shutdown_background();
        Ok(session?)
    }
}
