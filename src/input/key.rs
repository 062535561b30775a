//! One key chord: its text in the keymap, and what the terminal sends for it.
//!
//! A parser of our own, because a rollback key must not depend on letter case by accident: the
//! `crokey` crate reads `R` as `r`, takes `a-b` for two keys pressed at once, and has no list of
//! names to suggest the nearest one from.

use std::fmt;
use std::str::FromStr;

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use crate::domain::nearest;

/// The keys that have a name instead of a character.
const NAMES: [(&str, KeyCode); 28] = [
    ("esc", KeyCode::Esc),
    ("enter", KeyCode::Enter),
    ("tab", KeyCode::Tab),
    ("backtab", KeyCode::BackTab),
    ("space", KeyCode::Char(' ')),
    ("backspace", KeyCode::Backspace),
    ("delete", KeyCode::Delete),
    ("insert", KeyCode::Insert),
    ("up", KeyCode::Up),
    ("down", KeyCode::Down),
    ("left", KeyCode::Left),
    ("right", KeyCode::Right),
    ("home", KeyCode::Home),
    ("end", KeyCode::End),
    ("pageup", KeyCode::PageUp),
    ("pagedown", KeyCode::PageDown),
    ("f1", KeyCode::F(1)),
    ("f2", KeyCode::F(2)),
    ("f3", KeyCode::F(3)),
    ("f4", KeyCode::F(4)),
    ("f5", KeyCode::F(5)),
    ("f6", KeyCode::F(6)),
    ("f7", KeyCode::F(7)),
    ("f8", KeyCode::F(8)),
    ("f9", KeyCode::F(9)),
    ("f10", KeyCode::F(10)),
    ("f11", KeyCode::F(11)),
    ("f12", KeyCode::F(12)),
];

/// The modifiers, in the order they are written.
const MODIFIERS: [(&str, KeyModifiers); 3] = [
    ("ctrl-", KeyModifiers::CONTROL),
    ("alt-", KeyModifiers::ALT),
    ("shift-", KeyModifiers::SHIFT),
];

/// One key with its modifiers, in the one form that equal chords share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key {
    code: KeyCode,
    modifiers: KeyModifiers,
}

/// A key as it came from the keyboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stroke {
    /// Which key.
    pub key: Key,
    /// The keyboard says that it is held down. Only some terminals tell.
    pub held: bool,
}

impl Stroke {
    /// What the terminal sent, unless it is the release of a key.
    pub fn read(event: &KeyEvent) -> Option<Self> {
        let key = Key::new(event.code, event.modifiers);
        match event.kind {
            KeyEventKind::Press => Some(Self { key, held: false }),
            KeyEventKind::Repeat => Some(Self { key, held: true }),
            KeyEventKind::Release => None,
        }
    }
}

impl Key {
    /// The key that deletes backwards in a text field.
    pub const BACKSPACE: Key = Key { code: KeyCode::Backspace, modifiers: KeyModifiers::NONE };

    fn new(code: KeyCode, modifiers: KeyModifiers) -> Self {
        let mut modifiers =
            modifiers & (KeyModifiers::CONTROL | KeyModifiers::ALT | KeyModifiers::SHIFT);
        let ctrl = modifiers.contains(KeyModifiers::CONTROL);
        let shift = modifiers.contains(KeyModifiers::SHIFT);
        let code = match code {
            // Many terminals send ctrl-h for the backspace key, so the two cannot be told apart.
            KeyCode::Char('h' | 'H') if ctrl => {
                modifiers.remove(KeyModifiers::CONTROL);
                KeyCode::Backspace
            }
            // A control character has no case.
            KeyCode::Char(c) if ctrl => KeyCode::Char(c.to_ascii_lowercase()),
            KeyCode::Char(c) if shift => KeyCode::Char(c.to_ascii_uppercase()),
            KeyCode::Tab if shift => KeyCode::BackTab,
            other => other,
        };
        // The character already tells whether shift was held; terminals do not agree on saying it.
        if matches!(code, KeyCode::Char(_) | KeyCode::BackTab | KeyCode::Backspace) {
            modifiers.remove(KeyModifiers::SHIFT);
        }
        Self { code, modifiers }
    }

    /// The character that it puts into a text field.
    pub fn character(self) -> Option<char> {
        match self.code {
            KeyCode::Char(c) if self.modifiers.is_empty() => Some(c),
            _ => None,
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, modifier) in MODIFIERS {
            if self.modifiers.contains(modifier) {
                out.write_str(name)?;
            }
        }
        match (NAMES.iter().find(|(_, code)| *code == self.code), self.code) {
            (Some((name, _)), _) => out.write_str(name),
            (None, KeyCode::Char(c)) => write!(out, "{c}"),
            // Media keys and the like: shown if ever, never bound.
            (None, other) => write!(out, "{other}"),
        }
    }
}

/// A text that names no key, with the nearest text that does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoKey {
    /// What may have been meant.
    pub nearest: Option<String>,
}

impl FromStr for Key {
    type Err = NoKey;

    fn from_str(text: &str) -> Result<Self, NoKey> {
        parse(text).ok_or_else(|| NoKey { nearest: guess(text) })
    }
}

fn parse(text: &str) -> Option<Key> {
    let (modifiers, rest) = modifiers(text);
    let mut characters = rest.chars();
    let code = match (characters.next(), characters.next()) {
        (Some(c), None) if !c.is_control() && !c.is_whitespace() => KeyCode::Char(c),
        _ => NAMES.iter().find(|(name, _)| rest.eq_ignore_ascii_case(name))?.1,
    };
    Some(Key::new(code, modifiers))
}

/// The modifiers at the start of `text`, and what follows them.
fn modifiers(text: &str) -> (KeyModifiers, &str) {
    let (mut found, mut rest) = (KeyModifiers::NONE, text);
    while let Some((name, modifier)) = MODIFIERS.into_iter().find(|(name, _)| {
        rest.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name))
    }) {
        found |= modifier;
        rest = &rest[name.len()..];
    }
    (found, rest)
}

/// What may have been meant: another program's spelling, or a slip in a name.
fn guess(text: &str) -> Option<String> {
    let inner = text.trim().trim_start_matches('<').trim_end_matches('>');
    let spelled = inner.to_lowercase().replace(['+', '_', ' '], "-");
    let respelled = [
        spelled.clone(),
        spelled.replace("control-", "ctrl-"),
        spelled.replacen("c-", "ctrl-", 1),
        spelled.replacen("m-", "alt-", 1),
        spelled.replacen('^', "ctrl-", 1),
        spelled.replace("page-", "page").replace("pg", "page"),
        spelled.replace("dn", "down").replace("pg", "page"),
        spelled.replace("escape", "esc").replace("return", "enter"),
    ];
    if let Some(key) = respelled.iter().find_map(|text| parse(text)) {
        return Some(key.to_string());
    }
    let (modifiers, rest) = modifiers(&spelled);
    let name = nearest(rest, NAMES.iter().map(|(name, _)| *name))?;
    parse(name).map(|key| Key::new(key.code, modifiers).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Key {
        text.parse().unwrap_or_else(|_| panic!("{text}"))
    }

    fn pressed(code: KeyCode, modifiers: KeyModifiers) -> Key {
        Stroke::read(&KeyEvent::new(code, modifiers)).unwrap().key
    }

    #[test]
    fn every_key_reads_back_as_it_is_printed() {
        let plain = NAMES.iter().map(|(name, _)| (*name).to_owned());
        let characters = "rR?-/é$1`\"".chars().map(String::from);
        for text in plain.chain(characters) {
            for modified in [text.clone(), format!("alt-{text}")] {
                assert_eq!(key(&modified).to_string(), modified);
            }
        }
        assert_eq!(key("ctrl-alt-x").to_string(), "ctrl-alt-x");
        assert_eq!(key("ctrl--").to_string(), "ctrl--");
    }

    #[test]
    fn what_terminals_send_differently_is_one_key() {
        let same = [
            (key("R"), pressed(KeyCode::Char('R'), KeyModifiers::NONE)),
            (key("R"), pressed(KeyCode::Char('R'), KeyModifiers::SHIFT)),
            (key("shift-r"), pressed(KeyCode::Char('r'), KeyModifiers::SHIFT)),
            (key("?"), pressed(KeyCode::Char('?'), KeyModifiers::SHIFT)),
            (key("ctrl-r"), pressed(KeyCode::Char('R'), KeyModifiers::CONTROL)),
            (key("backtab"), pressed(KeyCode::BackTab, KeyModifiers::SHIFT)),
            (key("shift-tab"), pressed(KeyCode::BackTab, KeyModifiers::NONE)),
            (key("backspace"), pressed(KeyCode::Char('h'), KeyModifiers::CONTROL)),
            (key("space"), pressed(KeyCode::Char(' '), KeyModifiers::NONE)),
        ];
        for (written, sent) in same {
            assert_eq!(written, sent, "{written}");
        }
        assert_ne!(key("R"), key("r"));
    }

    #[test]
    fn a_release_is_no_stroke_and_a_repeat_is_told() {
        let mut event = KeyEvent::new(KeyCode::Char('y'), KeyModifiers::NONE);
        event.kind = KeyEventKind::Repeat;
        assert!(Stroke::read(&event).unwrap().held);
        event.kind = KeyEventKind::Release;
        assert_eq!(Stroke::read(&event), None);
    }

    #[test]
    fn only_a_plain_character_is_typed() {
        assert_eq!(key("R").character(), Some('R'));
        assert_eq!(key("space").character(), Some(' '));
        for text in ["ctrl-r", "alt-r", "enter", "backspace"] {
            assert_eq!(key(text).character(), None, "{text}");
        }
    }

    #[test]
    fn a_wrong_key_is_answered_with_the_nearest_right_one() {
        for (wrong, right) in [
            ("ctrl+r", "ctrl-r"),
            ("C-r", "ctrl-r"),
            ("<C-r>", "ctrl-r"),
            ("^r", "ctrl-r"),
            ("escape", "esc"),
            ("return", "enter"),
            ("PgDn", "pagedown"),
            ("page-up", "pageup"),
            ("ctrl-entr", "ctrl-enter"),
            ("bakspace", "backspace"),
            ("f13", "f1"),
        ] {
            let nearest = wrong.parse::<Key>().unwrap_err().nearest;
            assert_eq!(nearest.as_deref(), Some(right), "{wrong}");
        }
        for hopeless in ["", " ", "\u{1b}", "ctrl-", "qqqqqqqq"] {
            assert_eq!(hopeless.parse::<Key>().unwrap_err().nearest, None, "{hopeless:?}");
        }
    }

    fn any_key() -> impl proptest::strategy::Strategy<Value = Key> {
        use proptest::prelude::*;
        let named = prop::sample::select(NAMES.map(|(_, code)| code).to_vec());
        let code = prop_oneof![any::<char>().prop_map(KeyCode::Char), named];
        (code, any::<u8>())
            .prop_map(|(code, held)| Key::new(code, KeyModifiers::from_bits_truncate(held)))
    }

    proptest::proptest! {
        #[test]
        fn every_key_that_can_be_pressed_and_named_is_read_as_it_is_written(key in any_key()) {
            let written = key.to_string();
            let printable = !matches!(key.code, KeyCode::Char(c) if c.is_control() || c.is_whitespace());
            if printable || key.code == KeyCode::Char(' ') {
                proptest::prop_assert_eq!(written.parse::<Key>(), Ok(key), "{}", written);
            }
        }

        #[test]
        fn what_is_read_as_a_key_is_written_as_that_key(text in "[a-zA-Z0-9-]{1,24}|\\PC{1,4}") {
            if let Ok(key) = text.parse::<Key>() {
                proptest::prop_assert_eq!(key.to_string().parse::<Key>(), Ok(key));
            }
        }
    }
}
