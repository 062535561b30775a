//! Who gets the requests: what rules, DNS and the health of targets make of them.

use jiff::SignedDuration;

use super::World;
use super::elb::{Health, HostCount};
use super::keys::{Pool, ReleaseKey};
use super::names::Door;
use super::rules::Weights;
use super::traffic::{Flow, Reach};

/// The doors of production traffic, one a load balancer.
const DOORS: [Door; 2] = [Door::Production, Door::Second];

impl World {
    /// Writes down what weights and health now mean for requests and host counts.
    pub(super) fn reflow(&mut self) {
        let states = Pool::ALL.map(|pool| self.pool_state(pool));
        let shares = Pool::ALL.map(|pool| self.share(pool));
        for door in DOORS {
            let lost = self.elb.behind(door).map_or(0.0, Weights::lost);
            self.traffic.note_lost(self.now, door.balancer(), lost * self.arriving(door));
        }
        let lag = self.lag(shares, &states);
        for ((pool, share), state) in Pool::ALL.into_iter().zip(shares).zip(states) {
            let PoolState { release, reach, healthy, unhealthy } = state;
            self.traffic.note(self.now, pool, Flow { share, release, reach, lag });
            let count = HostCount { since: self.now, healthy, unhealthy };
            let counts = &mut self.elb.hosts[pool.index()];
            let same = |last: &HostCount| (last.healthy, last.unhealthy) == (healthy, unhealthy);
            if !counts.last().is_some_and(same) {
                counts.push(count);
            }
        }
    }

    /// The share of all requests that a pool is to get, 0-1.
    pub(crate) fn share(&self, pool: Pool) -> f64 {
        DOORS.map(|door| self.arriving(door) * self.elb.share(door, pool)).iter().sum()
    }

    /// The share of all requests that is to come in at a door, 0-1.
    fn arriving(&self, door: Door) -> f64 {
        match (&self.dns, door) {
            (Some(dns), _) => dns.answers.shares[door.balancer()],
            (None, Door::Production) => 1.0,
            (None, Door::Second | Door::Test) => 0.0,
        }
    }

    /// How long the clients take to follow.
    fn lag(&self, shares: [f64; 2], states: &[PoolState; 2]) -> Option<SignedDuration> {
        if let Some(dns) = &self.dns {
            // Whoever has asked keeps the answer, whatever has become of the load balancer.
            return Some(dns.answers.ttl).filter(SignedDuration::is_positive);
        }
        // Clients cannot stick to a group whose targets are gone, nor where none is chosen.
        let gone = shares
            .iter()
            .zip(states)
            .any(|(share, state)| *share <= 0.0 && state.reach == Reach::NoTargets);
        let production = self.elb.behind(Door::Production);
        if gone || shares.iter().sum::<f64>() < 1.0 - 1e-9 {
            return None;
        }
        let usual = self.scenario.traffic.stickiness.map(|lag| lag.as_secs());
        production?.stickiness(usual).map(SignedDuration::from_secs)
    }

    fn pool_state(&self, pool: Pool) -> PoolState {
        if let Some(state) = self.cluster_state(pool) {
            return state;
        }
        let mut state =
            PoolState { release: ReleaseKey(0), reach: Reach::NoTargets, healthy: 0, unhealthy: 0 };
        let (mut dead, mut most) = (0, 0);
        for (key, set) in self.ecs.live_sets().filter(|(_, set)| set.pool == pool) {
            let mut serving = 0;
            for (_, task) in self.ecs.tasks_of(key) {
                serving += u32::from(task.health == Some(Health::Healthy));
                state.unhealthy += u32::from(matches!(task.health, Some(Health::Unhealthy(_))));
                dead += u32::from(task.dead && task.health == Some(Health::Healthy));
            }
            // While one group rolls, the release with the most healthy tasks answers for all.
            if serving >= most {
                (most, state.release) = (serving, set.release);
            }
            state.healthy += serving;
        }
        let broken = f64::from(dead) / f64::from(state.healthy.max(1));
        PoolState { reach: reach(state.healthy, state.unhealthy, broken), ..state }
    }
}

/// What the targets of a group are at a moment.
pub(super) struct PoolState {
    release: ReleaseKey,
    reach: Reach,
    healthy: u32,
    unhealthy: u32,
}

impl PoolState {
    /// So many targets that run a release, none of which is dead.
    pub(super) fn of(release: ReleaseKey, healthy: u32, unhealthy: u32) -> Self {
        Self { release, reach: reach(healthy, unhealthy, 0.0), healthy, unhealthy }
    }
}

/// What a load balancer with so many targets does, of whose healthy ones a share is dead.
fn reach(healthy: u32, unhealthy: u32, broken: f64) -> Reach {
    match (healthy, unhealthy) {
        (0, 0) => Reach::NoTargets,
        // With no healthy target the load balancer fails open and tries all of them.
        (0, _) => Reach::Served { broken: 0.0 },
        (_, _) => Reach::Served { broken },
    }
}
