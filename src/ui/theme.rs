//! Roles and glyphs: what things look like. The only file that names a colour.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use ratatui::style::{Color, Modifier, Style};
use serde::Deserialize;

/// What a piece of the screen is, so that a theme can say what it looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Plain text.
    Text,
    /// Text that carries the weight of its line.
    Strong,
    /// Labels and what is of less interest now.
    Dim,
    /// What the screen is about.
    Title,
    /// Lines.
    Border,
    /// Lines of what has the focus.
    Focus,
    /// The blue side.
    Blue,
    /// The green side.
    Green,
    /// As it should be.
    Good,
    /// Worth a look.
    Warning,
    /// Act now; used for one thing at a time.
    Danger,
    /// Old data.
    Stale,
    /// The row or choice under the cursor.
    Selected,
    /// A key.
    Key,
}

impl Role {
    /// All of them.
    pub const ALL: [Role; 14] = [
        Role::Text,
        Role::Strong,
        Role::Dim,
        Role::Title,
        Role::Border,
        Role::Focus,
        Role::Blue,
        Role::Green,
        Role::Good,
        Role::Warning,
        Role::Danger,
        Role::Stale,
        Role::Selected,
        Role::Key,
    ];
}

/// The marks of the screen, in Unicode or in ASCII. All are one cell wide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Glyphs {
    /// A stage that is done.
    pub done: char,
    /// A stage that runs.
    pub running: char,
    /// A stage to come.
    pub pending: char,
    /// A stage that failed.
    pub failed: char,
    /// A stage that will not happen.
    pub skipped: char,
    /// The blue side.
    pub blue: char,
    /// The green side.
    pub green: char,
    /// What differs between the sides.
    pub differs: char,
    /// Blue's part of a bar.
    pub full: char,
    /// Green's part of a bar.
    pub empty: char,
    /// Fresh data.
    pub fresh: char,
    /// Nothing was measured.
    pub gap: char,
    /// The split changed here.
    pub shift: char,
    /// The focused choice.
    pub choice: char,
    /// A horizontal line.
    pub rule: char,
    /// A vertical line.
    pub wall: char,
    /// Corners: top left, top right, bottom left, bottom right.
    pub corners: [char; 4],
    /// Eight heights.
    pub sparks: [char; 8],
    /// What was cut.
    pub ellipsis: char,
    /// Cannot be: no requests, no rate.
    pub nothing: char,
}

const UNICODE: Glyphs = Glyphs {
    done: '✔',
    running: '●',
    pending: '○',
    failed: '✖',
    skipped: '–',
    blue: '■',
    green: '◆',
    differs: '≠',
    full: '█',
    empty: '░',
    fresh: '●',
    gap: '·',
    shift: '▴',
    choice: '▸',
    rule: '─',
    wall: '│',
    corners: ['┌', '┐', '└', '┘'],
    sparks: ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'],
    ellipsis: '…',
    nothing: '–',
};

const ASCII: Glyphs = Glyphs {
    done: '+',
    running: '*',
    pending: 'o',
    failed: 'x',
    skipped: '-',
    blue: '#',
    green: '@',
    differs: '!',
    full: '#',
    empty: '.',
    fresh: '*',
    gap: '.',
    shift: '^',
    choice: '>',
    rule: '-',
    wall: '|',
    corners: ['+', '+', '+', '+'],
    sparks: ['_', '_', '.', '-', '-', '=', '=', '#'],
    ellipsis: '~',
    nothing: '-',
};

/// What everything looks like.
#[derive(Debug, Clone)]
pub struct Theme {
    styles: BTreeMap<Role, Style>,
    /// The marks.
    pub glyphs: Glyphs,
    /// The zone in which clock times are shown.
    pub zone: TimeZone,
}

/// The themes that are built in.
const THEMES: [(&str, &str); 5] = [
    ("balanced", include_str!("../../assets/themes/balanced.toml")),
    ("dark", include_str!("../../assets/themes/dark.toml")),
    ("light", include_str!("../../assets/themes/light.toml")),
    ("sixteen", include_str!("../../assets/themes/sixteen.toml")),
    ("mono", include_str!("../../assets/themes/mono.toml")),
];

/// One role in a theme file.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Look {
    fg: Option<Color>,
    bg: Option<Color>,
    bold: bool,
    dim: bool,
    reverse: bool,
}

impl Look {
    fn style(self) -> Style {
        let mut style = Style { fg: self.fg, bg: self.bg, ..Style::default() };
        let flags = [
            (self.bold, Modifier::BOLD),
            (self.dim, Modifier::DIM),
            (self.reverse, Modifier::REVERSED),
        ];
        for (on, modifier) in flags {
            if on {
                style = style.add_modifier(modifier);
            }
        }
        style
    }
}

impl Theme {
    /// A built-in theme; nothing when there is none of this name.
    pub fn named(name: &str, zone: TimeZone, unicode: bool) -> Option<Self> {
        let (_, text) = THEMES.iter().find(|(known, _)| *known == name)?;
        let looks: BTreeMap<Role, Look> = toml::from_str(text).ok()?;
        let styles = looks.into_iter().map(|(role, look)| (role, look.style())).collect();
        Some(Self { styles, glyphs: if unicode { UNICODE } else { ASCII }, zone })
    }

    /// The names of the built-in themes.
    pub fn names() -> impl Iterator<Item = &'static str> {
        THEMES.iter().map(|(name, _)| *name)
    }

    /// What a role looks like.
    pub fn style(&self, role: Role) -> Style {
        self.styles.get(&role).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_theme_says_what_every_role_looks_like() {
        for name in Theme::names() {
            let theme = Theme::named(name, TimeZone::UTC, true).unwrap();
            for role in Role::ALL {
                assert!(theme.styles.contains_key(&role), "{name} has no {role:?}");
            }
        }
        assert!(Theme::named("drak", TimeZone::UTC, true).is_none());
    }

    #[test]
    fn mono_names_no_colour() {
        let theme = Theme::named("mono", TimeZone::UTC, true).unwrap();
        assert!(theme.styles.values().all(|style| style.fg.is_none() && style.bg.is_none()));
    }
}
