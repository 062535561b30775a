//! What becomes of a picture: taken in, judged, drawn.

use std::sync::LazyLock;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::{Event, Settings, Stamped, State, update};
use crate::domain::{Action, Percent, Permit, Policy, Rules, Shiftings, Snapshot, permit};
use crate::input::Keymap;
use crate::stats::Configs;
use crate::ui::{Theme, paint};

/// Read once: the same for every picture.
static KEYMAP: LazyLock<Option<Keymap>> = LazyLock::new(|| Keymap::embedded().ok());
static THEME: LazyLock<Option<Theme>> =
    LazyLock::new(|| Theme::named("dark", jiff::tz::TimeZone::UTC, true));

/// The sizes, of which one is drawn.
const SIZES: [(u16, u16); 2] = [(80, 24), (200, 50)];

/// Takes a picture in and draws it at one of the sizes: nothing panics, and nothing foreign reaches the
/// terminal.
pub(super) fn shown(picture: Snapshot, size: usize) -> Option<State> {
    let keymap = KEYMAP.as_ref()?;
    let settings = Settings {
        read_only: false,
        demo: None,
        rules: Rules::default(),
        bell: true,
        session: 7,
        speed: 1.0,
        verdicts: Configs::default(),
        shifting: Shiftings::default(),
        keymap: keymap.clone(),
    };
    divided(&picture);
    let (target, at) = (picture.target.clone(), picture.taken);
    let mut state = State::new(settings, Some(target), at);
    let _ = update(&mut state, Stamped { at, event: Event::Observed(Box::new(picture)) });
    (state.width, state.height) = SIZES[size % SIZES.len()];
    painted(&state);
    Some(state)
}

/// Draws a state: nothing foreign reaches the terminal.
pub(super) fn painted(state: &State) {
    let Some(theme) = THEME.as_ref() else { return };
    let mut buffer = Buffer::empty(Rect::new(0, 0, state.width, state.height));
    paint(state, theme, &mut buffer);
    let foreign = |symbol: &str| symbol.chars().any(|c| c.is_control() || c == '\u{202e}');
    assert!(!buffer.content().iter().any(|cell| foreign(cell.symbol())));
}

/// Both sides together have all the traffic, whoever says so.
fn divided(picture: &Snapshot) {
    let Some(planned) = picture.rollout().and_then(|rollout| rollout.traffic.planned.value())
    else {
        return;
    };
    let (blue, green) = (planned.blue().get(), planned.green.get());
    assert!((0.0..=100.0).contains(&green), "green has {green} %");
    assert!((blue + green - 100.0).abs() < 1e-6, "{blue} % and {green} %");
}

/// Everything that may be ordered in a picture.
pub(super) fn permitted(picture: &Snapshot) -> Vec<Permit> {
    let shift = Percent::new(50).map(Action::Shift);
    let actions = Action::ALL.into_iter().chain(shift);
    actions.filter_map(|action| permit(picture, action, &Policy::default()).ok()).collect()
}
