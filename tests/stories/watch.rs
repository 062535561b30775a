//! What the program sees between two pictures, and the keys that change nothing in the world.

use cutover::app::{Effect, Event, Overlay, Panel, Screen, Settings, View, select};
use cutover::domain::{
    Fact, FaultKind, GuardState, ListenerSplit, Side, SideMetrics, Source, Split, Target,
    TimelineEvent,
};
use cutover::stats::{Config, Configs, Verdict};
use cutover::ui::{Theme, paint};
use jiff::tz::TimeZone;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::harness::fixtures::{NOW, Scene, fault, target};
use crate::harness::keyboard::{Desk, settings};

fn shifting() -> Desk {
    Desk::watching(Scene::shifting().shot())
}

#[test]
fn what_changed_between_two_pictures_is_told_once() {
    let ill = ["healthy", "healthy", "draining", "unhealthy"];
    for (scene, told) in [
        (
            Scene::shifting().targets(Side::Green, &ill),
            "green: 2 of 4 healthy, 1 draining, 1 unhealthy in tg-b",
        ),
        (Scene::shifting().targets(Side::Blue, &[]), "blue: no targets in tg-a"),
        (Scene::shifting().listener(12.5), "listener: blue 87.5, green 12.5"),
        (Scene::shifting().alarm(GuardState::Alarm), "checkout-5xx: in alarm"),
        (Scene::shifting().alarm(GuardState::Missing), "checkout-5xx: does not exist"),
        (
            Scene::shifting().silent(Source::Ecs, 9, fault(FaultKind::Throttled, "x")),
            "ECS: throttled",
        ),
    ] {
        let mut desk = shifting();
        let picture = scene.shot();
        desk.sees(picture.clone());
        assert_eq!(desk.seen(), [told]);
        desk.sees(picture);
        assert_eq!(desk.seen(), [told]);
    }
}

#[test]
fn rules_that_disagree_are_told_as_that() {
    for (held, told) in [
        (
            ListenerSplit::Mixed(vec![Split::ALL_BLUE, Split::ALL_GREEN]),
            "listener: its rules disagree",
        ),
        (ListenerSplit::Elsewhere, "listener: forwards to neither side"),
    ] {
        let mut desk = shifting();
        let at = desk.state.now;
        let scene = Scene::shifting().rollout(|r| r.traffic.listener = Fact::known(held, at));
        desk.sees(scene.shot());
        assert_eq!(desk.seen(), [told]);
    }
}

#[test]
fn a_source_is_told_when_it_fails_and_when_it_answers_again() {
    let mut desk = shifting();
    for at in [NOW + 5, NOW + 10, NOW + 15] {
        let throttled = fault(FaultKind::Throttled, "x");
        desk.sees(Scene::shifting().at(at).silent(Source::CodeDeploy, 9, throttled).shot());
    }
    desk.sees(Scene::shifting().at(NOW + 20).shot());
    assert_eq!(desk.seen(), ["CodeDeploy answers again", "CodeDeploy: throttled"]);
}

#[test]
fn the_bell_rings_once_when_it_is_the_persons_turn() {
    let mut desk = Desk::watching(Scene::preparing().shot());
    desk.sees(Scene::awaiting().at(NOW + 5).shot());
    assert_eq!(desk.take(), [Effect::Bell]);
    assert_eq!(desk.notice(), "your turn: green waits for an approval");
    desk.sees(Scene::awaiting().at(NOW + 10).shot());
    assert_eq!(desk.take(), []);

    let quiet = Settings { bell: false, ..settings() };
    let mut desk = Desk::with(quiet, Scene::preparing().shot());
    desk.sees(Scene::awaiting().at(NOW + 5).shot());
    assert_eq!(desk.take(), []);
}

#[test]
fn the_picture_of_another_target_changes_nothing() {
    let mut desk = shifting();
    let other = Target::Ecs { cluster: "prod".into(), service: "other".into() };
    desk.sees(Scene::baking().picture(|picture| picture.target = other).shot());
    assert_eq!(desk.state.cockpit().unwrap().snapshot.target, target());
    assert_eq!(desk.seen(), [""; 0]);
}

#[test]
fn keys_that_only_look_around() {
    let mut desk = shifting();
    let cockpit = |desk: &Desk| desk.state.cockpit().unwrap().clone();
    for (key, view) in [
        ("e", View::Events),
        ("v", View::Why),
        ("v", View::Panels),
        ("z", View::Expanded(Panel::Green)),
        ("tab", View::Expanded(Panel::Guards)),
        ("backtab", View::Expanded(Panel::Green)),
        ("enter", View::Panels),
        ("e", View::Events),
        ("esc", View::Panels),
    ] {
        desk.presses(key);
        assert_eq!(cockpit(&desk).view, view, "{key}");
    }
    desk.presses("j").holds("j").presses("k");
    assert_eq!(cockpit(&desk).scroll, 1);
    desk.presses("g").presses("pagedown");
    assert_eq!(cockpit(&desk).scroll, 10);
    assert_eq!(desk.take(), []);
}

#[test]
fn keys_that_ask_the_shell_for_something() {
    let mut desk = shifting();
    for (key, effect) in [
        ("r", Effect::Refresh),
        ("p", Effect::Rest(true)),
        ("p", Effect::Rest(false)),
        ("m", Effect::Window(60)),
        ("m", Effect::Window(120)),
        ("m", Effect::Window(15)),
        ("m", Effect::Window(30)),
        ("ctrl-l", Effect::Redraw),
        ("ctrl-z", Effect::Suspend),
        ("q", Effect::Quit),
        ("ctrl-c", Effect::Quit),
    ] {
        desk.presses(key);
        assert_eq!(desk.take(), [effect], "{key}");
    }
}

#[test]
fn a_notice_goes_away_by_itself() {
    let mut desk = shifting();
    desk.presses("c");
    assert!(!desk.notice().is_empty());
    let until = desk.state.notice.as_ref().unwrap().until;
    assert!(select::next_wake(&desk.state).unwrap() <= until);
    desk.waits(6000).happens(Event::Woke);
    assert_eq!(desk.notice(), "");
}

#[test]
fn what_the_shell_reports_is_said() {
    let mut desk = shifting();
    for (event, said) in [
        (Event::Copied(Ok(())), "copied"),
        (Event::Copied(Err("no clipboard".into())), "not copied: no clipboard"),
        (Event::Broken("a task failed".into()), "a task failed"),
    ] {
        desk.happens(event);
        assert_eq!(desk.notice(), said);
    }
    let text = "an earlier roll back has no answer on file".to_owned();
    desk.happens(Event::Unresolved { target: target(), text: text.clone() });
    assert_eq!(desk.seen(), [text.as_str()]);
    desk.happens(Event::Resized { width: 200, height: 50 });
    assert_eq!((desk.state.width, desk.state.height), (200, 50));
}

#[test]
fn a_green_that_is_worse_is_told_with_one_ring() {
    let mut desk = shifting();
    desk.sees(Scene::shifting().at(NOW + 60).green_fails(0.05).shot());
    assert_eq!(desk.take(), [Effect::Bell]);
    assert_eq!(desk.notice(), "green is worse than blue on errors: press R to roll back");
    assert_eq!(desk.seen(), ["green is worse than blue on errors"]);
    desk.sees(Scene::shifting().at(NOW + 120).green_fails(0.05).shot());
    assert_eq!(desk.take(), [], "it never acts by itself");
    assert_eq!(desk.seen().len(), 1);
}

#[test]
fn a_target_can_be_told_without_a_ring() {
    let quiet = Config { bell: false, ..Config::default() };
    let verdicts = Configs::new(Config::default(), vec![(target(), quiet)]);
    let mut desk = Desk::with(Settings { verdicts, ..settings() }, Scene::shifting().shot());
    desk.sees(Scene::shifting().at(NOW + 60).green_fails(0.05).shot());
    assert_eq!(desk.take(), []);
    assert!(desk.notice().starts_with("green is worse"), "{}", desk.notice());
}

#[test]
fn the_last_minutes_before_a_rollback_are_still_judged_without_a_ring() {
    let mut desk = shifting();
    let late = Scene::shifting().at(NOW + 60).green_fails(0.05).shot().metrics;
    let rollback = || Scene::rolling_back().at(NOW + 60);
    desk.sees(rollback().picture(|picture| picture.metrics = late.clone()).shot());
    assert!(!desk.take().contains(&Effect::Bell), "the way back has begun");
    assert!(desk.seen().contains(&"green was worse than blue on errors"), "{:?}", desk.seen());
    let verdict = |desk: &Desk| {
        let judgement = desk.state.cockpit().unwrap().verdict.clone().unwrap();
        judgement.assessment.verdict
    };
    assert_eq!(verdict(&desk), Verdict::Worse);
    desk.sees(Scene::rolling_back().at(NOW + 120).shot());
    assert_eq!(verdict(&desk), Verdict::Worse, "what was proved stays");
}

#[test]
fn what_was_judged_before_a_roll_back_stays_when_green_is_no_longer_measured() {
    let mut desk = Desk::watching(Scene::shifting().shot());
    desk.sees(Scene::shifting().at(NOW + 60).shot());
    let before = desk.state.cockpit().unwrap().verdict.clone().unwrap();
    assert_ne!(before.assessment.verdict, Verdict::NoData);
    let rollback = Scene::rolling_back().at(NOW + 70).picture(|picture| {
        if let Fact::Known { value, .. } = &mut picture.metrics {
            value.green = SideMetrics::default();
        }
    });
    desk.sees(rollback.shot());
    let after = desk.state.cockpit().unwrap().verdict.clone().unwrap();
    assert_eq!(after.assessment.verdict, before.assessment.verdict);
}

/// The screen is drawn, and tells how far it can be scrolled.
fn draws(desk: &mut Desk) {
    let theme = Theme::named("dark", TimeZone::UTC, true).unwrap();
    let mut buffer = Buffer::empty(Rect::new(0, 0, 80, 24));
    let furthest = paint(&desk.state, &theme, &mut buffer);
    desk.happens(Event::Drawn { furthest });
}

#[test]
fn what_is_scrolled_stops_at_its_end() {
    let mut desk = shifting();
    let Screen::Cockpit(cockpit) = &mut desk.state.screen else { panic!("no cockpit") };
    let event = cockpit.snapshot.events[0].clone();
    cockpit.seen.extend((0..40).map(|n| TimelineEvent { key: format!("{n}"), ..event.clone() }));
    let mut row_after = |keys: &[&str]| {
        for key in keys {
            desk.presses(key);
            draws(&mut desk);
        }
        desk.state.cockpit().unwrap().scroll
    };
    let last = row_after(&["e", "G"]);
    assert!(last > 20 && last < 50, "{last}");
    assert_eq!(row_after(&["down", "pagedown"]), last);
    assert_eq!(row_after(&["up"]), last - 1, "one key upwards is one row");

    desk.presses("?").presses("G");
    draws(&mut desk);
    let Some(Overlay::Help(last)) = desk.state.overlay else { panic!("no help") };
    desk.presses("up");
    assert!(matches!(desk.state.overlay, Some(Overlay::Help(row)) if row + 1 == last));
}
