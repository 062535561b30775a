//! The screen, opened for `cutover` and `cutover demo` alike.

use std::future::Future;
use std::path::PathBuf;
use std::process::ExitCode;

use super::{Failure, Outcome, Output, Surroundings, keymap};
use crate::app::{Demo, Settings};
use jiff::tz::TimeZone;

use crate::config::{Config, Symbols, ThemeChoice};
use crate::domain::Target;
use crate::journal::Audit;
use crate::runtime::{Clock, Ending, Session, Start, farewell};
use crate::sources::Account;
use crate::ui;

/// What differs between the two.
pub(super) struct Opening {
    /// What to watch; nothing means to look for what runs.
    pub(super) target: Option<Target>,
    /// Nothing may be sent.
    pub(super) read_only: bool,
    /// The scenario, when this is a rehearsal.
    pub(super) demo: Option<Demo>,
    /// Where orders are written down.
    pub(super) audit: PathBuf,
    /// What time it is.
    pub(super) clock: Clock,
}

/// Runs the screen to its end and leaves one line about what was known last.
pub(super) fn show<A: Account>(
    opening: Opening,
    config: &Config,
    around: &Surroundings,
    connect: impl Future<Output = Result<A, String>> + Send + 'static,
    output: &mut Output,
) -> Outcome {
    if around.env.dumb_terminal {
        return Err(Failure::from(
            "TERM is `dumb`: nothing can be drawn\n\nhint: `cutover status` prints one reading",
        ));
    }
    let start = Start {
        settings: Settings {
            read_only: opening.read_only,
            demo: opening.demo,
            bell: config.bell,
            session: super::random() as u32,
            speed: opening.clock.speed(),
            keymap: keymap(&around.paths)?,
            verdicts: config.verdicts.clone(),
            shifting: config.shifting.clone(),
            rules: config.rules.clone(),
        },
        target: opening.target,
        clock: opening.clock,
        audit: Audit::at(opening.audit),
        report: around.paths.report.clone(),
    };
    let theme = theme(config, around.env.true_color)?;
    let session = Session::run(start, |state, frame| ui::draw(state, &theme, frame), connect)?;
    match &session.ending {
        Ending::Quit => say_farewell(&session, output),
        Ending::Signal(number) => {
            say_farewell(&session, output);
            return Ok(ExitCode::from(signal_code(*number)));
        }
        Ending::NotConnected(why) => return Err(Failure::from(why.clone())),
        // There is nobody to say anything to.
        Ending::TerminalGone => return Ok(ExitCode::from(signal_code(SIGHUP))),
    }
    Ok(ExitCode::SUCCESS)
}

/// The look that was chosen. Sixteen colours are the terminal's own, so that they fit its background.
pub(super) fn theme(config: &Config, true_color: bool) -> Result<ui::Theme, Failure> {
    let name = match config.theme {
        ThemeChoice::Auto if true_color => "balanced",
        ThemeChoice::Auto => "sixteen",
        ThemeChoice::Dark => "dark",
        ThemeChoice::Light => "light",
        ThemeChoice::Mono => "mono",
    };
    let unicode = config.symbols == Symbols::Unicode;
    ui::Theme::named(name, TimeZone::system(), unicode)
        .ok_or_else(|| format!("the theme `{name}` is not built in").into())
}

const SIGHUP: i32 = 1;

/// How a shell reports the end by a signal.
fn signal_code(number: i32) -> u8 {
    u8::try_from(number.saturating_add(128)).unwrap_or(u8::MAX)
}

/// The hang-up that ends the program may also have taken who would read this.
fn say_farewell(session: &Session, output: &mut Output) {
    if let Some(text) = farewell(&session.state) {
        let _ = writeln!(output.talk, "{text}");
    }
}
