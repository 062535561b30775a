//! Everything a person can say, as one enum; its words are those of `keymap.toml`.

use std::fmt;
use std::str::FromStr;

use crate::domain::Action;

/// What a key (or a click) asks for. It is a wish: `app::update` decides what comes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Command {
    /// Ask for an action on the rollout: opens its dialog, or says why it is not possible.
    Ask(Action),
    /// Ask to give green one step more of the traffic.
    More,
    /// Ask to give green one step less.
    Less,
    /// Type the share that green shall have.
    Share,
    /// Ask to give green everything.
    AllGreen,
    /// Ask to walk the shares of the ramp, one after the other.
    Ramp,
    /// Carry out what the open dialog describes.
    Confirm,
    /// Close what is on top: dialog, help, view, expanded panel.
    Back,
    /// Take the focused choice or open the selected row.
    Choose,
    /// Focus the next panel or choice.
    Next,
    /// Focus the previous panel or choice.
    Previous,
    /// One row up.
    Up,
    /// One row down.
    Down,
    /// One page up.
    PageUp,
    /// One page down.
    PageDown,
    /// To the first row.
    Top,
    /// To the last row.
    Bottom,
    /// Expand the focused panel, or fold it again.
    Expand,
    /// The next longer metrics window, then the shortest again.
    Window,
    /// The numbers behind the verdict and the charts.
    Why,
    /// All events.
    Events,
    /// What the tasks of a side write.
    Log,
    /// All rollouts that run in the account.
    Rollouts,
    /// Copy the AWS CLI line of the open dialog to the clipboard.
    Copy,
    /// Ask every source again now.
    Refresh,
    /// Choose the revision that is brought out again.
    Undo,
    /// Choose the analysis that ends.
    Terminate,
    /// Type the code of a multi-factor device.
    Code,
    /// Stop asking, or go on.
    Rest,
    /// The keys and what they do.
    Help,
    /// Draw everything anew.
    Redraw,
    /// To the shell, `fg` comes back.
    Suspend,
    /// Leave; the rollout is not touched.
    Quit,
}

impl Command {
    /// All commands, in the order of the help.
    pub const ALL: [Command; 39] = [
        Command::Ask(Action::RollBack),
        Command::Ask(Action::Continue),
        Command::Ask(Action::Finish),
        Command::Ask(Action::Stop),
        Command::Ask(Action::Pause),
        Command::Ask(Action::Resume),
        Command::Ask(Action::Restart),
        Command::Undo,
        Command::Terminate,
        Command::More,
        Command::Less,
        Command::Share,
        Command::AllGreen,
        Command::Ramp,
        Command::Confirm,
        Command::Choose,
        Command::Back,
        Command::Next,
        Command::Previous,
        Command::Up,
        Command::Down,
        Command::PageUp,
        Command::PageDown,
        Command::Top,
        Command::Bottom,
        Command::Expand,
        Command::Window,
        Command::Why,
        Command::Events,
        Command::Log,
        Command::Rollouts,
        Command::Copy,
        Command::Refresh,
        Command::Code,
        Command::Rest,
        Command::Help,
        Command::Redraw,
        Command::Suspend,
        Command::Quit,
    ];

    /// Whether it opens the question before an order.
    pub fn asks(self) -> bool {
        matches!(
            self,
            Command::Ask(_)
                | Command::More
                | Command::Less
                | Command::Share
                | Command::AllGreen
                | Command::Ramp
                | Command::Undo
                | Command::Terminate
        )
    }

    /// Whether a key that is held down may say it again and again: moving about, nothing else.
    pub fn may_repeat(self) -> bool {
        matches!(
            self,
            Command::Next
                | Command::Previous
                | Command::Up
                | Command::Down
                | Command::PageUp
                | Command::PageDown
        )
    }

    /// Its word in `keymap.toml`.
    pub fn word(self) -> &'static str {
        match self {
            Command::Ask(Action::RollBack) => "roll-back",
            Command::Ask(Action::Continue) => "continue",
            Command::Ask(Action::Finish) => "finish",
            Command::Ask(Action::Stop) => "stop",
            Command::Ask(Action::Pause) => "pause",
            Command::Ask(Action::Resume) => "resume",
            Command::Ask(Action::Restart) => "restart",
            // Any share: no key stands for one of them.
            Command::Ask(Action::Shift(_)) => "shift",
            Command::Undo | Command::Ask(Action::Undo(_)) => "undo",
            Command::Terminate | Command::Ask(Action::Terminate(_)) => "terminate",
            Command::More => "more",
            Command::Less => "less",
            Command::Share => "share",
            Command::AllGreen => "all-green",
            Command::Ramp => "ramp",
            Command::Confirm => "confirm",
            Command::Choose => "choose",
            Command::Back => "back",
            Command::Next => "next",
            Command::Previous => "previous",
            Command::Up => "up",
            Command::Down => "down",
            Command::PageUp => "page-up",
            Command::PageDown => "page-down",
            Command::Top => "top",
            Command::Bottom => "bottom",
            Command::Expand => "expand",
            Command::Window => "window",
            Command::Why => "why",
            Command::Events => "events",
            Command::Log => "log",
            Command::Rollouts => "rollouts",
            Command::Copy => "copy",
            Command::Refresh => "refresh",
            Command::Code => "code",
            Command::Rest => "rest",
            Command::Help => "help",
            Command::Redraw => "redraw",
            Command::Suspend => "suspend",
            Command::Quit => "quit",
        }
    }
}

impl fmt::Display for Command {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.word())
    }
}

/// A word that is no command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoCommand;

impl FromStr for Command {
    type Err = NoCommand;

    fn from_str(word: &str) -> Result<Self, NoCommand> {
        Self::ALL.into_iter().find(|command| command.word() == word).ok_or(NoCommand)
    }
}
