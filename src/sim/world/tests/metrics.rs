use super::*;
use crate::sim::world::Minute;
use std::sync::Arc;

fn groups(story: &Story) -> (String, String) {
    let groups = story.world.target_groups();
    (groups[0].arn.clone(), groups[1].arn.clone())
}

/// Complete minutes of a group, `from..to` minutes before now.
fn minutes(story: &Story, arn: &str, back: std::ops::Range<i64>) -> Vec<Arc<Minute>> {
    let at = |back: i64| after(story.world.now(), SignedDuration::from_mins(-back));
    back.filter_map(|back| story.world.minute(arn, at(back))).collect()
}

fn sum(minutes: &[Arc<Minute>], of: impl Fn(&Minute) -> u64) -> f64 {
    minutes.iter().map(|minute| of(minute)).sum::<u64>() as f64
}

#[test]
fn blue_has_two_hours_of_metrics_before_the_rollout_and_green_none() {
    let story = Story::of("canary");
    let (blue, green) = groups(&story);
    assert_eq!(minutes(&story, &blue, 5..125).len(), 120);
    assert!(minutes(&story, &green, 5..125).is_empty());
}

#[test]
fn every_request_ends_in_one_count() {
    let mut story = Story::of("errors");
    story.at(1500);
    let (blue, green) = groups(&story);
    for minute in minutes(&story, &blue, 1..20).iter().chain(&minutes(&story, &green, 1..20)) {
        let answered = minute.c2xx + minute.c3xx + minute.c4xx + minute.c5xx;
        assert_eq!(minute.requests, answered + minute.connection_errors);
        assert!(minute.latency.count() <= answered);
    }
}

#[test]
fn shares_error_rates_and_percentiles_follow_the_scenario() {
    let mut story = Story::of("errors");
    story.until_event(Lifecycle::AllowTraffic);
    story.at(story.seconds() + 840);
    let (blue, green) = groups(&story);
    let (blue, green) = (minutes(&story, &blue, 4..13), minutes(&story, &green, 4..13));
    assert_eq!((blue.len(), green.len()), (9, 9));
    let requests = |side: &[Arc<Minute>]| sum(side, |minute| minute.requests);
    let share = requests(&green) / (requests(&green) + requests(&blue));
    assert!((share - 0.1).abs() < 0.005, "{share}");
    let rate = |side: &[Arc<Minute>]| sum(side, |minute| minute.c5xx) / requests(side);
    assert!((rate(&blue) - 0.004).abs() < 0.001, "{}", rate(&blue));
    assert!((rate(&green) - 0.02).abs() < 0.003, "{}", rate(&green));
    let p99 = blue[0].latency.quantile(0.99).unwrap();
    assert!((p99 - 0.310).abs() < 0.03, "{p99}");
}

#[test]
fn a_minute_is_invisible_then_perhaps_partial_then_final() {
    let mut story = Story::of("canary");
    story.stop(false);
    let (blue, _) = groups(&story);
    let mut grown = 0;
    for round in 0..40 {
        // Rounds must not overlap, as time never runs backwards.
        let minute = round * 10;
        let at = after(start(), SignedDuration::from_secs(40 + minute * 60));
        let end = 40 + minute * 60 + 60;
        story.at(end + 59);
        assert_eq!(story.world.minute(&blue, at), None, "minute {minute}");
        let mut first = None;
        for second in 60..=175 {
            story.at(end + second);
            first = first.or_else(|| story.world.minute(&blue, at));
        }
        let last = story.world.minute(&blue, at).unwrap();
        let first = first.unwrap();
        assert!(first.requests <= last.requests);
        grown += u32::from(first.requests < last.requests);
        story.at(end + 500);
        assert_eq!(story.world.minute(&blue, at), Some(last));
    }
    assert!((3..30).contains(&grown), "{grown} of 40 minutes came in pieces");
}

#[test]
fn a_cold_release_gets_better() {
    let mut story = Story::of("cold-start");
    story.until_event(Lifecycle::AllowTraffic);
    story.at(story.seconds() + 860);
    let (_, green) = groups(&story);
    let green = minutes(&story, &green, 4..14);
    let rate = |side: &[Arc<Minute>]| {
        sum(side, |minute| minute.c5xx) / sum(side, |minute| minute.requests)
    };
    let (late, early) = (&green[..3], &green[green.len() - 2..]);
    assert!(rate(early) > 4.0 * rate(late), "{} {}", rate(early), rate(late));
    let p50 = |minute: &Minute| minute.latency.quantile(0.5).unwrap();
    assert!(p50(&early[1]) > 1.8 * p50(&late[0]));
}

#[test]
fn sticky_clients_follow_the_weight_late() {
    let mut story = Story::of("sticky");
    story.until_event(Lifecycle::AllowTraffic);
    story.at(story.seconds() + 360);
    let (blue, green) = groups(&story);
    let (blue, green) = (minutes(&story, &blue, 4..5), minutes(&story, &green, 4..5));
    let share = green[0].requests as f64 / (green[0].requests + blue[0].requests) as f64;
    assert!((0.01..0.06).contains(&share), "{share} instead of 0.1");
    story.until_bake();
    story.at(story.seconds() + 3600);
    assert!(story.listener() == weights(0, 100));
}

#[test]
fn hosts_are_counted_over_the_minute() {
    let mut story = Story::of("canary");
    let (blue, green) = groups(&story);
    story.at(600);
    let at = |second| after(start(), SignedDuration::from_secs(second));
    let hosts = story.world.hosts(&blue, at(100)).unwrap();
    assert_eq!((hosts.healthy.min, hosts.healthy.max, hosts.unhealthy.max), (4.0, 4.0, 0.0));
    assert_eq!(story.world.hosts(&green, at(-60)), None);
    let rising = story.world.hosts(&green, at(100)).unwrap().healthy;
    assert!(rising.min < rising.max && rising.min <= rising.mean && rising.mean <= rising.max);
}

#[test]
fn old_future_and_foreign_minutes_are_absent() {
    let story = Story::of("canary");
    let (blue, _) = groups(&story);
    let now = story.world.now();
    let hours = SignedDuration::from_hours;
    assert_eq!(story.world.minute(&blue, after(now, hours(1))), None);
    assert_eq!(story.world.minute(&blue, after(now, hours(-24 * 16))), None);
    assert_eq!(story.world.minute("arn:other", after(now, hours(-1))), None);
    assert_eq!(story.world.minute(&blue, Timestamp::MIN), None);
    assert_eq!(story.world.minute(&blue, Timestamp::MAX), None);
}

#[test]
fn few_requests_leave_minutes_of_green_almost_empty() {
    let mut story = Story::of("low-traffic");
    story.until_event(Lifecycle::AllowTraffic);
    story.at(story.seconds() + 800);
    let (_, green) = groups(&story);
    let green = minutes(&story, &green, 4..12);
    assert!(green.iter().all(|minute| minute.requests < 40));
}
