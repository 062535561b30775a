//! Weights that a person sets: who gets the requests by them, and from when on.

use jiff::{SignedDuration, Timestamp};

use super::{SEED, start};
use crate::sim::scenario::Scenario;
use crate::sim::services::{Service, handle};
use crate::sim::value::{Value, list, map};
use crate::sim::world::records::{Answer, Change, RecordSet, Verb};
use crate::sim::world::time::{after, before};
use crate::sim::world::{LbMinute, World};

/// A world whose weights this hand sets.
struct Hand {
    world: World,
}

impl Hand {
    fn of(name: &str) -> Self {
        Self { world: World::new(Scenario::named(name).unwrap(), SEED, start()) }
    }

    fn waits(&mut self, seconds: i64) -> &mut Self {
        self.world.advance(after(self.world.now(), SignedDuration::from_secs(seconds)));
        self
    }

    /// Gives the rule of the traffic these groups, by their position, and stickiness in seconds.
    fn sets(&mut self, weights: &[(usize, i64)], sticky: Option<i64>) -> &mut Self {
        let groups = self.world.target_groups();
        let tuple = |(group, weight): &(usize, i64)| {
            let arn = Value::from(groups[*group].arn.as_str());
            map([("TargetGroupArn", arn), ("Weight", Value::from(*weight))])
        };
        let stickiness =
            map([("Enabled", sticky.is_some().into()), ("DurationSeconds", Value::from(sticky))]);
        let forward = map([
            ("TargetGroups", list(weights.iter().map(tuple))),
            ("TargetGroupStickinessConfig", stickiness),
        ]);
        self.does(map([("Type", Value::from("forward")), ("ForwardConfig", forward)]))
    }

    /// Gives the rule of the traffic one action.
    fn does(&mut self, action: Value) -> &mut Self {
        let listener = self.world.listeners()[0].arn.clone();
        let rule = self.world.rules(&listener).remove(0);
        let (operation, member, arn, actions) = match rule.priority {
            Some(_) => ("ModifyRule", "RuleArn", rule.arn, "Actions"),
            None => ("ModifyListener", "ListenerArn", listener, "DefaultActions"),
        };
        let input = map([(member, Value::from(arn)), (actions, list([action]))]);
        handle(&mut self.world, Service::Elb, operation, &input).unwrap();
        self
    }

    /// Gives the two DNS records these weights.
    fn answers(&mut self, weights: [u32; 2]) -> &mut Self {
        let zone = &self.world.dns.as_ref().unwrap().zones[0];
        let (id, records) = (zone.id.clone(), zone.records.clone());
        let weighted = records.into_iter().filter(|set| set.weight.is_some());
        let batch = weighted.zip(weights).map(|(set, weight)| Change {
            verb: Verb::Upsert,
            set: RecordSet { weight: Some(weight), ..set },
        });
        let batch: Vec<_> = batch.collect();
        self.world.change_records(&id, &batch, None).unwrap();
        self
    }

    /// Requests of both groups in the minute `back` minutes ago.
    fn requests(&self, back: i64) -> [u64; 2] {
        let at = self.ago(back);
        let groups = self.world.target_groups();
        let of = |arn: &str| self.world.minute(arn, at).map_or(0, |minute| minute.requests);
        [of(&groups[0].arn), of(&groups[1].arn)]
    }

    /// Green's share of the requests in the minute `back` minutes ago.
    fn share(&self, back: i64) -> f64 {
        let [blue, green] = self.requests(back);
        green as f64 / (blue + green) as f64
    }

    /// A load balancer's own numbers of the minute five minutes ago.
    fn balancer(&self, index: usize) -> LbMinute {
        let arn = self.world.load_balancers()[index].arn.clone();
        self.world.lb_minute(&arn, self.ago(5)).unwrap()
    }

    fn ago(&self, minutes: i64) -> Timestamp {
        before(self.world.now(), SignedDuration::from_mins(minutes))
    }
}

fn assert_near(actual: f64, expected: f64) {
    assert!((actual - expected).abs() < 0.02, "{actual} is not {expected}");
}

#[test]
fn blue_has_everything_and_green_stands_by_healthy() {
    for name in ["alb", "alb-worse", "alb-sticky", "route53", "route53-worse"] {
        let hand = Hand::of(name);
        assert!(hand.requests(5)[0] > 20_000, "{name}");
        assert_eq!(hand.requests(5)[1], 0, "{name}");
        for group in hand.world.target_groups().iter().take(2) {
            let targets = hand.world.targets(&group.arn).unwrap();
            assert!(targets.len() == 4 && targets.iter().all(|one| one.state == "healthy"));
            assert_eq!(hand.world.hosts(&group.arn, hand.ago(5)).unwrap().healthy.min, 4.0);
        }
    }
}

#[test]
fn the_requests_follow_the_weights_of_the_rule_at_once() {
    for name in ["alb", "alb-worse"] {
        let mut hand = Hand::of(name);
        hand.waits(100).sets(&[(0, 7), (1, 3)], None).waits(600);
        assert_near(hand.share(5), 0.3);
        assert_near(hand.share(9), 0.3);
        hand.sets(&[(1, 1)], None).waits(600);
        assert_eq!(hand.requests(5)[0], 0);
    }
}

#[test]
fn errors_of_green_are_counted_at_green() {
    let mut hand = Hand::of("alb-worse");
    hand.sets(&[(0, 50), (1, 50)], None).waits(600);
    let groups = hand.world.target_groups();
    let rate = |group: usize| {
        let minute = hand.world.minute(&groups[group].arn, hand.ago(5)).unwrap();
        minute.c5xx as f64 / minute.requests as f64
    };
    assert!(rate(0) < 0.008 && rate(1) > 0.014, "{} {}", rate(0), rate(1));
}

#[test]
fn with_all_weights_0_every_request_is_answered_503() {
    let mut hand = Hand::of("alb");
    hand.sets(&[(0, 0), (1, 0)], None).waits(600);
    assert_eq!(hand.requests(5), [0, 0]);
    let minute = hand.balancer(0);
    assert!(minute.elb_503 > 20_000 && minute.elb_5xx == minute.elb_503, "{minute:?}");
    hand.sets(&[(0, 1)], None).waits(600);
    assert_eq!(hand.balancer(0).elb_503, 0);
}

#[test]
fn what_goes_to_a_group_without_targets_is_answered_503() {
    let mut hand = Hand::of("alb");
    hand.sets(&[(0, 60), (1, 20), (2, 20), (3, 0), (4, 0)], None).waits(600);
    let ([blue, green], minute) = (hand.requests(5), hand.balancer(0));
    assert_near(minute.elb_503 as f64 / (blue + green + minute.elb_503) as f64, 0.2);
    assert_near(hand.share(5), 0.25);
}

#[test]
fn what_is_redirected_reaches_no_target_and_is_no_error() {
    let mut hand = Hand::of("alb");
    let config = map([("StatusCode", Value::from("HTTP_302"))]);
    hand.does(map([("Type", Value::from("redirect")), ("RedirectConfig", config)])).waits(600);
    assert_eq!((hand.requests(5), hand.balancer(0).elb_5xx), ([0, 0], 0));
}

#[test]
fn sticky_clients_follow_late_until_stickiness_ends() {
    let mut hand = Hand::of("alb-sticky");
    hand.waits(40).sets(&[(0, 50), (1, 50)], Some(240)).waits(270 + 300);
    // The minute from 240 to 300 seconds after the change.
    assert_near(hand.share(5), 0.5 * (1.0 - (-270.0_f64 / 240.0).exp()));
    hand.waits(1800);
    assert_near(hand.share(5), 0.5);

    let mut plain = Hand::of("alb");
    plain.waits(40).sets(&[(0, 50), (1, 50)], Some(3600)).waits(600);
    assert!(plain.share(5) < 0.1, "{}", plain.share(5));
    plain.sets(&[(0, 50), (1, 50)], None).waits(600);
    assert_near(plain.share(5), 0.5);
}

#[test]
fn clients_follow_the_records_once_the_servers_know_and_their_answers_are_old() {
    let mut hand = Hand::of("route53");
    // 14:00:20 and 10 s: the servers know at 14:01:00.
    hand.waits(10).answers([0, 255]).waits(600);
    let minutes = [9, 8, 7, 6].map(|back| hand.share(back));
    let mean = |minute: i32| {
        let settled = |minute: i32| (-f64::from(minute)).exp();
        1.0 - (settled(minute - 1) - settled(minute))
    };
    assert_eq!(hand.requests(10)[1], 0);
    for (minute, share) in (1..).zip(minutes) {
        assert_near(share, mean(minute));
    }
    let [blue, green] = [0, 1].map(|index| hand.balancer(index).requests);
    assert!(blue < 1000 && green > 20_000, "{blue} {green}");
}

#[test]
fn with_all_weights_0_every_record_is_answered_equally() {
    let mut hand = Hand::of("route53");
    hand.answers([0, 0]).waits(1200);
    assert_near(hand.share(5), 0.5);
    hand.answers([192, 64]).waits(1200);
    assert_near(hand.share(5), 0.25);
}

#[test]
fn records_with_a_longer_time_to_live_are_followed_later() {
    let mut hand = Hand::of("route53");
    hand.waits(10);
    let zone = &hand.world.dns.as_ref().unwrap().zones[0];
    let (id, records) = (zone.id.clone(), zone.records.clone());
    let names = hand.world.load_balancers().into_iter().map(|balancer| balancer.dns_name);
    let weighted = records.into_iter().filter(|set| set.weight.is_some());
    let batch = weighted.zip(names).zip([0, 255]).flat_map(|((old, name), weight)| {
        let answer = Answer::Values { ttl: 300, values: vec![name] };
        let kind = "CNAME".to_owned();
        let new = RecordSet { kind, weight: Some(weight), answer, ..old.clone() };
        [Change { verb: Verb::Delete, set: old }, Change { verb: Verb::Create, set: new }]
    });
    hand.world.change_records(&id, &batch.collect::<Vec<_>>(), None).unwrap();
    // The minute from 240 to 300 seconds after the servers know.
    hand.waits(600);
    assert_near(hand.share(5), 1.0 - (-270.0_f64 / 300.0).exp());
}

#[test]
fn a_second_change_does_not_overtake_the_first() {
    let mut hand = Hand::of("route53");
    hand.answers([0, 255]).waits(20).answers([255, 0]).waits(15);
    let shares = hand.world.dns.as_ref().unwrap().answers.shares;
    assert_eq!(shares, [0.0, 1.0]);
    hand.waits(15);
    assert_eq!(hand.world.dns.as_ref().unwrap().answers.shares, [1.0, 0.0]);
}

#[test]
fn looking_does_not_change_what_a_hand_has_set() {
    for name in ["alb-sticky", "route53"] {
        let played = |step: i64| {
            let mut hand = Hand::of(name);
            let mut waited = 0;
            while waited < 1800 {
                if waited == 300 && name == "route53" {
                    hand.answers([128, 127]);
                } else if waited == 300 {
                    hand.sets(&[(0, 3), (1, 1)], Some(240));
                }
                waited += step;
                hand.waits(step).share(5);
            }
            (1..25).map(|back| hand.requests(back)).collect::<Vec<_>>()
        };
        assert_eq!(played(300), played(1), "{name}");
    }
}
