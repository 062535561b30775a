//! The keys that make sense now, roll back first; for those that cannot act, why not.

use crate::app::{State, select};
use crate::input::Command;
use crate::ui::format::clean;
use crate::ui::pen::Pen;
use crate::ui::theme::Role;
use unicode_width::UnicodeWidthStr;

/// Draws the line; what does not fit whole is left out, `quit` stands at the right end.
pub(crate) fn draw(pen: &mut Pen<'_>, state: &State) {
    let hints = select::hints(state);
    let end = pen.width().saturating_sub(1);
    let quit = hints.iter().find(|hint| hint.command == Command::Quit);
    let right = match quit {
        Some(hint) => {
            let start = pen.right(end, 0, hint.label, Role::Dim);
            pen.right(start.saturating_sub(1), 0, &hint.key, Role::Key)
        }
        None => end,
    };
    let mut x = 1;
    for hint in hints.iter().filter(|hint| hint.command != Command::Quit) {
        let why = match &hint.state {
            select::Availability::Now => String::new(),
            select::Availability::Not(why) => format!(": {}", clean(why)),
        };
        let cells = hint.key.width() + hint.label.width() + why.width() + 3;
        if usize::from(x) + cells + 1 > usize::from(right) {
            continue;
        }
        let dark = hint.state != select::Availability::Now;
        let (bracket, key) = if dark { (Role::Dim, Role::Dim) } else { (Role::Dim, Role::Key) };
        x = pen.left(x, 0, "[", bracket);
        x = pen.left(x, 0, &hint.key, key);
        x = pen.left(x, 0, "] ", bracket);
        x = pen.left(x, 0, hint.label, if dark { Role::Dim } else { Role::Text });
        x = pen.left(x, 0, &why, Role::Dim) + 2;
    }
}
