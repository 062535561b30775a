//! The keys and what they do, from the keymap in force.

use crate::app::State;
use crate::input::{Command, Context};
use crate::ui::format::clean;
use crate::ui::pen::Pen;
use crate::ui::theme::Role;

/// Draws the keys, from row `scroll` on.
pub(crate) fn draw(pen: &mut Pen<'_>, state: &State, scroll: usize) {
    let keymap = &state.settings.keymap;
    let rows: Vec<(String, String)> = Command::ALL
        .into_iter()
        .map(|command| {
            let mut keys: Vec<String> = Vec::new();
            for binding in keymap.bindings().iter().filter(|b| b.command == command) {
                let place = match binding.context {
                    Context::Everywhere | Context::Cockpit => "",
                    Context::List => " (list)",
                    Context::Dialog => " (dialog)",
                };
                let text = binding.key.to_string();
                if !keys.iter().any(|known| known.split(' ').next() == Some(&text)) {
                    keys.push(format!("{text}{place}"));
                }
            }
            (keys.join("  "), keymap.description(command).to_owned())
        })
        .filter(|(keys, _)| !keys.is_empty())
        .collect();
    // With the room for it, two columns: everything is seen at once.
    let columns = if pen.width() >= 110 { 2 } else { 1 };
    let width = pen.width().min(80 * columns);
    let per = rows.len().div_ceil(usize::from(columns));
    let height = u16::try_from(per + 2).unwrap_or(u16::MAX).min(pen.height());
    let left = pen.width().saturating_sub(width) / 2;
    let mut pen = pen.part(left, 0, width, height);
    pen.clear();
    let inside = height.saturating_sub(2);
    let top = pen.part(0, 1, width, inside).first_row(scroll, per);
    let more = per.saturating_sub(top + usize::from(inside));
    let note = if more > 0 { format!(" {more} more below ") } else { String::new() };
    pen.frame(
        &[(" keys; what moves traffic asks first ", Role::Title)],
        &[(&note, Role::Dim)],
        Role::Focus,
    );
    let wide = width.saturating_sub(2) / columns;
    for (column, rows) in (0..columns).zip(rows.chunks(per.max(1))) {
        let mut pen = pen.part(1 + column * wide, 1, wide, inside);
        for (y, (keys, what)) in (0..pen.height()).zip(rows.iter().skip(top)) {
            let end = pen.cut(1, y, 19, &clean(keys), Role::Key).max(21);
            pen.cut(end, y, wide.saturating_sub(end + 1), &clean(what), Role::Text);
        }
    }
}
