//! What keeps a side's tasks in a cluster of its own, and how it stands.

use crate::domain::{Environment, Fact, Fault, FaultKind, Runs, Standing, StandingWord};
use crate::ui::format::{clean, clock};
use crate::ui::pen::Pen;
use crate::ui::theme::Role;

/// Draws it where a person has named it; in little room only what has to be known. The next free row.
pub(super) fn draw(pen: &mut Pen<'_>, y: u16, own: &Environment, roomy: bool) -> u16 {
    let Some(runs) = &own.runs else { return y };
    let (text, role) = words(pen, runs);
    if roomy {
        pen.left(0, y, "runs", Role::Dim);
        let name = clean(&runs.workload.to_string()).into_owned();
        let x = pen.cut(9, y, pen.width().saturating_sub(9), &text, role);
        let room = pen.width().saturating_sub(x + 2);
        let cells = u16::try_from(name.chars().count()).unwrap_or(u16::MAX);
        if cells <= room {
            pen.right(pen.width(), y, &name, Role::Dim);
        }
        return y + 1;
    }
    if runs.standing.fresh().is_some_and(Standing::is_settled) {
        return y;
    }
    pen.cut(0, y, pen.width(), &text, role);
    y + 1
}

/// How it stands, and whether that may still be so.
fn words(pen: &Pen<'_>, runs: &Runs) -> (String, Role) {
    match &runs.standing {
        Fact::Unasked => ("? its cluster has not answered yet".to_owned(), Role::Dim),
        Fact::Unknown { fault } => (format!("? cluster: {}", clean(&why(fault))), Role::Stale),
        Fact::Known { value, .. } => (standing(value), role(value)),
        Fact::Stale { value, at, fault } => {
            let since = clock(*at, &pen.theme().zone);
            let why = clean(&why(fault)).into_owned();
            let text = format!("? {why} since {since}; {} then", value.word.text());
            (text, Role::Stale)
        }
    }
}

/// In few words, but for what has none that a person could act on.
fn why(fault: &Fault) -> String {
    match fault.kind {
        FaultKind::NotFound | FaultKind::CredentialsMissing => fault.message.clone(),
        _ => fault.brief(),
    }
}

fn standing(standing: &Standing) -> String {
    let mut text = standing.word.text().to_owned();
    if !standing.message.is_empty() {
        text = format!("{text}: {}", clean(&standing.message));
    }
    match &standing.update {
        Some(update) => format!("{text}; {} comes", clean(update)),
        None => text,
    }
}

fn role(standing: &Standing) -> Role {
    match standing.word {
        StandingWord::Healthy => Role::Text,
        StandingWord::Degraded => Role::Danger,
        StandingWord::Progressing | StandingWord::Paused => Role::Warning,
    }
}

/// Everything about it, a row each, for the expanded panel.
pub(super) fn rows(pen: &Pen<'_>, own: &Environment) -> Vec<(String, Role)> {
    let Some(runs) = &own.runs else { return Vec::new() };
    let (text, role) = words(pen, runs);
    let behind = runs.behind.iter().map(|behind| (format!("behind  {behind}"), Role::Text));
    let name = (format!("runs    {}", runs.workload), Role::Text);
    let stands = (format!("        {text}"), role);
    let fault = runs.standing.fault().map(|fault| (format!("        {fault}"), Role::Dim));
    behind.chain([name, stands]).chain(fault).collect()
}
