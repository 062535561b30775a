//! Any picture at any size: nothing is drawn outside and nothing panics.

use cutover::app::{Event, View};
use cutover::domain::{EventKind, Fact, Source, TimelineEvent};
use proptest::prelude::*;

use super::{screen, text};
use crate::harness::fixtures::{Scene, fault, noon};
use crate::harness::keyboard::Desk;

/// Text as nobody should send it.
const HOSTILE: &str =
    "\x1b[2J\x1b]0;owned\x07 \u{202e}desrever\u{200b}\n\t日本語 e\u{301} \u{fe0f}";

fn scene(number: usize) -> Scene {
    match number % 7 {
        0 => Scene::preparing(),
        1 => Scene::awaiting(),
        2 => Scene::shifting(),
        3 => Scene::baking(),
        4 => Scene::succeeded(),
        5 => Scene::stopped(),
        _ => Scene::rolling_back(),
    }
}

/// The scene with foreign text wherever an API can put some.
fn hostile(scene: Scene) -> Scene {
    let long = HOSTILE.repeat(200);
    scene
        .rollout(|rollout| {
            rollout.name.clone_from(&long);
            rollout.configuration.clone_from(&long);
            for side in [&mut rollout.blue, &mut rollout.green] {
                if let Fact::Known { value, .. } = &mut side.revision {
                    value.name.clone_from(&long);
                }
                side.target_group = Some(long.clone());
            }
        })
        .picture(|picture| {
            let at = picture.taken;
            let text = long.clone();
            let key = "hostile".to_owned();
            picture
                .events
                .insert(0, TimelineEvent { at, kind: EventKind::Service, side: None, text, key });
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_picture_fits_every_size(
        number in 0..7_usize,
        width in 1..320_u16,
        height in 1..110_u16,
        keys in proptest::sample::select(vec!["", "R", "S", "?", "v", "e", "z", "tab z"]),
        foreign in any::<bool>(),
        blind in any::<bool>(),
    ) {
        let mut scene = scene(number);
        if foreign {
            scene = hostile(scene);
        }
        if blind {
            let kind = cutover::domain::FaultKind::Throttled;
            scene = scene.silent(Source::Metrics, 900, fault(kind, "cloudwatch:GetMetricData"));
        }
        let mut desk = Desk::watching(scene.shot());
        for key in keys.split_whitespace() {
            desk.presses(key);
        }
        for theme in ["dark", "mono"] {
            let shown = screen(&mut desk.state, (width, height), theme);
            let rows = text(&shown);
            let obeys = rows.chars().any(|c| c.is_control() && c != '\n');
            prop_assert!(!obeys);
            let hides = rows.contains(['\u{202e}', '\u{200b}']);
            prop_assert!(!hides);
        }
    }
}

#[test]
fn the_fixed_lines_stand_in_the_same_order_at_every_size() {
    for (width, height) in [(60, 16), (80, 24), (120, 40), (200, 50), (320, 100)] {
        let mut desk = Desk::watching(Scene::shifting().shot());
        let rows = text(&screen(&mut desk.state, (width, height), "dark"));
        let at = |word: &str| rows.find(word).unwrap_or_else(|| panic!("no {word} in\n{rows}"));
        let order =
            ["checkout-api", "SHIFTING", "traffic ", "verdict", "roll back", "BLUE"].map(at);
        assert!(order.is_sorted(), "{width}x{height}\n{rows}");
    }
}

#[test]
fn before_the_first_answer_the_screen_says_what_it_waits_for() {
    let target = Some("codedeploy:shop/checkout".parse().unwrap());
    let mut desk = Desk::starting(crate::harness::keyboard::settings(), target, noon(0));
    desk.happens(Event::Woke);
    assert_eq!(desk.state.cockpit().unwrap().view, View::Panels);
    let rows = text(&screen(&mut desk.state, (80, 24), "dark"));
    assert!(rows.contains("codedeploy:shop/checkout") && rows.contains("asking AWS"), "{rows}");
}
