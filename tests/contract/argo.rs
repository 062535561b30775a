//! Argo Rollouts: the adapter against the simulated cluster, forward to the end and back from every
//! stage.

use cutover::config::PrometheusTable;
use cutover::domain::{
    Analysis, GuardState, ListenerSplit, Means, MetricKind, RevisionNumber, RolloutKind, Side,
    Source, StageState, Weight,
};

use super::*;

/// A Rollout in the cluster of a scenario.
pub(super) struct Cluster {
    pub(super) simulator: Simulator,
    address: SocketAddr,
    pub(super) target: Target,
    pub(super) looking: Aws,
    /// The same without its Prometheus, which takes its time to count.
    pub(super) glancing: Aws,
    acting: Aws,
}

impl Cluster {
    pub(super) async fn of(scenario: &str) -> Self {
        Self::playing(Scenario::named(scenario).unwrap()).await
    }

    pub(super) async fn playing(scenario: Scenario) -> Self {
        let start: Timestamp = "2026-03-02T09:00:00Z".parse().unwrap();
        let address = scenario.prometheus();
        let target: Target = scenario.target(7).parse().unwrap();
        let simulator = Simulator::new(World::new(scenario, 7, start), Clock::manual(start));
        let listener = bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
        let port = listener.local_addr().unwrap();
        tokio::spawn(serve(listener, simulator.clone(), std::future::pending()));
        let connect = async |time: Arc<dyn AwsTime>, counts: bool| {
            let options = AwsOptions {
                cluster_only: true,
                seed: 7,
                prometheus: address
                    .filter(|_| counts)
                    .map(|address| PrometheusTable::usual(address).unwrap().0),
                ..AwsOptions::simulated(Loopback::new(port, "eu-west-1").unwrap(), time)
            };
            Box::pin(cutover::sources::connect(options)).await.unwrap()
        };
        let clock = simulator.clock().clone();
        let looking = connect(Arc::new(Standing(clock.clone())), true).await;
        let glancing = connect(Arc::new(Standing(clock.clone())), false).await;
        let acting = connect(Arc::new(Waiting(clock)), false).await;
        Self { simulator, address: port, target, looking, glancing, acting }
    }

    /// An account that looks, with a Prometheus as the configuration file describes one.
    pub(super) async fn counting(&self, prometheus: &str) -> Aws {
        let time = Arc::new(Standing(self.simulator.clock().clone()));
        let loopback = Loopback::new(self.address, "eu-west-1").unwrap();
        let table = toml::from_str::<PrometheusTable>(prometheus).unwrap();
        let options = AwsOptions {
            cluster_only: true,
            prometheus: Some(table.0),
            ..AwsOptions::simulated(loopback, time)
        };
        Box::pin(cutover::sources::connect(options)).await.unwrap()
    }

    /// Everything there is to see now: a watch that begins now has heard of everything.
    pub(super) async fn look(&self) -> Snapshot {
        self.through(&self.looking).await
    }

    pub(super) async fn through(&self, aws: &Aws) -> Snapshot {
        let mut watch = aws.watch(&self.target);
        watch.observe_whole(Wish { window: 15, all: true }).await
    }

    pub(super) fn pass(&self, seconds: i64) {
        self.simulator.clock().advance(SignedDuration::from_secs(seconds));
    }

    /// Looks whenever the Rollout has changed, and once a minute: what only time changes is seen late.
    pub(super) async fn until(&self, wanted: impl Fn(&Rollout) -> bool) -> Snapshot {
        let mut last = String::new();
        let mut seen = (String::new(), 0);
        for step in 0..800 {
            let version = self.simulator.with_world(|world| {
                world.rollout_object().unwrap()["metadata"]["resourceVersion"].to_string()
            });
            if version != seen.0 || step >= seen.1 + 12 {
                seen = (version, step);
                let picture = self.through(&self.glancing).await;
                if picture.rollout().is_some_and(&wanted) {
                    return self.look().await;
                }
                last = format!("{:?}", picture.rollout().map(|one| (&one.phase, &one.stages)));
            }
            self.pass(5);
        }
        panic!("it stayed at {last}");
    }

    pub(super) async fn reach(&self, phase: &Phase) -> Snapshot {
        self.until(|rollout| rollout.phase == *phase).await
    }

    /// Orders what is possible on what was seen.
    pub(super) async fn order(&self, seen: &Snapshot, action: Action) {
        let permit = permit(seen, action, &Policy::default()).unwrap();
        let order = Order {
            id: OrderId::new(7, 1),
            target: self.target.clone(),
            action,
            call: permit.call,
            expected: permit.expected,
            at: seen.taken,
            by: "ada".to_owned(),
            part_of: None,
            reason: None,
        };
        let now = self.acting.read_again(&order).await;
        assert_eq!(order.expected.change(action, &now), None);
        let progress = self.acting.send(&order).await;
        assert!(matches!(progress, Progress::Accepted { .. }), "{progress:?}");
    }

    /// A field of the Rollout's status.
    pub(super) fn status(&self, field: &str) -> serde_json::Value {
        self.simulator.with_world(|world| world.rollout_object().unwrap()["status"][field].clone())
    }

    /// The version that the Rollout calls stable.
    pub(super) fn stable(&self) -> String {
        self.status("stableRS").as_str().unwrap().to_owned()
    }
}

fn listener(picture: &Snapshot) -> Option<f64> {
    match rollout(picture).traffic.listener.value()? {
        ListenerSplit::Split(split) => Some(split.green.get()),
        _ => None,
    }
}

fn means(picture: &Snapshot, action: Action) -> Means {
    permit(picture, action, &Policy::default()).unwrap().expected.means
}

fn is_back(rollout: &Rollout) -> bool {
    matches!(rollout.kind, RolloutKind::Rollback { .. })
        && matches!(rollout.phase, Phase::Finishing | Phase::Succeeded)
}

#[tokio::test]
async fn blue_green_is_promoted_by_a_person_and_followed_to_the_end_of_blue() {
    let cluster = Cluster::of("argo-bluegreen").await;
    let blue = cluster.stable();
    let testing = cluster.reach(&Phase::Validating).await;
    assert_eq!(listener(&testing), Some(0.0));
    let waiting = cluster.reach(&Phase::AwaitingApproval).await;
    assert_eq!((listener(&waiting), cluster.stable()), (Some(0.0), blue.clone()));
    assert!(waiting.guards.value().unwrap().iter().all(|guard| guard.state == GuardState::Ok));
    assert!(waiting.readings[&Source::Prometheus].fault.is_none());
    assert_eq!(means(&waiting, Action::Continue), Means::OpenGate);
    cluster.order(&waiting, Action::Continue).await;
    let baking = cluster.reach(&Phase::Baking).await;
    assert_eq!(listener(&baking), Some(100.0));
    assert!(rollout(&baking).instant_rollback_until.is_some());
    cluster.pass(300);
    let served = cluster.look().await;
    let metrics = served.metrics.value().unwrap();
    let newest = metrics.green.requests.iter().rev().find_map(|point| point.settled());
    assert!(newest.is_some_and(|count| count > 100.0), "{newest:?}");
    let over = cluster.reach(&Phase::Succeeded).await;
    assert!(rollout(&over).stages.iter().all(|stage| stage.state == StageState::Done));
    assert_eq!(rollout(&over).side(Side::Blue).tasks.value().unwrap().running, 0);
    assert_ne!(cluster.stable(), blue);
}

#[tokio::test]
async fn blue_green_is_aborted_at_every_stage_before_the_move_and_nothing_moves() {
    for phase in [Phase::Preparing, Phase::Validating, Phase::AwaitingApproval] {
        let cluster = Cluster::of("argo-bluegreen").await;
        let blue = cluster.stable();
        let seen = cluster.reach(&phase).await;
        cluster.order(&seen, Action::RollBack).await;
        assert!(cluster.status("abortedAt").is_string(), "{phase:?}");
        let back = cluster.until(is_back).await;
        assert_eq!((listener(&back), cluster.stable()), (Some(0.0), blue), "{phase:?}");
        assert_eq!(cluster.status("phase"), "Degraded");
        let gone = |one: &Rollout| one.side(Side::Green).tasks.value().unwrap().running == 0;
        cluster.until(gone).await;
    }
}

#[tokio::test]
async fn blue_green_goes_back_at_once_while_blue_is_kept_and_anew_when_it_is_gone() {
    for (phase, at_once) in [(Phase::Baking, true), (Phase::Succeeded, false)] {
        let cluster = Cluster::of("argo-bluegreen").await;
        let blue = cluster.stable();
        let waiting = cluster.reach(&Phase::AwaitingApproval).await;
        cluster.order(&waiting, Action::Continue).await;
        let seen = cluster.reach(&phase).await;
        cluster.order(&seen, Action::RollBack).await;
        if at_once {
            cluster.pass(1);
            let back = cluster.look().await;
            assert_eq!((listener(&back), cluster.stable()), (Some(0.0), blue));
        } else {
            // The way back is a rollout like any other: it is analysed, and waits for a person.
            let again = cluster.reach(&Phase::AwaitingApproval).await;
            assert!(matches!(rollout(&again).kind, RolloutKind::Rollback { .. }));
            cluster.order(&again, Action::Continue).await;
            cluster.pass(1);
            assert_eq!(cluster.stable(), blue);
        }
    }
}

#[tokio::test]
async fn what_was_aborted_ships_at_once_while_its_pods_are_there() {
    let cluster = Cluster::of("argo-bluegreen").await;
    let seen = cluster.reach(&Phase::AwaitingApproval).await;
    cluster.order(&seen, Action::RollBack).await;
    let back = cluster.until(is_back).await;
    assert_eq!(means(&back, Action::Continue), Means::ShipAgain);
    cluster.order(&back, Action::Continue).await;
    cluster.pass(1);
    assert_eq!(listener(&cluster.look().await), Some(100.0));
}

/// Pods that die a few minutes after they have begun to answer.
fn dying() -> Scenario {
    let text = include_str!("../../assets/scenarios/argo-bluegreen.toml");
    let text = text.replace("analysis_before", "analysis_after").replace("count = 3", "count = 60");
    let text = text.replace("[argo]\n", "[argo]\nabort_scale_down_delay = \"5s\"\n");
    let crash = "[green.crash]\nwhen = \"serving\"\nafter = \"2m\"\nexit_code = 137\n";
    Scenario::parse(&format!("{text}{crash}")).unwrap()
}

#[tokio::test]
async fn an_abort_while_the_pods_behind_the_service_die_leaves_nobody_serving() {
    let cluster = Cluster::playing(dying()).await;
    let blue = cluster.stable();
    let waiting = cluster.reach(&Phase::AwaitingApproval).await;
    cluster.order(&waiting, Action::Continue).await;
    let dead = |one: &Rollout| {
        one.phase == Phase::AfterShift
            && one.side(Side::Green).targets.value().unwrap().healthy() < 2
    };
    let seen = cluster.until(dead).await;
    assert!(matches!(seen.rollout().unwrap().phase, Phase::AfterShift));
    // The program knows a way that works; an abort is what somebody else would send.
    let green = cluster.status("currentPodHash");
    let abort = serde_json::json!({"status": {"abort": true}});
    cluster.simulator.with_world(|world| world.patch_rollout_status(&abort));
    cluster.pass(2);
    assert_eq!(cluster.status("phase"), "Degraded");
    assert_eq!(cluster.status("blueGreen")["activeSelector"], green, "it stays where it was");
    cluster.pass(60);
    let lost = cluster.look().await;
    assert_eq!(rollout(&lost).phase, Phase::Failed);
    assert_eq!(rollout(&lost).side(Side::Green).tasks.value().unwrap().running, 0);
    cluster.order(&lost, Action::RollBack).await;
    cluster.pass(1);
    assert_eq!(cluster.status("blueGreen")["activeSelector"], blue.as_str());
}

#[tokio::test]
async fn a_release_that_the_controller_has_missed_is_nudged_on() {
    let cluster = Cluster::of("argo-bluegreen").await;
    cluster.reach(&Phase::Validating).await;
    while cluster.status("pauseConditions").is_null() {
        cluster.simulator.clock().advance(SignedDuration::from_millis(40));
    }
    // Released in the very moment of the pause: stored, and never acted on.
    let seen = cluster.through(&cluster.glancing).await;
    let patch = permit(&seen, Action::Continue, &Policy::default()).unwrap().call;
    assert_eq!(patch.operation, "patch rollouts/status");
    cluster.order(&seen, Action::Continue).await;
    cluster.pass(1);
    let baking = cluster.look().await;
    assert_eq!((&rollout(&baking).phase, listener(&baking)), (&Phase::Baking, Some(100.0)));
    let notes = cluster
        .simulator
        .with_world(|world| world.rollout_object().unwrap()["metadata"]["annotations"].to_string());
    assert!(notes.contains("cutover"), "it took a nudge: {notes}");
}

#[tokio::test]
async fn a_canary_goes_step_by_step_and_its_analysis_is_measured_from_the_same_requests() {
    let cluster = Cluster::of("argo-canary").await;
    let waiting = cluster.reach(&Phase::AwaitingApproval).await;
    assert_eq!(listener(&waiting), Some(10.0));
    cluster.order(&waiting, Action::Continue).await;
    let at = |share: f64| {
        move |one: &Rollout| {
            let split = one.traffic.listener.value();
            matches!(split, Some(ListenerSplit::Split(split)) if split.green.is_near(Weight::percent(share).unwrap(), 0.1))
        }
    };
    cluster.until(at(30.0)).await;
    let analysed = cluster.until(at(60.0)).await;
    let guards = analysed.guards.value().unwrap();
    let guard = guards.iter().find(|guard| guard.name == "success-rate (step)").unwrap();
    assert_eq!(guard.state, GuardState::Ok, "{guard:?}");
    assert!(guard.reason.as_ref().unwrap().contains("value [0.99"), "{guard:?}");
    cluster.pass(480);
    let seen = cluster.look().await;
    let metrics = seen.metrics.value().unwrap();
    let share = metrics.measured_share(3).unwrap().split.green.get();
    assert!((share - 60.0).abs() < 3.0, "{share}");
    let over = cluster.reach(&Phase::Succeeded).await;
    assert_eq!(listener(&over), Some(100.0));
    assert!(rollout(&over).stages.iter().all(|stage| stage.state == StageState::Done));
}

#[tokio::test]
async fn a_canary_is_aborted_at_every_step_and_blue_gets_everything_back() {
    for share in [10.0, 30.0, 60.0] {
        let cluster = Cluster::of("argo-canary").await;
        let blue = cluster.stable();
        let waiting = cluster.reach(&Phase::AwaitingApproval).await;
        if share > 10.0 {
            cluster.order(&waiting, Action::Continue).await;
        }
        let stands = |one: &Rollout| match one.traffic.listener.value() {
            Some(ListenerSplit::Split(split)) => (split.green.get() - share).abs() < 0.1,
            _ => false,
        };
        let seen = cluster.until(stands).await;
        cluster.order(&seen, Action::RollBack).await;
        cluster.pass(1);
        let back = cluster.until(is_back).await;
        assert_eq!((listener(&back), cluster.stable()), (Some(0.0), blue), "{share}");
        let gone = |one: &Rollout| one.side(Side::Green).tasks.value().unwrap().running == 0;
        cluster.until(gone).await;
    }
}

#[tokio::test]
async fn a_promotion_in_full_skips_what_is_left_and_a_canary_is_tried_again_from_its_beginning() {
    let cluster = Cluster::of("argo-canary").await;
    let waiting = cluster.reach(&Phase::AwaitingApproval).await;
    cluster.order(&waiting, Action::Finish).await;
    let baking = cluster.reach(&Phase::Baking).await;
    assert_eq!(listener(&baking), Some(100.0));

    let cluster = Cluster::of("argo-abort").await;
    let back = cluster.until(is_back).await;
    assert_eq!(listener(&back), Some(0.0));
    assert_eq!(means(&back, Action::Continue), Means::TryAgain);
    cluster.order(&back, Action::Continue).await;
    let again = cluster.until(|one| one.phase == Phase::Shifting).await;
    assert_eq!(listener(&again), Some(20.0));
}

#[tokio::test]
async fn a_failed_analysis_takes_the_traffic_away_by_itself_and_says_why() {
    let cluster = Cluster::of("argo-analysis-failed").await;
    let seen = cluster.reach(&Phase::Shifting).await;
    assert_eq!(listener(&seen), Some(20.0));
    cluster.pass(205);
    let seen = cluster.look().await;
    let errors = seen.metrics.value().unwrap().green.series(MetricKind::ErrorRate);
    let newest = errors.iter().rev().find_map(|point| point.settled()).unwrap();
    assert!((3.0..7.0).contains(&newest), "{newest}");
    let back = cluster.until(is_back).await;
    assert_eq!(listener(&back), Some(0.0));
    let why = rollout(&back).end_reason.as_ref().unwrap();
    let said = "Step-based analysis phase error/failed: Metric \"success-rate\" assessed Failed";
    assert!(why.message.contains(said), "{why:?}");
    let guards = back.guards.value().unwrap();
    assert!(guards.iter().any(|guard| guard.state == GuardState::Alarm), "{guards:?}");
}

#[tokio::test]
async fn an_analysis_is_ended_and_the_rollout_frozen_and_thawed() {
    let cluster = Cluster::of("argo-canary").await;
    let waiting = cluster.reach(&Phase::AwaitingApproval).await;
    cluster.order(&waiting, Action::Continue).await;
    let may = |action: Action| move |one: &Rollout| one.offer(action).is_ok();
    let seen = cluster.until(may(Action::Terminate(Analysis::Step))).await;
    cluster.order(&seen, Action::Terminate(Analysis::Step)).await;
    cluster.pass(60);
    let seen = cluster.look().await;
    assert_eq!(listener(&seen), Some(60.0), "what is ended before it failed is good");

    cluster.order(&seen, Action::Pause).await;
    cluster.pass(900);
    let frozen = cluster.look().await;
    assert_eq!(
        (listener(&frozen), cluster.status("message")),
        (Some(60.0), "manually paused".into())
    );
    cluster.order(&frozen, Action::Resume).await;
    // The pause in the steps kept its clock meanwhile.
    cluster.pass(60);
    assert_eq!(listener(&cluster.look().await), Some(100.0));
}

#[tokio::test]
async fn pods_are_replaced_one_by_one_and_an_earlier_revision_is_asked_for() {
    let cluster = Cluster::of("argo-bluegreen").await;
    let waiting = cluster.reach(&Phase::AwaitingApproval).await;
    let names = |seen: &Snapshot, side| -> Vec<String> {
        let tasks = rollout(seen).side(side).task_list.value().unwrap();
        tasks.iter().map(|task| task.id.clone()).collect()
    };
    let old = names(&waiting, Side::Blue);
    cluster.order(&waiting, Action::Restart).await;
    cluster.pass(5);
    assert!(cluster.status("availableReplicas").as_u64() >= Some(3), "one at a time");
    cluster.pass(600);
    let seen = cluster.look().await;
    assert!(cluster.status("restartedAt").is_string());
    assert!(names(&seen, Side::Blue).iter().all(|name| !old.contains(name)), "{old:?}");

    let undo = Action::Undo(RevisionNumber::new(2));
    cluster.order(&seen, undo).await;
    let again = cluster.reach(&Phase::AwaitingApproval).await;
    let image = &rollout(&again).side(Side::Blue).revision.value().unwrap().images[0];
    assert_eq!(image.tag.as_deref(), Some("1.8.1"));
}

#[tokio::test]
async fn an_undo_under_a_tool_that_keeps_the_template_does_not_last_and_an_abort_does() {
    let cluster = Cluster::of("argo-kept").await;
    let blue = cluster.stable();
    let waiting = cluster.reach(&Phase::AwaitingApproval).await;
    let told = |picture: &Snapshot, action: Action| {
        let call = permit(picture, action, &Policy::default()).unwrap().call;
        let kept = rollout(picture).kept_from(&call).map(|(keeper, _)| keeper.to_string());
        kept.collect::<Vec<_>>()
    };
    assert_eq!(told(&waiting, Action::RollBack), [""; 0]);
    cluster.order(&waiting, Action::RollBack).await;
    cluster.pass(60);
    assert_eq!((listener(&cluster.look().await), cluster.stable()), (Some(0.0), blue.clone()));

    let cluster = Cluster::of("argo-kept").await;
    let waiting = cluster.reach(&Phase::AwaitingApproval).await;
    cluster.order(&waiting, Action::Continue).await;
    let baking = cluster.reach(&Phase::Baking).await;
    let green = cluster.stable();
    let keeper = "Argo CD keeps this Rollout (application shop-prod)";
    assert_eq!(told(&baking, Action::RollBack), [keeper]);
    cluster.order(&baking, Action::RollBack).await;
    cluster.pass(1);
    assert_eq!((listener(&cluster.look().await), cluster.stable()), (Some(0.0), blue));
    cluster.pass(6);
    assert_eq!(cluster.status("currentPodHash"), green.as_str(), "it is asked for again");
}
