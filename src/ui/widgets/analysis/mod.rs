//! What an analysis has measured of one metric: a series with its limit, and what it survives.
//!
//! ```text
//! ! success-rate (step)  FAILED                                    since 02:18:07
//!   0.948, needs >= 0.985, 0.037 below
//!   ──────────────      1
//!   ▃▃ ▂▂ ▃▃ ·· ··   0.94
//!   ✖  ✖  ✖
//!   measured 3 of 5   failed ███ 3, allowed 2   inconclusive 0, allowed 0
//!   sum(rate(http_requests_total{...
//! ```

mod series;

use jiff::Timestamp;
use unicode_width::UnicodeWidthStr;

use crate::app::measured::{brief, limit, needs, spent, state, told};
use crate::domain::{AnalysisState, Budget, Guard, GuardState, Measured};
use crate::ui::format::{clean, clock, span};
use crate::ui::line::Line;
use crate::ui::pen::fit;
use crate::ui::theme::{Glyphs, Role, Theme};

use series::chart;
pub(crate) use series::short;

/// The longest budget that is drawn as a bar.
const LONGEST_BAR: u32 = 9;
/// The most rows of a query, and of other texts.
const TEXT: usize = 3;

/// How it stands: its mark, its word, its look.
pub(super) fn word(guard: &Guard, measured: &Measured, glyphs: Glyphs) -> (char, String, Role) {
    let text = clean(&state(measured)).into_owned();
    let (mark, role) = match &measured.state {
        AnalysisState::Failed | AnalysisState::Error => ('!', Role::Danger),
        AnalysisState::Inconclusive => ('?', Role::Warning),
        AnalysisState::Successful => (glyphs.done, Role::Good),
        AnalysisState::Running if measured.failed.used + measured.errors.used > 0 => {
            ('!', Role::Warning)
        }
        AnalysisState::Running if !measured.measurements.is_empty() => (glyphs.running, Role::Good),
        AnalysisState::Running | AnalysisState::Pending => (glyphs.pending, Role::Dim),
        AnalysisState::Other(_) => ('?', Role::Dim),
    };
    if measured.dry_run {
        return (mark, format!("{text}, a dry run"), Role::Dim);
    }
    let text = if guard.state == GuardState::Alarm { text.to_uppercase() } else { text };
    (mark, text, role)
}

/// Everything about it, for `width` columns.
pub(super) fn lines(
    guard: &Guard,
    measured: &Measured,
    width: u16,
    now: Timestamp,
    theme: &Theme,
) -> Vec<Line> {
    let end = width.saturating_sub(1);
    let mut lines = vec![head(guard, measured, width, now, theme)];
    let mut pieces = told(measured).unwrap_or_else(|| needs(measured).into_iter().collect());
    pieces.extend(other_condition(measured));
    let whole = clean(&pieces.join(", ")).into_owned();
    if whole.width() + 3 <= usize::from(end) {
        lines.extend(short_text(&whole, end, Role::Text));
    } else {
        // A condition that does not fit beside its value is easier to read in a row of its own.
        lines.extend(pieces.iter().flat_map(|text| short_text(&clean(text), end, Role::Text)));
    }
    let bars = chart(measured, width, theme.glyphs);
    if bars.is_empty() {
        lines.extend(row_of(&short(measured, theme.glyphs)));
    }
    lines.extend(bars);
    lines.extend(budgets(measured, width, theme.glyphs));
    let warnings = measured.newest().and_then(|one| one.warnings.as_ref());
    let warnings = warnings.map(|text| format!("warning: {text}"));
    for (text, role) in [
        (measured.message.as_ref(), Role::Text),
        (warnings.as_ref(), Role::Warning),
        (measured.query.as_ref(), Role::Dim),
    ] {
        if let Some(text) = text {
            let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
            lines.extend(short_text(&clean(&words), end, role));
        }
    }
    lines
}

/// The least of it, in two rows: how it stands, and what was measured last, against what.
pub(crate) fn two_rows(guard: &Guard, width: u16, theme: &Theme) -> Option<Vec<Line>> {
    let measured = guard.measured.as_ref()?;
    let (mark, word, role) = word(guard, measured, theme.glyphs);
    let bars = short(measured, theme.glyphs);
    let room = usize::from(width).saturating_sub(bars.len() + word.width() + 22);
    let name = fit(&clean(&guard.name), room, theme.glyphs.ellipsis);
    let text = format!("{mark} analysis {name}  {word}");
    let mut line = Line::default();
    line.left(1, &text, role);
    let start = 3 + u16::try_from(text.width()).unwrap_or(0);
    for (x, (glyph, role)) in (start..).zip(bars) {
        line.left(x, &glyph.to_string(), role);
    }
    let told = brief(measured).or_else(|| needs(measured)).unwrap_or_default();
    let told = short_text(&clean(&told), width.saturating_sub(1), Role::Text);
    Some(std::iter::once(line).chain(told).collect())
}

/// Marks in a row of their own.
fn row_of(marks: &[(char, Role)]) -> Option<Line> {
    let mut line = Line::default();
    for (x, (glyph, role)) in (3..).zip(marks) {
        line.left(x, &glyph.to_string(), *role);
    }
    (!marks.is_empty()).then_some(line)
}

/// A text in a few rows; the last one says that there is more.
fn short_text(text: &str, end: u16, role: Role) -> Vec<Line> {
    let room = usize::from(end.saturating_sub(3)) * TEXT;
    Line::wrapped(3, end, &fit(text, room, '…'), role)
}

/// The condition that is not told with the value.
fn other_condition(measured: &Measured) -> Option<String> {
    measured.success.as_ref()?;
    let failure = measured.failure.as_ref()?;
    Some(match failure.limit {
        Some(than) => format!("fails at {}", limit(than)),
        None => format!("fails at {}", failure.text),
    })
}

/// Its name, how it stands, and what comes next.
fn head(guard: &Guard, measured: &Measured, width: u16, now: Timestamp, theme: &Theme) -> Line {
    let (mark, word, role) = word(guard, measured, theme.glyphs);
    let when = match (measured.next, guard.since) {
        (Some(next), _) if next > now => format!("next in {}", span(next.duration_since(now))),
        (Some(_), _) => "next is due".to_owned(),
        (None, Some(at)) => format!("at {}", clock(at, &theme.zone)),
        (None, None) => String::new(),
    };
    let mut line = Line::default();
    let end = width.saturating_sub(1);
    let rest = usize::from(width).saturating_sub(when.width() + word.width() + 8);
    let name = fit(&clean(&guard.name), rest, theme.glyphs.ellipsis);
    line.left(1, &format!("{mark} {name}"), role);
    line.left(5 + u16::try_from(name.width()).unwrap_or(0), &word, role);
    line.right(end, &when, Role::Dim);
    line
}

/// How many were measured, and what is left of each budget.
fn budgets(measured: &Measured, width: u16, glyphs: Glyphs) -> Vec<Line> {
    let done = match measured.planned {
        Some(planned) => format!("measured {} of {planned}", measured.done),
        None => format!("measured {}, no end planned", measured.done),
    };
    let mut parts = vec![(done, Role::Text)];
    for (budget, word) in [
        (measured.failed, "failed"),
        (measured.inconclusive, "inconclusive"),
        (measured.errors, "errors in a row"),
    ] {
        // With one condition a measurement is always one or the other.
        let never = measured.success.is_none() || measured.failure.is_none();
        if word == "inconclusive" && never && budget.used == 0 {
            continue;
        }
        let role = match budget.allowed {
            Some(allowed) if budget.used > allowed => Role::Danger,
            _ if budget.used > 0 => Role::Warning,
            _ => Role::Dim,
        };
        let bar = drawn(budget, glyphs).map(|bar| format!(" {bar}")).unwrap_or_default();
        parts.push((spent(budget, &format!("{word}{bar}")), role));
    }
    let mut lines = Vec::new();
    let (mut line, mut x) = (Line::default(), 3_u16);
    for (text, role) in parts {
        let cells = u16::try_from(text.width()).unwrap_or(u16::MAX);
        if x > 3 && x.saturating_add(cells) >= width {
            lines.push(std::mem::take(&mut line));
            x = 3;
        }
        line.left(x, &text, role);
        x = x.saturating_add(cells + 3);
    }
    lines.push(line);
    lines
}

/// A cell for each time that is survived and one for the time that is not: full means over.
fn drawn(budget: Budget, glyphs: Glyphs) -> Option<String> {
    let cells = budget.allowed?.checked_add(1)?;
    if budget.used == 0 || cells > LONGEST_BAR {
        return None;
    }
    let used = budget.used.min(cells) as usize;
    let full = glyphs.full.to_string().repeat(used);
    Some(full + &glyphs.empty.to_string().repeat(cells as usize - used))
}
