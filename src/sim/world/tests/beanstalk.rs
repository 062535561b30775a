//! Environments: the swap and its lag, and a split that is taken back.

use super::*;
use crate::sim::world::beanstalk::{Environment, Status as At};
use crate::sim::world::keys::Pool;
use crate::sim::world::time::minute_start;
use crate::sim::world::traffic::Drawn;

/// A world of environments, driven by seconds since the update was begun.
struct Town {
    world: World,
    began: Timestamp,
}

impl Town {
    fn of(name: &str) -> Self {
        let mut scenario = Scenario::named(name).unwrap();
        scenario.start_at = SignedDuration::ZERO;
        Self { world: World::new(scenario, SEED, start()), began: start() }
    }

    fn at(&mut self, seconds: i64) -> &mut Self {
        self.world.advance(after(self.began, SignedDuration::from_secs(seconds)));
        self
    }

    fn environment(&self, index: usize) -> &Environment {
        &self.world.beanstalk.as_ref().unwrap().environments[index]
    }

    /// The share of the requests of the last whole minute that the second stream got.
    fn share(&self) -> f64 {
        let minute = minute_start(self.world.now());
        let minute = minute.saturating_sub(SignedDuration::from_mins(1)).unwrap();
        let [a, b] = Pool::ALL.map(|pool| {
            let Drawn { minute, .. } = self.world.traffic.minute(pool, minute);
            minute.requests as f64
        });
        b / (a + b)
    }

    fn messages(&self) -> Vec<&str> {
        let all = self.world.beanstalk.as_ref().unwrap();
        all.notices.iter().map(|notice| notice.message.as_str()).collect()
    }
}

#[test]
fn the_story_swapped_before_and_leaves_the_last_swap_to_a_person() {
    let mut town = Town::of("beanstalk");
    town.at(180);
    let beanstalk = town.world.beanstalk.as_ref().unwrap();
    let (serving, idle) = beanstalk.serving();
    assert_eq!(town.world.version_label(town.environment(serving).release), "1.8.2");
    assert_eq!(town.world.version_label(town.environment(idle.unwrap()).release), "1.9.0");
    let swaps = town.messages().iter().filter(|text| text.starts_with("Completed")).count();
    assert_eq!(swaps, 2);
    town.at(7200);
    assert_eq!(town.world.beanstalk.as_ref().unwrap().serving().0, serving);
}

#[test]
fn a_swap_takes_a_while_and_clients_follow_as_names_expire() {
    let mut town = Town::of("beanstalk");
    town.at(160);
    let (serving, idle) = town.world.beanstalk.as_ref().unwrap().serving();
    let idle = idle.unwrap();
    let before = town.share();
    town.world.swap_cnames((serving, idle)).unwrap();
    let again = town.world.swap_cnames((serving, idle)).unwrap_err();
    assert!(again.message.contains("Must be Ready"), "{again:?}");
    assert_eq!(town.environment(serving).status, At::Updating);
    town.at(175);
    assert_eq!(town.environment(serving).status, At::Ready);
    assert_eq!(town.world.beanstalk.as_ref().unwrap().serving().0, idle);
    town.at(280);
    let soon = (town.share() - before).abs();
    town.at(900);
    let late = (town.share() - before).abs();
    assert!(soon > 0.2 && soon < 0.95, "{soon}");
    assert!(late > 0.99, "{late}");
}

#[test]
fn an_environment_that_is_updated_cannot_be_swapped() {
    let mut town = Town::of("beanstalk");
    town.at(10);
    let error = town.world.swap_cnames((0, 1)).unwrap_err();
    assert_eq!(error.code, "InvalidParameterValue");
    assert!(error.message.contains("Must be Ready"), "{error:?}");
}

#[test]
fn a_split_gives_its_share_then_everything() {
    let mut town = Town::of("beanstalk-split");
    let old = town.environment(0).release;
    town.at(400);
    assert!(town.environment(0).is_abortable());
    let share = town.share();
    assert!((share - 0.2).abs() < 0.03 || (share - 0.8).abs() < 0.03, "{share}");
    assert_eq!(town.environment(0).servers.len(), 8);
    town.at(1300);
    assert_eq!(town.environment(0).status, At::Ready);
    assert_ne!(town.environment(0).release, old);
    assert_eq!(town.environment(0).servers.len(), 4);
    assert!(town.world.abort_update(0).is_err());
}

#[test]
fn an_abort_returns_all_traffic_at_once_and_removes_the_new_instances() {
    let mut town = Town::of("beanstalk-split");
    let old = town.environment(0).release;
    town.at(400);
    let before = town.share();
    town.world.abort_update(0).unwrap();
    assert_eq!(town.environment(0).status, At::Aborting);
    town.at(600);
    assert_eq!(town.environment(0).status, At::Ready);
    assert_eq!(town.environment(0).release, old);
    assert_eq!(town.environment(0).servers.len(), 4);
    let after = town.share();
    assert!((after - before.round()).abs() < 1e-9, "{before} {after}");
}

#[test]
fn looking_at_health_changes_nothing_and_the_sum_of_servers_is_the_environment() {
    let mut town = Town::of("beanstalk-split");
    town.at(600);
    let environment = town.environment(0);
    let whole = town.world.environment_requests(environment);
    assert_eq!(whole, town.world.environment_requests(environment));
    let servers = environment.servers.iter();
    let sum: u64 =
        servers.map(|server| town.world.server_requests(environment, server).requests).sum();
    assert_eq!(whole.requests, sum);
    assert!((700..1200).contains(&whole.requests), "{}", whole.requests);
}
