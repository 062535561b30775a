//! The field for a number: a share, or the code of a multi-factor device.

use crate::app::{Asks, Cockpit, Field, State};
use crate::input::Command;
use crate::ui::format::clean;
use crate::ui::pen::Pen;
use crate::ui::theme::Role;

use super::dialog::{Line, push_wrapped};

/// The widest it gets.
const WIDEST: u16 = 66;

/// Draws it.
pub(crate) fn draw(pen: &mut Pen<'_>, state: &State, field: &Field) {
    let width = pen.width().min(WIDEST);
    let left = pen.width().saturating_sub(width) / 2;
    let mut pen = pen.part(left, 0, width, pen.height().min(6));
    let room = width.saturating_sub(6);
    pen.clear();
    let (title, label, note, back) = match &field.asks {
        Asks::Share => {
            let share = state.cockpit().and_then(Cockpit::share);
            let now = share.map(|share| format!("{share} now; ")).unwrap_or_default();
            (
                " Which share shall green have? ",
                "green, in percent: ",
                format!("{now}a whole number from 0 to 100; nothing is sent yet"),
                "keep going",
            )
        }
        Asks::Code(device) => {
            (" Which code does the device show? ", "six digits: ", device.clone(), "not now")
        }
    };
    pen.frame(&[(title, Role::Title)], &[], Role::Focus);
    let x = pen.left(3, 1, label, Role::Text);
    pen.left(x, 1, &format!("{}_", clean(&field.typed)), Role::Selected);
    let (note, role) = match &field.complaint {
        Some(complaint) => (complaint, Role::Warning),
        None => (&note, Role::Dim),
    };
    let mut lines: Vec<Line> = Vec::new();
    push_wrapped(&mut lines, &clean(note), usize::from(room), role);
    for (y, (line, role)) in (2..4).zip(&lines) {
        pen.cut(3, y, room, line, *role);
    }
    let key = |command| state.settings.keymap.key(state.focus(), command).unwrap_or_default();
    let keys = format!("go on ({})   {back} ({})", key(Command::Choose), key(Command::Back));
    pen.cut(3, 4, room, &keys, Role::Text);
}
