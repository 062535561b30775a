//! The list of what an order may be about.

use crate::app::{State, select};
use crate::domain::Action;
use crate::input::Command;
use crate::ui::format::{age, clean};
use crate::ui::pen::Pen;
use crate::ui::theme::Role;

use super::dialog::WIDEST;

/// The column of what is known besides the name, and of the age.
const ABOUT: u16 = 31;
const AGE: u16 = 13;

/// Draws the open list, if there is one.
pub(crate) fn draw(pen: &mut Pen<'_>, state: &State) {
    let Some((kind, rows)) = select::choices(state) else { return };
    let width = pen.width().min(WIDEST);
    let height = u16::try_from(rows.len() + 5).unwrap_or(u16::MAX).min(pen.height());
    let left = pen.width().saturating_sub(width) / 2;
    let mut pen = pen.part(left, 0, width, height);
    pen.clear();
    pen.frame(&[(&format!(" {} ", title(kind)), Role::Title)], &[], Role::Focus);
    list(&mut pen.part(2, 1, width.saturating_sub(4), height.saturating_sub(4)), state, &rows);
    let key = |command| state.settings.keymap.key(state.focus(), command).unwrap_or_default();
    let keys = format!(
        "nothing is sent yet   go on ({})   keep going ({})",
        key(Command::Choose),
        key(Command::Back)
    );
    pen.cut(3, height.saturating_sub(2), width.saturating_sub(6), &keys, Role::Text);
}

fn title(kind: Action) -> &'static str {
    match kind {
        Action::Undo(_) => "Bring out which revision again?",
        Action::Terminate(_) => "End which analysis?",
        Action::Continue
        | Action::RollBack
        | Action::Stop
        | Action::Finish
        | Action::Shift(_)
        | Action::Pause
        | Action::Resume
        | Action::Restart => "Which one?",
    }
}

fn list(pen: &mut Pen<'_>, state: &State, rows: &[select::ListRow]) {
    let (width, height) = (pen.width(), pen.height());
    let selected = rows.iter().position(|row| row.selected);
    let top = selected.map_or(0, |index| (index + 1).saturating_sub(usize::from(height)));
    let about = ABOUT.min(width / 2);
    for (y, row) in (0..height).zip(rows.iter().skip(top)) {
        let since = row.since.map(|at| format!("{} ago", age(state.now.duration_since(at))));
        let room = width.saturating_sub(about + AGE);
        pen.cut(2, y, about.saturating_sub(3), &clean(&row.name), Role::Strong);
        pen.cut(about, y, room, &clean(&row.about), Role::Text);
        pen.right(width, y, &since.unwrap_or_default(), Role::Dim);
        if row.selected {
            let mark = pen.glyphs().choice.to_string();
            pen.left(0, y, &mark, Role::Strong);
            pen.restyle(y, Role::Selected);
        }
    }
}
