//! Looking for a rollout: none yet, or several to choose from.

use crate::app::{Overlay, Picker, State};
use crate::ui::format::{age, clean};
use crate::ui::pen::Pen;
use crate::ui::theme::Role;
use crate::ui::widgets::{field, hints};

use super::help;

/// Draws the screen.
pub(crate) fn draw(pen: &mut Pen<'_>, state: &State, picker: &Picker) {
    let (width, height) = (pen.width(), pen.height());
    let mark = match (&state.settings.demo, state.settings.read_only) {
        (Some(demo), _) => format!("cutover demo {}", clean(&demo.scenario)),
        (None, true) => "cutover read-only".to_owned(),
        (None, false) => "cutover".to_owned(),
    };
    let x = pen.left(1, 0, &mark, Role::Dim);
    pen.left(x + 2, 0, "rollouts that run now", Role::Title);
    let body = height.saturating_sub(4);
    list(&mut pen.part(1, 2, width.saturating_sub(2), body), state, picker);
    if let Some(notice) = &state.notice {
        let y = height.saturating_sub(2);
        pen.cut(1, y, width.saturating_sub(2), &clean(&notice.text), Role::Strong);
    }
    hints::draw(&mut pen.part(0, height.saturating_sub(1), width, 1), state);
    let mut above = pen.part(0, 1, width, height.saturating_sub(2));
    match &state.overlay {
        Some(Overlay::Help(scroll)) => help::draw(&mut above, state, *scroll),
        Some(Overlay::Field(asked)) => field::draw(&mut above, state, asked),
        // Questions about a rollout are asked in front of it.
        Some(Overlay::Confirm(_) | Overlay::Choosing(_) | Overlay::NewIdentity(_)) | None => {}
    }
}

fn list(pen: &mut Pen<'_>, state: &State, picker: &Picker) {
    let width = pen.width();
    if let Some(fault) = picker.rollouts.fault() {
        pen.cut(0, 0, width, &clean(&fault.to_string()), Role::Danger);
        if let Some(hint) = fault.hint() {
            pen.cut(0, 1, width, &format!("hint: {}", clean(&hint)), Role::Text);
        }
        pen.cut(0, 3, width, "trying again by itself", Role::Dim);
    }
    let Some(rows) = picker.rollouts.value() else {
        if picker.rollouts.fault().is_none() {
            pen.left(0, 0, "asking what runs in this account and Region", Role::Dim);
        }
        return;
    };
    if picker.rollouts.fault().is_some() {
        return;
    }
    if rows.is_empty() {
        pen.left(0, 0, "no deployment is running; waiting for one to begin", Role::Strong);
        let text = "or name one: cutover codedeploy:APP/GROUP, ecs:CLUSTER/SERVICE or d-ABC123DEF";
        pen.cut(0, 2, width, text, Role::Dim);
        return;
    }
    pen.left(2, 0, "deployment", Role::Dim);
    pen.left(16, 0, "application/group", Role::Dim);
    pen.left(48, 0, "status", Role::Dim);
    pen.left(62, 0, "begun", Role::Dim);
    let selected = rows.iter().position(|row| Some(&row.id) == picker.selected.as_ref());
    let height = pen.height().saturating_sub(1);
    let top = selected.map_or(0, |index| (index + 1).saturating_sub(usize::from(height)));
    for (y, (index, row)) in (1..=height).zip(rows.iter().enumerate().skip(top)) {
        pen.cut(2, y, 13, &clean(row.id.as_str()), Role::Text);
        pen.cut(16, y, 31, &clean(&row.name), Role::Strong);
        pen.cut(48, y, 13, &clean(&row.status), Role::Text);
        let since = row.created.map(|at| format!("{} ago", age(state.now.duration_since(at))));
        pen.left(62, y, &since.unwrap_or_default(), Role::Text);
        if Some(index) == selected {
            let mark = pen.glyphs().choice.to_string();
            pen.left(0, y, &mark, Role::Strong);
            pen.restyle(y, Role::Selected);
        }
    }
}
