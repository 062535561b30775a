//! Anything in any order: no panic, and no order without a question that was answered.

use cutover::app::{Effect, Event, Overlay, Settings};
use cutover::domain::{FaultKind, OrderId, Progress, Side, Snapshot};
use proptest::prelude::*;

use crate::harness::fixtures::{NOW, Scene, fault, summary};
use crate::harness::keyboard::{Desk, settings};

/// One thing that happens.
#[derive(Debug, Clone)]
enum Bolt {
    Key(&'static str, bool),
    Wait(i64),
    Picture(usize),
    Progress(usize),
    Paste,
    Listed(usize),
    Broken,
}

const KEYS: [&str; 34] = [
    "R",
    "ctrl-r",
    "c",
    "F",
    "S",
    "y",
    "n",
    "enter",
    "esc",
    "tab",
    "backtab",
    "q",
    "ctrl-c",
    "?",
    "L",
    "v",
    "e",
    "z",
    "m",
    "p",
    "r",
    "j",
    "k",
    "g",
    "G",
    "ctrl-o",
    "backspace",
    "h",
    "o",
    "u",
    "t",
    "-",
    "a",
    "i",
];

fn bolts() -> impl Strategy<Value = Vec<Bolt>> {
    let bolt = prop_oneof![
        6 => (prop::sample::select(&KEYS[..]), prop::bool::weighted(0.1))
            .prop_map(|(key, held)| Bolt::Key(key, held)),
        3 => (-500_i64..40_000).prop_map(Bolt::Wait),
        2 => (0_usize..9).prop_map(Bolt::Picture),
        2 => (0_usize..6).prop_map(Bolt::Progress),
        1 => Just(Bolt::Paste),
        1 => (0_usize..3).prop_map(Bolt::Listed),
        1 => Just(Bolt::Broken),
    ];
    prop::collection::vec(bolt, 0..80)
}

fn picture(number: usize) -> Snapshot {
    let scene = match number {
        0 => Scene::preparing(),
        1 => Scene::awaiting(),
        2 => Scene::shifting(),
        3 => Scene::baking(),
        4 => Scene::succeeded(),
        5 => Scene::stopped(),
        6 => Scene::rolling_back(),
        7 => Scene::shifting().targets(Side::Blue, &["unhealthy"; 4]),
        _ => Scene::shifting().blue_tasks(4, 2),
    };
    scene.at(NOW + number as i64).shot()
}

fn progress(number: usize) -> Progress {
    let timeout = || fault(FaultKind::Timeout, "x");
    match number {
        0 => Progress::Sent,
        1 => Progress::Accepted { request_id: None, answer: String::new(), rollout: None },
        2 => Progress::Unknown { fault: timeout() },
        3 => Progress::Refused { fault: timeout() },
        4 => Progress::NotAudited { why: "disk full".into() },
        _ => {
            let permission = "codedeploy:StopDeployment".to_owned();
            Progress::Refused { fault: fault(FaultKind::Denied { permission }, "x") }
        }
    }
}

/// The order that is on its way, else one that nobody gave.
fn newest(desk: &Desk) -> OrderId {
    let track = desk.state.cockpit().and_then(|cockpit| cockpit.track.as_ref());
    track.map_or(OrderId::new(0, 0), |track| track.order.id.clone())
}

fn strike(desk: &mut Desk, bolt: &Bolt) {
    match bolt {
        Bolt::Key(key, false) => desk.strikes(key),
        Bolt::Key(key, true) => desk.holds(key),
        Bolt::Wait(milliseconds) => desk.waits(*milliseconds),
        Bolt::Picture(number) => desk.happens(Event::Observed(Box::new(picture(*number)))),
        Bolt::Progress(number) => {
            let order = newest(desk);
            desk.happens(Event::Acted { order, progress: progress(*number) })
        }
        Bolt::Paste => desk.happens(Event::Pasted),
        Bolt::Listed(0) => desk.happens(Event::Listed(Err(fault(FaultKind::Offline, "x")))),
        Bolt::Listed(number) => {
            desk.happens(Event::Listed(Ok(vec![summary("d-A"), summary("d-B")][..*number].into())))
        }
        Bolt::Broken => desk.happens(Event::Broken("a task failed".into())),
    };
}

/// Every read model answers in every state.
fn look(desk: &Desk) {
    use cutover::app::select;
    let state = &desk.state;
    let _ = (select::hints(state), select::strip(state), select::traffic(state));
    let _ = (select::timeline(state), select::steps(state), select::staleness(state));
    if let Some(wake) = select::next_wake(state) {
        assert!(wake > state.now, "a wake in the past would never end");
    }
    if let Some(cockpit) = state.cockpit() {
        let _ = select::chart(cockpit);
        let _ = state.confirm().map(|confirm| select::consequence(confirm, cockpit));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn an_order_is_given_only_by_a_key_that_answers_an_open_question(bolts in bolts()) {
        let mut desk = Desk::watching(picture(2));
        for bolt in &bolts {
            let asked = desk.state.confirm().cloned();
            let unanswered = desk.state.cockpit().is_some_and(|c| c.unanswered().is_some());
            desk.take();
            strike(&mut desk, bolt);
            look(&desk);
            let Some(order) = desk.orders().first().copied() else { continue };
            let asked = asked.expect("a question was open");
            prop_assert!(matches!(bolt, Bolt::Key("y" | "enter", false)), "{bolt:?}");
            prop_assert_eq!(&order.id, &asked.order);
            prop_assert_eq!(&order.call, &asked.permit.call);
            prop_assert!(asked.text_is_typed());
            prop_assert!(desk.state.now >= asked.opened + jiff::SignedDuration::from_millis(300));
            prop_assert!(!unanswered, "one order at a time");
            prop_assert!(desk.state.overlay.is_none());
        }
    }

    #[test]
    fn read_only_gives_no_order_whatever_happens(bolts in bolts()) {
        let read_only = Settings { read_only: true, ..settings() };
        let mut desk = Desk::with(read_only, picture(2));
        for bolt in &bolts {
            strike(&mut desk, bolt);
            prop_assert!(!matches!(desk.state.overlay, Some(Overlay::Confirm(_))));
        }
        let acted = desk.effects.iter().any(|effect| matches!(effect, Effect::Act(_)));
        prop_assert!(!acted);
    }

    #[test]
    fn the_search_survives_everything(bolts in bolts()) {
        let mut desk = Desk::starting(settings(), None, picture(0).taken);
        for bolt in &bolts {
            strike(&mut desk, bolt);
            look(&desk);
        }
        prop_assert!(desk.orders().is_empty() || desk.state.cockpit().is_some());
    }
}
