//! The question whether the program may act in another name than before.

use crate::app::{NewIdentity, State};
use crate::input::Command;
use crate::ui::format::{account, clean};
use crate::ui::pen::Pen;
use crate::ui::theme::Role;

use super::dialog::{Line, WIDEST, push_wrapped};

/// Draws it.
pub(crate) fn draw(pen: &mut Pen<'_>, state: &State, asked: &NewIdentity) {
    let width = pen.width().min(WIDEST);
    let inner = usize::from(width.saturating_sub(6));
    let mut lines: Vec<Line> = Vec::new();
    let name = |identity: &crate::domain::Identity| {
        format!(
            "{}, {}, {}",
            clean(identity.name()),
            account(&identity.account),
            clean(&identity.region)
        )
    };
    push_wrapped(&mut lines, &format!("Until now: {}", name(&asked.from)), inner, Role::Text);
    push_wrapped(&mut lines, &format!("Now: {}", name(&asked.to)), inner, Role::Strong);
    push_wrapped(
        &mut lines,
        "Nothing is sent before you say that this is right.",
        inner,
        Role::Text,
    );
    let height = u16::try_from(lines.len() + 4).unwrap_or(u16::MAX).min(pen.height());
    let left = pen.width().saturating_sub(width) / 2;
    let mut pen = pen.part(left, 0, width, height);
    pen.clear();
    pen.frame(&[(" The credentials belong to somebody else ", Role::Title)], &[], Role::Warning);
    for (y, (line, role)) in (1..).zip(&lines) {
        pen.left(3, y, line, *role);
    }
    let key = |command| state.settings.keymap.key(state.focus(), command).unwrap_or_default();
    let text = format!(
        "not now ({})      act in this name ({})",
        key(Command::Back),
        key(Command::Confirm)
    );
    let y = pen.height().saturating_sub(2);
    pen.left(3, y, &text, Role::Text);
}
