//! Weights that a person sets: what is seen of them, and what an order leaves as it was.

use cutover::domain::{
    EventKind, Fact, FaultKind, ListenerSplit, NextStep, Percent, Refusal, ShareOf, Side, Source,
};
use cutover::sim::world::Rule;
use serde_json::{Value, json};

use super::*;

const SEED: u64 = 7;

/// The target of a scenario.
fn target(scenario: &str) -> String {
    Scenario::named(scenario).unwrap().target(SEED)
}

async fn bench(scenario: &str) -> Bench {
    Bench::target(scenario, &target(scenario)).await
}

fn shift(green: u8) -> Action {
    Action::Shift(Percent::new(green).unwrap())
}

/// Green's share in percent that is in force.
fn held(picture: &Snapshot) -> Option<f64> {
    match rollout(picture).traffic.listener.value()? {
        ListenerSplit::Split(split) => Some(split.green.get()),
        other => panic!("{other:?}"),
    }
}

fn refused(picture: &Snapshot, action: Action) -> Refusal {
    permit(picture, action, &Policy::default()).unwrap_err()
}

/// A member of the order's call.
fn member<'a>(order: &'a mut Order, name: &str) -> &'a mut Value {
    &mut order.call.params.iter_mut().find(|(known, _)| known == name).unwrap().1
}

impl Bench {
    /// Shifts as a person does who is sure, and looks.
    async fn shifted(&mut self, seen: &Snapshot, action: Action) -> Snapshot {
        let order = self.order(seen, action);
        let progress = self.carry_out(&order).await;
        assert!(matches!(progress, Ok(Progress::Accepted { .. })), "{progress:?}");
        self.look().await
    }

    /// Somebody else sends a call of the same kind, with one member changed.
    async fn meddle(&mut self, name: &str, change: impl FnOnce(&mut Value)) {
        let seen = self.look().await;
        let mut order = self.order(&seen, shift(61));
        change(member(&mut order, name));
        let progress = self.aws.send(&order).await;
        assert!(matches!(progress, Progress::Accepted { .. }), "{progress:?}");
        self.pass(2);
    }

    /// All rules of all listeners.
    fn rules(&self) -> Vec<Rule> {
        self.simulator.with_world(|world| {
            world.listeners().iter().flat_map(|listener| world.rules(&listener.arn)).collect()
        })
    }

    fn groups(&self) -> Vec<String> {
        let groups = self.simulator.with_world(|world| world.target_groups());
        groups.into_iter().map(|group| group.arn).collect()
    }

    /// Looks until the fault is there that says why there is nothing to divide.
    async fn complaint(&mut self) -> String {
        let picture = self.look().await;
        let fault = picture.rollout.fault().unwrap_or_else(|| panic!("{:?}", picture.rollout));
        assert!(matches!(fault.kind, FaultKind::Rejected { .. } | FaultKind::NotFound), "{fault}");
        fault.to_string()
    }
}

#[tokio::test]
async fn a_rule_shows_its_split_and_both_sides() {
    let mut bench = bench("alb").await;
    bench.pass(600);
    let picture = bench.look().await;
    let seen = rollout(&picture);
    assert_eq!((seen.phase.clone(), seen.name.as_str()), (Phase::Held, "shop/checkout/*"));
    assert_eq!((planned(&picture), held(&picture)), (Some(0.0), Some(0.0)));
    assert_eq!((seen.traffic.of, seen.traffic.sticky), (ShareOf::Requests, false));
    assert!(!seen.sides_are_guessed, "blue has all the weight");
    for (side, group) in [(Side::Blue, "checkout-a"), (Side::Green, "checkout-b")] {
        let environment = seen.side(side);
        assert_eq!(environment.revision.fresh().unwrap().name, group);
        assert_eq!(environment.targets.fresh().unwrap().healthy(), 4, "{side:?}");
        assert_eq!(environment.tasks.fault().unwrap().kind, FaultKind::Absent);
    }
    assert!(seen.stages.is_empty() && seen.gate.is_none());
    assert!(picture.metrics.value().unwrap().side(Side::Blue).requests.len() >= 15);
    assert_eq!(refused(&picture, Action::RollBack), Refusal::AlreadyThere);
    assert_eq!(refused(&picture, shift(0)), Refusal::AlreadyThere);
    assert_eq!(refused(&picture, Action::Continue), Refusal::NoGate);
}

#[tokio::test]
async fn any_share_is_set_and_all_of_it_goes_back() {
    for (scenario, call) in [("alb", "ModifyRule"), ("alb-worse", "ModifyListener")] {
        let mut bench = bench(scenario).await;
        let before = bench.rules();
        let mut picture = bench.look().await;
        for share in [10, 37, 100] {
            picture = bench.shifted(&picture, shift(share)).await;
            let wanted = Some(f64::from(share));
            assert_eq!((planned(&picture), held(&picture)), (wanted, wanted), "{scenario}");
            let blue = rollout(&picture).blue.target_group.clone();
            assert_eq!(blue.as_deref(), Some("checkout-a"), "the sides stay");
        }
        picture = bench.shifted(&picture, Action::RollBack).await;
        assert_eq!(planned(&picture), Some(0.0));
        assert_eq!(bench.arrived(call), 4);
        let after = bench.rules();
        let frame = |rule: &Rule| (rule.arn.clone(), rule.priority, rule.conditions.clone());
        assert!(before.iter().map(frame).eq(after.iter().map(frame)), "{scenario}");
        let others = |rules: &[Rule]| rules.get(1..).unwrap_or_default().to_vec();
        assert_eq!(others(&before), others(&after), "{scenario}: the other rules are untouched");
    }
}

#[tokio::test]
async fn what_stands_before_and_beside_the_weights_is_untouched() {
    let mut bench = bench("alb-sticky").await;
    let url = "https://id.example.com";
    let login = json!({ "Type": "authenticate-oidc", "Order": 1, "AuthenticateOidcConfig": {
        "Issuer": url, "AuthorizationEndpoint": url, "TokenEndpoint": url, "UserInfoEndpoint": url,
        "ClientId": "shop", "Scope": "openid", "SessionTimeout": 600 } });
    bench
        .meddle("Actions", |actions| {
            actions[0]["Order"] = json!(2);
            actions.as_array_mut().unwrap().insert(0, login);
        })
        .await;
    let before = bench.rules().remove(0).actions;
    assert_eq!(before.len(), 2);
    let picture = bench.look().await;
    let traffic = &rollout(&picture).traffic;
    assert_eq!((traffic.sticky, traffic.lag), (true, Some(SignedDuration::from_mins(4))));
    let picture = bench.shifted(&picture, shift(20)).await;
    assert_eq!(planned(&picture), Some(20.0));
    let after = bench.rules().remove(0).actions;
    assert_eq!(after[0], before[0], "the login");
    let (was, is) = (before[1].forward().unwrap(), after[1].forward().unwrap());
    assert_eq!((is.sticky, is.stickiness_seconds, is.order), (was.sticky, Some(240), was.order));
    let arns = |forward: &cutover::sim::world::Forward| -> Vec<String> {
        forward.weights.iter().map(|(arn, _)| arn.clone()).collect()
    };
    assert_eq!(arns(is), arns(was));
    let sent = bench.simulator.calls();
    let sent = sent.iter().rev().find(|call| call.operation == "ModifyRule").unwrap();
    let text = format!("{:?}", sent.input);
    assert!(text.contains("UseExistingClientSecret"), "the secret is kept: {text}");
}

#[tokio::test]
async fn a_rule_that_somebody_changed_voids_the_order() {
    let mut bench = bench("alb").await;
    let picture = bench.look().await;
    let (order, other) = (bench.order(&picture, shift(10)), bench.order(&picture, shift(30)));
    bench.aws.send(&other).await;
    assert!(matches!(bench.carry_out(&order).await, Err(Change::Split { .. })));
    let seen = bench.look().await;
    let back = bench.order(&seen, Action::RollBack);
    bench
        .meddle("Actions", |actions| {
            let sticky = json!({ "Enabled": true, "DurationSeconds": 60 });
            actions[0]["ForwardConfig"]["TargetGroupStickinessConfig"] = sticky;
        })
        .await;
    assert_eq!(bench.carry_out(&back).await, Err(Change::Dial), "it would undo that change");
    let seen = bench.look().await;
    assert_eq!(planned(&bench.shifted(&seen, Action::RollBack).await), Some(0.0));
}

#[tokio::test]
async fn a_roll_back_does_what_it_promised_at_another_split_as_well() {
    let mut bench = bench("alb").await;
    let picture = bench.look().await;
    let picture = bench.shifted(&picture, shift(40)).await;
    let (back, more) = (bench.order(&picture, Action::RollBack), bench.order(&picture, shift(60)));
    bench.aws.send(&more).await;
    assert!(matches!(bench.carry_out(&back).await, Ok(Progress::Accepted { .. })));
    assert_eq!(planned(&bench.look().await), Some(0.0));
}

#[tokio::test]
async fn a_rule_that_no_longer_has_two_groups_says_so() {
    let mut bench = bench("alb").await;
    let groups = bench.groups();
    let groups: Vec<Value> =
        groups.iter().map(|arn| json!({ "TargetGroupArn": arn, "Weight": 1 })).collect();
    assert_eq!(groups.len(), 5);
    let five = groups.clone();
    bench
        .meddle("Actions", |actions| actions[0]["ForwardConfig"]["TargetGroups"] = json!(five))
        .await;
    let words = bench.complaint().await;
    assert!(
        words.contains("forwards to five target groups: checkout-a, checkout-b, cart"),
        "{words}"
    );
    let seen = bench.look().await;
    assert!(matches!(seen.rollout, Fact::Stale { .. }), "what was known stays, marked as old");
    let order = bench.order(&seen, shift(10));
    assert!(matches!(bench.carry_out(&order).await, Err(Change::Unreadable(_))));
    let mut fresh = Bench::target("alb", &target("alb")).await;
    let one = groups[..1].to_vec();
    fresh
        .meddle("Actions", |actions| actions[0]["ForwardConfig"]["TargetGroups"] = json!(one))
        .await;
    assert!(fresh.complaint().await.contains("forwards to one target group: checkout-a"));
    let redirect = bench.rules().into_iter().find(|rule| rule.priority == Some(20)).unwrap();
    let mut elsewhere = Bench::target("alb", &format!("alb:{}", redirect.arn)).await;
    assert!(elsewhere.complaint().await.contains("the rule redirects and forwards nothing"));
    let mut nowhere = Bench::target("alb", &format!("alb:{}0", redirect.arn)).await;
    assert!(nowhere.complaint().await.contains("not found"));
}

#[tokio::test]
async fn two_groups_name_their_rule_where_there_is_only_one() {
    let mut bench = Bench::target("alb", "alb:checkout-b/checkout-a").await;
    let picture = bench.look().await;
    assert_eq!(planned(&picture), Some(100.0), "the roles are as they were said");
    assert_eq!(rollout(&picture).green.target_group.as_deref(), Some("checkout-a"));
    let picture = bench.shifted(&picture, shift(50)).await;
    assert_eq!(planned(&picture), Some(50.0));
    assert!(!rollout(&picture).sides_are_guessed);
    let mut none = Bench::target("alb", "alb:checkout-a/cart").await;
    assert!(none.complaint().await.contains("no rule divides between checkout-a and cart"));
    let mut missing = Bench::target("alb", "alb:checkout-a/nothing").await;
    assert!(missing.complaint().await.contains("nothing"));
    // The default rule divides between the same two.
    let mut several = Bench::target("alb", "alb:checkout-a/checkout-b").await;
    let seen = several.look().await;
    let mut order = several.order(&seen, shift(10));
    let rule = rollout(&seen).id.clone();
    let listener = several.simulator.with_world(|world| world.listeners()[0].arn.clone());
    order.call.operation = "ModifyListener".to_owned();
    order.call.params[0] = ("ListenerArn".to_owned(), json!(listener));
    order.call.params[1].0 = "DefaultActions".to_owned();
    several.aws.send(&order).await;
    assert_eq!(rollout(&several.look().await).id, rule, "the one that is known stays");
    let mut again = several.aws.watch(&several.target);
    let picture = again.observe_whole(Wish { window: 15, all: true }).await;
    let fault = picture.rollout.fault().unwrap().to_string();
    assert!(fault.contains("several rules divide between the two") && fault.contains(&listener));
}

#[tokio::test]
async fn who_is_blue_is_said_or_seen_first() {
    let arn = target("alb").trim_start_matches("alb:").to_owned();
    let mut said = Bench::target("alb", &format!("alb:checkout-b@{arn}")).await;
    let picture = said.look().await;
    assert_eq!((planned(&picture), rollout(&picture).sides_are_guessed), (Some(100.0), false));
    let mut wrong = Bench::target("alb", &format!("alb:cart@{arn}")).await;
    assert!(wrong.complaint().await.contains("cart is blue, but it is none of the two"));
    let mut bench = bench("alb").await;
    let picture = bench.look().await;
    bench.shifted(&picture, shift(70)).await;
    let mut again = bench.aws.watch(&bench.target);
    let picture = again.observe_whole(Wish { window: 15, all: true }).await;
    assert_eq!(planned(&picture), Some(70.0), "within a run the sides stay");
    let other = connect(&bench.simulator, bench.address, false).await;
    let picture = other.watch(&bench.target).observe_whole(Wish { window: 15, all: true }).await;
    assert_eq!((planned(&picture), rollout(&picture).sides_are_guessed), (Some(30.0), true));
}

#[tokio::test]
async fn what_codedeploy_shifts_is_its_own() {
    let mut theirs = Bench::group("canary").await;
    theirs.reach(&Phase::Shifting).await;
    theirs.pass(60);
    let divides = |rule: &Rule| {
        rule.actions.iter().any(|one| one.forward().is_some_and(|one| one.weights.len() == 2))
    };
    let rule = theirs.rules().into_iter().find(divides).unwrap();
    theirs.target = format!("alb:{}", rule.arn).parse().unwrap();
    theirs.watch = theirs.aws.watch(&theirs.target);
    let picture = theirs.look().await;
    let why = Refusal::ManagedBy("the CodeDeploy deployment group shop/checkout".to_owned());
    for action in [shift(50), Action::RollBack] {
        assert_eq!(refused(&picture, action), why);
    }
    assert!(held(&picture).is_some_and(|green| green > 0.0), "it is shown all the same");
}

#[tokio::test]
async fn who_may_not_ask_for_owners_is_told_so_and_not_held_up() {
    let mut bench = bench("alb").await;
    bench.fault("ecs=deny");
    let picture = bench.look().await;
    let said = picture.events.iter().find(|event| event.kind == EventKind::Source).unwrap();
    assert!(said.text.contains("not known whether CodeDeploy or ECS sets these weights"));
    assert!(said.text.contains("ecs:ListClusters"), "{}", said.text);
    assert!(picture.readings[&Source::Ecs].fault.is_some());
    assert_eq!(planned(&bench.shifted(&picture, shift(10)).await), Some(10.0));
}

#[tokio::test]
async fn a_lost_answer_is_found_out_by_reading_the_weights() {
    for (scenario, call) in
        [("alb", "elbv2.ModifyRule"), ("route53", "route53.ChangeResourceRecordSets")]
    {
        for (fault, done) in [("drop-after*1", true), ("drop-before*1", false)] {
            let mut bench = bench(scenario).await;
            let picture = bench.look().await;
            let order = bench.order(&picture, shift(10));
            bench.fault(&format!("{call}={fault}"));
            let Ok(Progress::Unknown { fault: lost }) = bench.carry_out(&order).await else {
                panic!("{call} {fault}: somebody is sure")
            };
            let found = bench.aws.reconcile(&order, lost).await;
            assert_eq!(matches!(found, Progress::Accepted { .. }), done, "{fault}: {found:?}");
            assert_eq!(bench.arrived(call.split('.').nth(1).unwrap()), 1, "never sent twice");
        }
    }
}

#[tokio::test]
async fn a_refusal_leaves_the_weights_where_they_were() {
    for (scenario, call) in
        [("alb", "elbv2.ModifyRule"), ("route53", "route53.ChangeResourceRecordSets")]
    {
        let mut bench = bench(scenario).await;
        let picture = bench.look().await;
        let order = bench.order(&picture, shift(10));
        bench.fault(&format!("{call}=deny"));
        let Ok(Progress::Refused { fault }) = bench.carry_out(&order).await else { panic!() };
        assert!(matches!(fault.kind, FaultKind::Denied { .. }), "{fault}");
        assert_eq!(planned(&bench.look().await), Some(0.0));
    }
}

#[tokio::test]
async fn records_are_shifted_at_once_and_answered_when_route_53_says_so() {
    let mut bench = bench("route53").await;
    let picture = bench.look().await;
    let seen = rollout(&picture);
    assert_eq!((seen.phase.clone(), seen.name.as_str()), (Phase::Held, "checkout.example.com"));
    assert_eq!(
        (seen.traffic.of, seen.traffic.lag),
        (ShareOf::Answers, Some(SignedDuration::from_mins(1)))
    );
    assert!(seen.green.revision.fresh().unwrap().name.starts_with("green -> shop-green-"));
    assert_eq!(seen.green.targets.fresh().unwrap().healthy(), 4, "of the load balancer's group");
    let picture = bench.shifted(&picture, shift(25)).await;
    assert_eq!((planned(&picture), held(&picture)), (Some(25.0), Some(0.0)), "on its way");
    let next = rollout(&picture).next.clone().unwrap();
    assert_eq!((next.step, next.due.exact), (NextStep::Arrive, false));
    bench.pass(31);
    let picture = bench.look().await;
    assert_eq!((planned(&picture), held(&picture)), (Some(25.0), Some(25.0)));
    let due = rollout(&picture).next.clone().unwrap().due.at;
    assert_eq!(due.duration_since(picture.taken), SignedDuration::from_mins(1), "answers live on");
    bench.pass(61);
    assert_eq!(rollout(&bench.look().await).next, None);
    let asked = bench.arrived("GetChange");
    bench.pass(60);
    let picture = bench.look().await;
    assert_eq!(bench.arrived("GetChange"), asked, "nothing is on its way any more");
    let picture = bench.shifted(&picture, Action::RollBack).await;
    assert_eq!(planned(&picture), Some(0.0));
    bench.pass(31);
    assert_eq!(held(&bench.look().await), Some(0.0));
    assert_eq!(bench.arrived("ChangeResourceRecordSets"), 2);
}

#[tokio::test]
async fn what_somebody_else_sets_counts_as_answered_after_a_minute() {
    let mut bench = bench("route53").await;
    bench.look().await;
    let other = connect(&bench.simulator, bench.address, false).await;
    let seen = other.watch(&bench.target).observe_whole(Wish { window: 15, all: true }).await;
    let order = bench.order(&seen, shift(50));
    other.send(&order).await;
    bench.pass(5);
    let picture = bench.look().await;
    assert_eq!((planned(&picture), held(&picture)), (Some(50.0), Some(0.0)));
    bench.pass(59);
    assert_eq!(held(&bench.look().await), Some(0.0));
    bench.pass(1);
    assert_eq!(held(&bench.look().await), Some(50.0));
    assert_eq!(bench.arrived("GetChange"), 0);
}

#[tokio::test]
async fn who_may_not_ask_for_a_change_waits_for_it_as_for_anybodys() {
    let mut bench = bench("route53").await;
    let picture = bench.look().await;
    bench.fault("route53.GetChange=deny");
    let picture = bench.shifted(&picture, shift(10)).await;
    assert_eq!((planned(&picture), held(&picture)), (Some(10.0), Some(0.0)));
    assert!(picture.readings[&Source::Route53].fault.is_some());
    bench.pass(61);
    assert_eq!(held(&bench.look().await), Some(10.0));
    assert_eq!(bench.arrived("GetChange"), 1, "it is not asked for again");
}

#[tokio::test]
async fn only_two_weighted_records_can_be_shifted() {
    let mut bench = bench("route53").await;
    bench
        .meddle("ChangeBatch", |batch| {
            let mut third = batch["Changes"][0].clone();
            third["ResourceRecordSet"]["SetIdentifier"] = json!("third");
            batch["Changes"] = json!([third]);
        })
        .await;
    let words = bench.complaint().await;
    assert!(words.contains("has three weighted records: blue, green, third"), "{words}");
    let zone = target("route53");
    let zone = zone.trim_start_matches("route53:").split('/').next().unwrap().to_owned();
    for (target, part) in [
        (format!("route53:{zone}/example.com/NS"), "example.com NS is not weighted"),
        (format!("route53:{zone}/checkout.example.com/AAAA"), "has no record checkout.example.com"),
        ("route53:ZNONE/checkout.example.com/A".to_owned(), "NoSuchHostedZone"),
        ("route53:example.org/checkout.example.com/A".to_owned(), "no hosted zone example.org"),
        ("route53:example.com/checkout.example.com/A".to_owned(), "2 hosted zones have this name"),
    ] {
        let mut bench = Bench::target("route53", &target).await;
        let words = bench.complaint().await;
        assert!(words.contains(part), "{target}: {words}");
    }
}

#[tokio::test]
async fn both_load_balancers_are_measured() {
    let mut bench = bench("route53-worse").await;
    let picture = bench.look().await;
    let picture = bench.shifted(&picture, shift(50)).await;
    assert!(matches!(picture.metrics, Fact::Known { .. }), "{:?}", picture.metrics.fault());
    bench.pass(900);
    let picture = bench.look().await;
    let share = picture.measured_share().unwrap();
    assert!((share.split.green.get() - 50.0).abs() < 5.0, "{share:?}");
    let metrics = picture.metrics.value().unwrap();
    let errors = |side| metrics.side(side).errors.iter().rev().find_map(|point| point.count());
    assert!(errors(Side::Green) > errors(Side::Blue), "green answers with errors");
}

#[tokio::test]
async fn load_balancers_of_two_regions_are_looked_for_where_they_are() {
    let mut bench = bench("regions").await;
    let picture = bench.look().await;
    let sides = [&rollout(&picture).blue, &rollout(&picture).green];
    for (side, group) in sides.into_iter().zip(["checkout-a", "checkout-b"]) {
        assert_eq!(side.target_group.as_deref(), Some(group));
        let targets = side.targets.value().unwrap_or_else(|| panic!("{:?}", side.targets));
        assert_eq!(targets.list.iter().filter(|one| one.state == "healthy").count(), 4, "{group}");
    }
    let picture = bench.shifted(&picture, shift(50)).await;
    assert!(matches!(picture.metrics, Fact::Known { .. }), "{:?}", picture.metrics.fault());
    bench.pass(900);
    let share = bench.look().await.measured_share().unwrap();
    assert!((share.split.green.get() - 50.0).abs() < 5.0, "{share:?}");
}

/// The calls of a minute of watching, by the second, at the simulator.
async fn calls_of_a_minute(bench: &mut Bench) -> Vec<String> {
    let before = bench.simulator.calls().len();
    for _ in 0..60 {
        bench.pass(1);
        let wish = Wish { window: 15, all: false };
        let patience = Duration::from_millis(15);
        while tokio::time::timeout(patience, bench.watch.observe(wish)).await.is_ok() {}
    }
    let calls = bench.simulator.calls();
    calls[before..].iter().map(|call| call.operation.clone()).collect()
}

#[tokio::test]
async fn watching_stays_far_below_the_quotas() {
    let count = |calls: &[String], begin: &[&str]| {
        calls.iter().filter(|call| begin.iter().any(|b| call.starts_with(b))).count()
    };
    let mut rule = bench("alb").await;
    rule.look().await;
    rule.pass(120);
    let calls = calls_of_a_minute(&mut rule).await;
    println!("a rule: {} calls a minute: {calls:?}", calls.len());
    // Ten a second for the whole account; and nobody is looked for who was looked for just now.
    assert!(count(&calls, &["Describe"]) <= 30, "{calls:?}");
    assert_eq!(count(&calls, &["ListClusters", "ListApplications"]), 0, "{calls:?}");
    let mut records = bench("route53").await;
    let seen = records.look().await;
    records.pass(120);
    let calls = calls_of_a_minute(&mut records).await;
    let of_route53 = ["ListResourceRecordSets", "ListHostedZones", "GetChange"];
    println!("two records: {} calls a minute: {calls:?}", calls.len());
    assert!(count(&calls, &of_route53) <= 8, "five a second for the whole account: {calls:?}");
    records.shifted(&seen, shift(10)).await;
    let calls = calls_of_a_minute(&mut records).await;
    println!("after an order: {} calls a minute: {calls:?}", calls.len());
    assert!(count(&calls, &of_route53) <= 30, "a tenth of it after an order: {calls:?}");
}
