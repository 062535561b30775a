use super::*;
use crate::domain::Action;

const COCKPIT: Focus = Focus { context: Context::Cockpit, typing: false };
const DIALOG: Focus = Focus { context: Context::Dialog, typing: false };
const FIELD: Focus = Focus { context: Context::Dialog, typing: true };

const ROLL_BACK: Command = Command::Ask(Action::RollBack);

fn key(text: &str) -> Key {
    text.parse().unwrap()
}

fn user(text: &str) -> Keymap {
    Keymap::with_user_file(text, "mine.toml").unwrap()
}

/// The error of a user's file, without its hint's separation.
fn error(text: &str) -> String {
    Keymap::with_user_file(text, "mine.toml").unwrap_err().to_string().replace("\n\n", " | ")
}

#[test]
fn the_embedded_keymap_is_whole() {
    let map = Keymap::embedded().unwrap();
    for command in Command::ALL {
        assert!(map.bindings().iter().any(|b| b.command == command), "{command} has no key");
        assert!(!map.description(command).is_empty(), "{command} has no description");
    }
}

#[test]
fn roll_back_is_one_key_away_everywhere_and_confirmed_by_another() {
    let map = Keymap::embedded().unwrap();
    for context in Context::ALL {
        let focus = Focus { context, typing: false };
        assert_eq!(map.command(focus, key("R")), Some(ROLL_BACK), "{context}");
    }
    assert_eq!(map.command(FIELD, key("ctrl-r")), Some(ROLL_BACK));
    assert_eq!(map.command(DIALOG, key("y")), Some(Command::Confirm));
    assert_eq!(map.command(COCKPIT, key("y")), None);
}

#[test]
fn prefixes_of_multiplexers_do_nothing_dangerous() {
    let map = Keymap::embedded().unwrap();
    for context in Context::ALL {
        for prefix in ["ctrl-a", "ctrl-b"] {
            let focus = Focus { context, typing: false };
            assert_eq!(map.command(focus, key(prefix)), None);
        }
    }
}

#[test]
fn plain_characters_are_text_while_a_name_is_typed() {
    let map = Keymap::embedded().unwrap();
    for text in ["R", "y", "q", "space", "?"] {
        assert_eq!(map.command(FIELD, key(text)), None, "{text}");
    }
    for (text, command) in [
        ("esc", Command::Back),
        ("enter", Command::Choose),
        ("tab", Command::Next),
        ("ctrl-c", Command::Quit),
    ] {
        assert_eq!(map.command(FIELD, key(text)), Some(command), "{text}");
    }
}

#[test]
fn hints_name_the_key_that_is_heard_there() {
    let map = Keymap::embedded().unwrap();
    assert_eq!(map.key(COCKPIT, ROLL_BACK).as_deref(), Some("R"));
    assert_eq!(map.key(FIELD, ROLL_BACK).as_deref(), Some("ctrl-r"));
    assert_eq!(map.key(COCKPIT, Command::Confirm), None);
    let mine = user("[everywhere]\n\"f9\" = \"roll-back\"\n");
    assert_eq!(
        mine.key(COCKPIT, ROLL_BACK).as_deref(),
        Some("f9"),
        "the user's own key comes first"
    );
}

#[test]
fn a_user_file_overrides_key_by_key() {
    let map = user(
        "[commands]\nrefresh = \"ask again\"\n[cockpit]\nF = \"none\"\nc = \"refresh\"\nx = \"continue\"\n",
    );
    assert_eq!(map.command(COCKPIT, key("F")), None);
    assert_eq!(map.command(COCKPIT, key("c")), Some(Command::Refresh));
    assert_eq!(map.command(COCKPIT, key("x")), Some(Command::Ask(Action::Continue)));
    assert_eq!(map.command(COCKPIT, key("S")), Some(Command::Ask(Action::Stop)));
    assert_eq!(map.description(Command::Refresh), "ask again");
    assert_eq!(user(""), Keymap::embedded().unwrap());
}

#[test]
fn a_key_can_move_to_another_command_within_one_file() {
    let map = user("[everywhere]\nR = \"none\"\n[cockpit]\nR = \"refresh\"\n");
    assert_eq!(map.command(COCKPIT, key("R")), Some(Command::Refresh));
    assert_eq!(map.command(COCKPIT, key("ctrl-r")), Some(ROLL_BACK));
}

#[test]
fn a_wrong_word_is_answered_with_file_line_and_the_right_word() {
    for (text, wanted) in [
        (
            "[cockpit]\nx = \"rol-back\"\n",
            "mine.toml:2: `rol-back` is no command | hint: did you mean `roll-back`?",
        ),
        (
            "[cockpit]\nx = \"banana\"\n",
            "mine.toml:2: `banana` is no command | hint: `cutover keys` lists all commands; `none` \
             frees a key",
        ),
        (
            "\n[cokpit]\nx = \"quit\"\n",
            "mine.toml:2: `[cokpit]` is no context | hint: did you mean `cockpit`?",
        ),
        (
            "[shell]\n",
            "mine.toml:1: `[shell]` is no context | hint: it is one of everywhere, cockpit, list, \
             dialog, commands",
        ),
        (
            "[cockpit]\n\n\"ctrl+x\" = \"quit\"\n",
            "mine.toml:3: `ctrl+x` is no key | hint: did you mean `ctrl-x`?",
        ),
        (
            "[cockpit]\n\"gg\" = \"top\"\n",
            "mine.toml:2: `gg` is no key | hint: write a character or a name such as `esc`, with \
             `ctrl-` or `alt-` before it",
        ),
        (
            "[cockpit]\nx = true\n",
            "mine.toml:2: `x` is set to a value of type boolean, not to a text | hint: write \
             `\"x\" = \"COMMAND\"`",
        ),
        (
            "cockpit = 1\n",
            "mine.toml:1: `cockpit` is set to a value of type integer, not to a text | hint: write \
             `\"cockpit\" = \"COMMAND\"`",
        ),
    ] {
        assert_eq!(error(text), wanted);
    }
}

#[test]
fn what_cannot_be_together_is_refused_with_file_and_line() {
    for (text, wanted) in [
        (
            "[cockpit]\nx = \"quit\"\n\n\"shift-x\" = \"help\"\nX = \"top\"\n",
            "mine.toml:5: `X` cannot be `top` in [cockpit]: it is `help` in [cockpit] (line 4) | \
             hint: take another key, or free it with `\"X\" = \"none\"` in [cockpit]",
        ),
        (
            "[everywhere]\ny = \"refresh\"\n",
            "mine.toml:2: `y` cannot be `refresh` in [everywhere]: it is `confirm` in [dialog] by \
             default | hint: take another key, or free it with `\"y\" = \"none\"` in [dialog]",
        ),
        (
            "[dialog]\nc = \"confirm\"\n",
            "mine.toml:2: `c` asks for `continue`, so it cannot also be `confirm` | hint: one key \
             must never be enough to change the traffic: take another key",
        ),
        (
            "[everywhere]\nR = \"none\"\n\"ctrl-r\" = \"none\"\n",
            "mine.toml:3: `roll-back` has no key left | hint: bind it again, e.g. `\"f2\" = \
             \"roll-back\"` in [everywhere]",
        ),
    ] {
        assert_eq!(error(text), wanted);
    }
}

#[test]
fn what_is_no_toml_is_said_with_its_line() {
    let error = error("[cockpit]\nx = \"quit\"\ny = \n");
    assert!(error.starts_with("mine.toml:3: not readable as TOML: "), "{error}");
    assert!(error.ends_with("hint: a line is `\"KEY\" = \"COMMAND\"`, under [CONTEXT]"), "{error}");
}

proptest::proptest! {
    #[test]
    fn any_text_is_a_keymap_or_an_error(text in "\\PC{0,80}") {
        let _ = Keymap::with_user_file(&text, "mine.toml");
        let _ = Keymap::with_user_file(&format!("[cockpit]\n\"{text}\" = \"quit\""), "mine.toml");
    }
}
