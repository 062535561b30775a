//! What the screens ask: each answer from a picture, by plain calls.

use cutover::app::select::{
    self, Agreement, Availability, Can, Freshness, Moved, Speed, Undo, Warning,
};
use cutover::app::{Cockpit, Confirm, View};
use cutover::domain::{
    Fact, FaultKind, GuardState, MetricKind, Point, Refusal, Side, Source, Split, TaskCounts,
    Weight,
};
use cutover::input::Command;
use jiff::SignedDuration;

use crate::harness::fixtures::{NOW, SHIFTED, Scene, fault, green, noon, target};
use crate::harness::keyboard::{Desk, settings};

fn desk(scene: Scene) -> Desk {
    Desk::watching(scene.shot())
}

/// The hint bar as `key label`, with the reason where a key cannot act.
fn bar(desk: &Desk) -> Vec<String> {
    let entry = |hint: select::Hint| match hint.state {
        Availability::Now => format!("{} {}", hint.key, hint.label),
        Availability::Not(why) => format!("{} {}: {why}", hint.key, hint.label),
    };
    select::hints(&desk.state).into_iter().map(entry).collect()
}

#[test]
fn the_hint_bar_shows_what_makes_sense_now() {
    let others = ["v why", "e events", "? help", "o log", "m window", "z expand", "q quit"];
    for (scene, actions) in [
        (Scene::shifting(), &["R roll back", "S stop", "c continue: no gate waits"][..]),
        (Scene::awaiting(), &["R roll back", "c continue", "S stop"]),
        (Scene::baking(), &["R roll back", "F finish", "S stop"]),
        (Scene::succeeded(), &["R roll back"]),
        (
            Scene::rolling_back(),
            &["R roll back: already going back", "S stop", "c continue: no gate waits"],
        ),
    ] {
        assert_eq!(bar(&desk(scene)), [actions, &others].concat());
    }
}

#[test]
fn hints_follow_what_is_on_top_and_name_keys_that_are_heard() {
    let mut desk = desk(Scene::shifting());
    desk.presses("R");
    assert_eq!(bar(&desk), ["y confirm", "esc keep going", "ctrl-o copy"]);
    desk.presses("S");
    assert_eq!(bar(&desk), ["y confirm", "esc keep going", "ctrl-o copy"], "letters of a dialog");
    desk.presses("esc").presses("S");
    assert_eq!(bar(&desk), ["ctrl-r roll back", "enter confirm", "esc keep going", "ctrl-o copy"]);
    desk.presses("esc").presses("?");
    assert_eq!(bar(&desk)[0], "R roll back");
    assert_eq!(bar(&desk).last().unwrap(), "esc close");
}

#[test]
fn a_key_that_was_freed_is_no_hint() {
    let mut settings = settings();
    let mine = "[cockpit]\nv = \"none\"\nw = \"window\"\n";
    settings.keymap = cutover::input::Keymap::with_user_file(mine, "mine.toml").unwrap();
    let bar = bar(&Desk::with(settings, Scene::shifting().shot()));
    assert!(bar.contains(&"w window".to_owned()), "{bar:?}");
    assert!(!bar.iter().any(|hint| hint.ends_with("why")), "{bar:?}");
}

#[test]
fn the_strip_answers_before_any_key() {
    let strip = |scene: Scene| select::strip(&desk(scene).state);
    let ready = strip(Scene::shifting());
    assert_eq!((ready.can, ready.speed), (Can::Ready, Some(Speed::Seconds)));
    assert_eq!(ready.to.as_deref(), Some("checkout:41"));
    assert_eq!(ready.tasks, Some(TaskCounts { desired: 4, running: 4, pending: 0 }));
    assert_eq!(ready.targets, Some((4, 4)));
    assert_eq!(ready.until.map(|due| due.at), Some(noon(SHIFTED + 4500)));

    let sick = strip(Scene::shifting().targets(Side::Blue, &["unhealthy"; 4]));
    assert_eq!((sick.can, sick.targets), (Can::Risky, Some((0, 4))));
    let slow = strip(Scene::succeeded());
    assert_eq!((slow.can, slow.speed, slow.until), (Can::Slow, Some(Speed::Minutes), None));
    assert_eq!(strip(Scene::rolling_back()).can, Can::GoingBack);
    assert_eq!(strip(Scene::rolling_back().listener(0.0)).can, Can::Done);
    let unasked = Desk::starting(settings(), Some(target()), noon(0));
    assert_eq!(select::strip(&unasked.state).can, Can::Not(Refusal::StateUnknown));
}

#[test]
fn the_three_answers_about_traffic_are_compared() {
    let agreement = |scene: Scene| select::traffic(&desk(scene).state).agreement;
    let late = SHIFTED + 600;
    assert_eq!(agreement(Scene::shifting()), Agreement::Agree);
    assert_eq!(agreement(Scene::shifting().listener(10.3)), Agreement::Agree, "rounded weights");
    assert_eq!(
        agreement(Scene::shifting().at(late).listener(50.0)),
        Agreement::NotConverged { since: Some(noon(SHIFTED)) }
    );
    assert_eq!(agreement(Scene::shifting().at(SHIFTED + 30).listener(0.0)), Agreement::StillMoving);
    let everything = Scene::shifting().planned(100.0).listener(100.0);
    assert_eq!(
        agreement(everything),
        Agreement::NotConverged { since: Some(noon(SHIFTED)) },
        "the weights are there, the requests are not"
    );
    let young = Scene::shifting().at(SHIFTED + 200).planned(100.0).listener(100.0);
    assert_eq!(agreement(young), Agreement::StillMoving, "measuring takes minutes");
    let sticky = Scene::shifting().planned(100.0).listener(100.0);
    assert_eq!(agreement(sticky.rollout(|r| r.traffic.sticky = true)), Agreement::Sticky);
    let blind = Scene::shifting().rollout(|r| r.traffic.listener = Fact::Unasked);
    assert_eq!(
        agreement(blind.picture(|picture| picture.metrics = Fact::Unasked)),
        Agreement::Unknown
    );
}

#[test]
fn few_requests_are_allowed_to_be_off() {
    let with = |requests: f64, part: f64| {
        let scene = Scene::shifting().picture(|picture| {
            if let Fact::Known { value, .. } = &mut picture.metrics {
                value.blue.requests = vec![Point::Value(requests * (1.0 - part)); 40];
                value.green.requests = vec![Point::Value(requests * part); 40];
            }
        });
        select::traffic(&desk(scene).state).agreement
    };
    assert_eq!(with(10.0, 0.25), Agreement::Agree, "30 requests: chance does that");
    assert!(matches!(with(10_000.0, 0.25), Agreement::NotConverged { .. }));
    assert_eq!(with(10_000.0, 0.105), Agreement::Agree);
    // The last minutes alone would allow this, all minutes of the step together do not.
    let off_plan = with(400.0, 0.135);
    assert!(matches!(off_plan, Agreement::OffPlan { .. }), "{off_plan:?}");
}

#[test]
fn the_timeline_is_one_story_without_repetition() {
    let mut desk = desk(Scene::shifting());
    desk.presses("R").presses("y");
    let again = desk.state.cockpit().unwrap().snapshot.events[0].clone();
    let doubled = Scene::shifting().picture(|picture| picture.events.push(again)).shot();
    desk.sees(doubled);
    let texts: Vec<_> = select::timeline(&desk.state).iter().map(|e| e.text.as_str()).collect();
    assert_eq!(
        texts,
        [
            "roll back d-7XQ2M4KPL",
            "green is no worse than blue",
            "AllowTraffic started",
            "BeforeAllowTraffic succeeded: checkout-smoke",
            "3fa9c1 stopped, exit 137",
            "green task set created, 4 tasks wanted",
        ]
    );
}

#[test]
fn old_data_is_told_from_fresh_and_from_none() {
    let state_of = |age: i64, kind: FaultKind| {
        let desk = desk(Scene::shifting().silent(Source::CodeDeploy, age, fault(kind, "x")));
        let all = select::staleness(&desk.state);
        let one = all.into_iter().find(|s| s.source == Source::CodeDeploy).unwrap();
        assert_eq!(one.age, Some(SignedDuration::from_secs(age)));
        (one.state, select::is_live(&desk.state))
    };
    assert_eq!(state_of(5, FaultKind::Throttled), (Freshness::Fresh, true));
    assert_eq!(state_of(16, FaultKind::Throttled), (Freshness::Old, false));
    assert_eq!(state_of(5, FaultKind::CredentialsExpired), (Freshness::Failed, true));
    assert_eq!(state_of(41, FaultKind::CredentialsExpired), (Freshness::Failed, false));
    let unasked = Desk::starting(settings(), Some(target()), noon(0));
    assert!(!select::is_live(&unasked.state));
}

#[test]
fn it_wakes_only_when_the_picture_changes_by_itself() {
    let mut running = desk(Scene::shifting());
    running.waits(250);
    assert_eq!(select::next_wake(&running.state), Some(noon(NOW + 1)), "a countdown ticks");
    running.presses("R").waits(-1_000).waits(1_000);
    let deaf = running.state.now + SignedDuration::from_millis(300);
    assert_eq!(select::next_wake(&running.state), Some(deaf));

    let over = desk(Scene::succeeded());
    assert_eq!(select::next_wake(&over.state), Some(noon(NOW + 15)), "it will be old then");
    let mut old = desk(Scene::succeeded());
    old.waits(20_000);
    assert_eq!(select::next_wake(&old.state), Some(noon(NOW + 21)), "its age counts");
    let searching = Desk::starting(settings(), None, noon(0));
    assert_eq!(select::next_wake(&searching.state), None);
}

#[test]
fn what_has_just_changed_is_known_for_some_seconds() {
    let mut desk = desk(Scene::shifting());
    assert!(!select::just_changed(&desk.state));
    desk.sees(Scene::shifting().at(NOW + 5).planned(100.0).shot());
    assert!(select::just_changed(&desk.state));
    desk.waits(5_000);
    assert!(!select::just_changed(&desk.state));
}

/// The question that a key opens, with the screen it is about.
fn question(scene: Scene, key: &str) -> (Confirm, Cockpit) {
    let mut desk = desk(scene);
    desk.presses(key);
    (desk.state.confirm().unwrap().clone(), desk.state.cockpit().unwrap().clone())
}

#[test]
fn a_question_says_what_happens_to_the_traffic() {
    let told = |scene: Scene, key: &str| {
        let (confirm, cockpit) = question(scene, key);
        select::consequence(&confirm, &cockpit)
    };
    let back = told(Scene::shifting(), "R");
    let Some(Moved { from: Side::Green, share, per_second: Some(rate) }) = back.moves else {
        panic!("{back:?}")
    };
    assert_eq!(share, Weight::percent(10.0).unwrap());
    assert!((40.0..50.0).contains(&rate), "{rate}");
    assert_eq!((back.speed, back.undo), (Speed::Seconds, Undo::NewRollout));
    assert_eq!(back.warnings, []);

    let go = told(Scene::awaiting(), "c");
    let Some(Moved { from: Side::Blue, share, per_second: Some(rate) }) = go.moves else {
        panic!("{go:?}")
    };
    assert_eq!(share, Weight::percent(10.0).unwrap());
    assert!((40.0..50.0).contains(&rate), "{rate}");

    let halt = told(Scene::shifting(), "S");
    assert_eq!((halt.moves, halt.leaves), (None, Some(green(10.0))));
    assert_eq!(halt.warnings, [Warning::LeftAsItIs]);

    let finish = told(Scene::baking(), "F");
    assert_eq!((finish.leaves, finish.undo), (Some(Split::ALL_GREEN), Undo::InMinutes));
    assert_eq!(finish.warnings, [Warning::InstantRollbackEnds]);

    let worse = told(Scene::shifting().green_fails(0.05), "S");
    assert_eq!(worse.warnings, [Warning::LeftAsItIs, Warning::GreenIsWorse]);

    let slow = told(Scene::succeeded().alarm(GuardState::Alarm), "R");
    assert_eq!(slow.speed, Speed::Minutes);
    assert_eq!(slow.warnings, [Warning::Alarms(vec!["checkout-5xx".into()])]);

    let sick = told(Scene::shifting().targets(Side::Blue, &["unhealthy"; 4]), "R");
    assert_eq!((sick.targets, sick.warnings), (Some((0, 4)), vec![Warning::BlueNotReady]));
}

#[test]
fn both_sides_are_drawn_over_the_same_minutes_on_the_same_scale() {
    let desk = desk(Scene::shifting());
    let chart = select::chart(desk.state.cockpit().unwrap()).unwrap();
    assert_eq!((chart.minutes, chart.rows.len()), (30, MetricKind::ALL.len()));
    assert_eq!(chart.start, noon(NOW - 2 - 29 * 60));
    for row in &chart.rows {
        assert_eq!((row.blue.len(), row.green.len()), (30, 30));
        let drawn = row.blue.iter().chain(&row.green).filter_map(|point| point.number());
        let most = drawn.fold(0.0, f64::max);
        assert!(most <= row.top && row.top <= most.max(1.0) * 2.5, "{row:?}");
    }
    let requests = &chart.rows[0];
    assert!((requests.top - 500.0).abs() < 1e-9, "{}", requests.top);
    assert!(matches!(requests.latest(Side::Blue), Point::Value(_)), "settled, not pending");
    let [shift] = chart.shifts[..] else { panic!("{:?}", chart.shifts) };
    assert_eq!(shift.split, green(10.0));
    assert_eq!(requests.green[shift.minute - 1], Point::Absent, "before it green had nothing");
}

#[test]
fn a_window_longer_than_what_was_measured_is_padded_with_unknown() {
    let mut desk = desk(Scene::shifting());
    desk.presses("m").presses("m");
    let chart = select::chart(desk.state.cockpit().unwrap()).unwrap();
    assert_eq!(chart.rows[0].blue.len(), 120);
    assert_eq!(chart.rows[0].blue[79], Point::Unknown);
    assert_ne!(chart.rows[0].blue[80], Point::Unknown);
    let unasked = Desk::starting(settings(), Some(target()), noon(0));
    assert_eq!(select::chart(unasked.state.cockpit().unwrap()), None);
}

#[test]
fn every_hint_is_a_command_that_is_heard() {
    for scene in [Scene::shifting(), Scene::awaiting(), Scene::baking(), Scene::succeeded()] {
        let mut desk = desk(scene);
        for hint in select::hints(&desk.state) {
            let key = hint.key.parse().unwrap();
            let heard = desk.state.settings.keymap.command(desk.state.focus(), key);
            assert_eq!(heard, Some(hint.command));
        }
        desk.happens(cutover::app::Event::Command(Command::Events));
        assert_eq!(desk.state.cockpit().unwrap().view, View::Events);
    }
}

/// The settings with these rules.
fn ruled(rules: cutover::domain::Rules) -> cutover::app::Settings {
    cutover::app::Settings { rules, ..crate::harness::keyboard::settings() }
}

#[test]
fn the_policy_makes_a_target_read_only_and_an_action_harder() {
    use cutover::domain::Rules;
    let scene = || crate::harness::fixtures::Scene::shifting().shot();
    let closed = Rules { read_only: vec![crate::harness::fixtures::target()], ..Rules::default() };
    let mut desk = Desk::with(ruled(closed), scene());
    desk.presses("R");
    assert!(desk.state.confirm().is_none());
    assert!(desk.notice().starts_with("roll back: not possible, the policy makes this target"));
    let harder = Rules { typed_name: vec!["roll back".into()], ..Rules::default() };
    let mut desk = Desk::with(ruled(harder), scene());
    desk.presses("R").presses("y");
    assert!(desk.state.confirm().unwrap().wants_text() && desk.orders().is_empty());
    desk.presses("esc").presses("S");
    assert!(desk.state.confirm().is_some(), "the others are as they were");
}

/// The policy wants to know why these are ordered.
fn explained(actions: &[&str]) -> cutover::app::Settings {
    let reason = actions.iter().map(|words| (*words).to_owned()).collect();
    ruled(cutover::domain::Rules { reason, ..cutover::domain::Rules::default() })
}

#[test]
fn a_reason_that_the_policy_wants_is_asked_for_and_goes_with_the_order() {
    let scene = crate::harness::fixtures::Scene::shifting().shot();
    let mut desk = Desk::with(explained(&["roll back", "stop"]), scene);
    desk.presses("R").presses("y").presses("enter");
    assert!(desk.orders().is_empty(), "a y is the beginning of a reason");
    assert!(desk.complaint().contains("why: it is written down"), "{}", desk.complaint());
    desk.presses("esc").presses("R").presses("enter");
    assert!(desk.state.confirm().is_none(), "an empty line is a no");
    desk.presses("R").types("    ").presses("enter");
    assert!(desk.complaint().contains("why: it is written down"), "{}", desk.complaint());
    desk.types("checkout fails").presses("enter");
    let order = desk.orders()[0].clone();
    assert_eq!(order.reason.as_deref(), Some("checkout fails"));
    assert!(desk.seen()[0].ends_with(": checkout fails"), "{:?}", desk.seen());
}

#[test]
fn where_a_name_has_to_be_typed_the_reason_comes_before_it() {
    let scene = crate::harness::fixtures::Scene::shifting().shot();
    let name = scene.rollout().unwrap().name.clone();
    let mut desk = Desk::with(explained(&["stop"]), scene);
    desk.presses("S").types(&name).presses("enter");
    assert!(desk.orders().is_empty(), "it was taken for the reason");
    assert_eq!(desk.state.confirm().unwrap().reason.as_ref(), Some(&name));
    desk.presses("enter");
    assert!(desk.complaint().starts_with("type "), "nothing closes unheard: {}", desk.complaint());
    desk.types("wrong").presses("enter");
    assert!(desk.orders().is_empty());
    for _ in "wrong".chars() {
        desk.presses("backspace");
    }
    desk.types(&name).presses("enter");
    assert_eq!(desk.orders()[0].reason.as_ref(), Some(&name));
    let mut other =
        Desk::with(explained(&["stop"]), crate::harness::fixtures::Scene::shifting().shot());
    other.presses("R").presses("y");
    assert_eq!(other.orders()[0].reason, None, "the others are as they were");
}

#[test]
fn a_reason_is_kept_when_the_question_has_to_be_asked_anew() {
    let seen = crate::harness::fixtures::Scene::shifting();
    let mut desk = Desk::with(explained(&["stop"]), seen.shot());
    desk.presses("S").types("it is late").presses("enter");
    desk.sees(crate::harness::fixtures::Scene::baking().shot());
    let asked = desk.state.confirm().unwrap();
    assert_eq!(asked.reason.as_deref(), Some("it is late"));
    assert!(desk.orders().is_empty());
}

#[test]
fn outside_the_hours_green_is_not_brought_forward_but_the_way_back_is_open() {
    use cutover::domain::{Hours, Rules};
    use jiff::civil::{Time, Weekday};
    // The pictures are of noon.
    let times = (Time::constant(13, 0, 0, 0), Time::constant(17, 0, 0, 0));
    let days = (Weekday::Monday, Weekday::Sunday);
    let zone = jiff::tz::TimeZone::UTC;
    let hours = Some(Hours { days, times, zone, text: "mon-sun 13:00-17:00".into() });
    let rules = Rules { hours, ..Rules::default() };
    let mut desk = Desk::with(ruled(rules), crate::harness::fixtures::Scene::awaiting().shot());
    desk.presses("c");
    assert!(desk.notice().contains("the policy allows it mon-sun 13:00-17:00 only"));
    desk.presses("R");
    assert!(desk.state.confirm().is_some());
}
