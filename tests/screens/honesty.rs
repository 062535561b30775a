//! The fixed lines claim no more than is known, and lose no more than they must.

use cutover::app::Event;
use cutover::domain::{
    Fact, FaultKind, LatencyBasis, LatencyEdge, Phase, Point, Progress, Quantile, SideMetrics,
    Slower, Source,
};

use super::{screen, text};
use crate::harness::fixtures::{Scene, fault};
use crate::harness::keyboard::Desk;

fn small(desk: &mut Desk) -> String {
    text(&screen(&mut desk.state, (80, 24), "dark"))
}

fn assert_shows(rows: &str, words: &[&str]) {
    for word in words {
        assert!(rows.contains(word), "no `{word}` in\n{rows}");
    }
}

#[test]
fn a_side_serves_what_the_listener_holds_and_not_what_was_asked_for() {
    let rows = small(&mut Desk::watching(Scene::shifting().planned(50.0).shot()));
    assert_shows(&rows, &["serves 90 %", "serves 10 %"]);
    assert!(!rows.contains("serves 50 %"), "{rows}");
}

#[test]
fn old_data_is_doubted_and_the_reason_stands_beside_it() {
    let throttled = fault(FaultKind::Throttled, "codedeploy:GetDeployment");
    let scene = Scene::shifting().silent(Source::CodeDeploy, 41, throttled);
    let mut desk = Desk::watching(scene.shot());
    let rows = small(&mut desk);
    assert_shows(
        &rows,
        &["SHIFTING?", "if on plan", "READY?", "41 s old", "CodeDeploy: throttled"],
    );
    let rows = text(&screen(&mut desk.state, (120, 40), "dark"));
    assert_shows(&rows, &["10 % of the traffic was on green", "CodeDeploy: throttled"]);
}

#[test]
fn a_verdict_on_numbers_that_stopped_coming_is_doubted_unless_green_was_worse() {
    let silent = || fault(FaultKind::Timeout, "cloudwatch:GetMetricData");
    let well = Scene::shifting().silent(Source::Metrics, 900, silent());
    assert_shows(&small(&mut Desk::watching(well.shot())), &["NO WORSE?"]);
    let badly = Scene::shifting().green_fails(0.02).silent(Source::Metrics, 900, silent());
    assert_shows(&small(&mut Desk::watching(badly.shot())), &["GREEN IS WORSE   errors"]);
}

#[test]
fn in_little_room_the_way_back_keeps_its_speed_and_the_verdict_its_bound() {
    let rows = small(&mut Desk::watching(Scene::shifting().green_fails(0.02).shot()));
    assert_shows(&rows, &["back in seconds", "until ~13:06", "at least 3.6 times"]);
    let lame = Scene::shifting().blue_tasks(4, 2);
    assert_shows(&small(&mut Desk::watching(lame.shot())), &["RISKY", "2/4 tasks, 4/4 healthy"]);
}

#[test]
fn the_table_behind_the_verdict_says_what_each_minute_was_used_for() {
    let mut desk = Desk::watching(Scene::shifting().shot());
    desk.presses("v");
    assert_shows(&small(&mut desk), &["evidence 1 : ", "errors", "48 %", "0.63 to 1.33"]);
    let rows = text(&screen(&mut desk.state, (80, 40), "dark"));
    assert_shows(&rows, &["AWS/ApplicationELB", "not yet: too young", "yes", "warm-up: disasters"]);
    desk.presses("down").presses("pagedown");
    assert_shows(&small(&mut desk), &["as blue's history"]);
}

#[test]
fn the_table_behind_the_verdict_says_how_latency_is_compared_and_why() {
    let mut desk = Desk::watching(Scene::shifting().shot());
    desk.presses("v");
    let rows = text(&screen(&mut desk.state, (120, 40), "dark"));
    assert_shows(&rows, &["the percentiles themselves, because nothing counts them here"]);
    let edge = LatencyEdge { quantile: Quantile::P99, edge: 0.2, ignored: 0.21, accepted: 0.25 };
    let counted = Scene::shifting().picture(|picture| {
        let Fact::Known { value, .. } = &mut picture.metrics else { return };
        value.latency = LatencyBasis::Counted { edges: vec![edge] };
        for (side, slow) in [(&mut value.blue, 0.01), (&mut value.green, 0.02)] {
            let part = |part: f64| {
                let of = |point: &Point| match point {
                    Point::Value(requests) => Point::Value(requests * part),
                    other => *other,
                };
                side.requests.iter().map(of).collect::<Vec<_>>()
            };
            let (edge, ignored, accepted) = (part(slow), part(0.9 * slow), part(0.6 * slow));
            side.slower = vec![Slower { edge, ignored, accepted }];
            side.timed.clone_from(&side.requests);
        }
    });
    let mut desk = Desk::watching(counted.shot());
    desk.presses("v");
    let rows = text(&screen(&mut desk.state, (120, 40), "dark"));
    assert_shows(&rows, &["p99 > 200 ms", " 1 %", " 2 %", "requests above blue's percentiles"]);
}

#[test]
fn what_is_over_is_not_waited_for() {
    let over = Scene::shifting().rollout(|rollout| rollout.phase = Phase::Stopped).picture(|p| {
        let Fact::Known { value, .. } = &mut p.metrics else { return };
        let requests = vec![Point::Absent; 40];
        value.green = SideMetrics { requests, ..SideMetrics::default() };
    });
    let rows = small(&mut Desk::watching(over.shot()));
    assert_shows(&rows, &["NO DATA   green never had a settled minute with requests"]);
    assert!(!rows.contains(" yet"), "{rows}");
}

#[test]
fn an_order_that_was_refused_stays_explained_and_gives_the_rail_back() {
    let mut desk = Desk::watching(Scene::shifting().shot());
    desk.presses("R").presses("y");
    assert_shows(&small(&mut desk), &["ordered"]);
    let order = desk.orders().first().unwrap().id.clone();
    let code = "DeploymentAlreadyCompletedException".to_owned();
    let fault = fault(FaultKind::Rejected { code }, "codedeploy:StopDeployment");
    desk.happens(Event::Acted { order, progress: Progress::Refused { fault } })
        .waits(60_000)
        .happens(Event::Woke);
    let rows = small(&mut desk);
    assert_shows(&rows, &["roll back was refused: DeploymentAlreadyCompleted", "10 % for 15 min"]);
    assert!(!rows.contains("ordered"), "{rows}");
}

#[test]
fn where_nothing_was_ever_deployed_nothing_is_waited_for() {
    let scene = Scene::shifting();
    let mut picture = scene.shot();
    picture.rollout = Fact::known(None, picture.taken);
    let rows = small(&mut Desk::watching(picture));
    assert_shows(&rows, &["no rollout is on record here", "no rollout yet", "nothing to judge"]);
    assert!(!rows.contains("asking"), "{rows}");
}
