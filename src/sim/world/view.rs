//! What can be read off the world: plain values, as services need them.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::World;
use super::alarms::Alarm;
use super::codedeploy::{Platform, SetInfo};
use super::ecs::SetStatus;
use super::elb::{HostCount, Hosts, LbMinute, Spread};
use super::keys::{DeploymentKey, Pool};
use super::names::Door;
use super::time::{after, before, minute_start, seconds_between};
use super::traffic::{Drawn, Minute};

/// CloudWatch keeps one-minute data this long.
const RETENTION: SignedDuration = SignedDuration::from_hours(15 * 24);

impl World {
    /// The account id.
    pub fn account(&self) -> &str {
        &self.names.place.account
    }

    /// The id of the one target of every deployment: of the service, or the function's name.
    pub(crate) fn deployment_target(&self) -> String {
        let function = self.lambda.as_ref().map(|lambda| lambda.config.function.clone());
        function.unwrap_or_else(|| self.names.service_target())
    }

    /// The Region.
    pub fn region(&self) -> &str {
        &self.names.place.region
    }

    /// The name of an Availability Zone.
    pub(crate) fn zone(&self, zone: usize) -> String {
        let letter = ["a", "b", "c"].get(zone).copied().unwrap_or("a");
        format!("{}{letter}", self.names.place.region)
    }

    /// The metric alarms.
    pub fn alarms(&self) -> &[Alarm] {
        &self.alarms
    }

    /// The metrics of a target group in the minute that holds `at`, as far as CloudWatch shows
    /// them now; `None` before delivery, without requests, and for an unknown group.
    pub fn minute(&self, target_group_arn: &str, at: Timestamp) -> Option<Arc<Minute>> {
        let minute = self.group_minute(self.names.pool(target_group_arn)?, at)?;
        (minute.requests > 0).then_some(minute)
    }

    /// A load balancer's own metrics in the minute that holds `at`; `None` before delivery and for
    /// an unknown one.
    pub fn lb_minute(&self, load_balancer_arn: &str, at: Timestamp) -> Option<LbMinute> {
        let own = |index: &usize| self.names.load_balancer(*index) == load_balancer_arn;
        self.balancer_minute((0..self.names.balancers()).find(own)?, at)
    }

    pub(super) fn balancer_minute(&self, balancer: usize, at: Timestamp) -> Option<LbMinute> {
        let pools = Pool::ALL.into_iter().filter(|pool| self.names.balancer_of(*pool) == balancer);
        let mut sides = pools.filter_map(|pool| self.pool_minute(pool, at)).peekable();
        sides.peek()?;
        let lost = self.traffic.lost(balancer, minute_start(at));
        let whole =
            LbMinute { requests: lost, elb_5xx: lost, elb_503: lost, ..LbMinute::default() };
        Some(sides.fold(whole, |sum, side| LbMinute {
            requests: sum.requests + side.requests + side.unserved,
            elb_5xx: sum.elb_5xx + side.connection_errors + side.unserved,
            elb_502: sum.elb_502 + side.connection_errors,
            elb_503: sum.elb_503 + side.unserved,
        }))
    }

    /// Healthy and unhealthy targets of a group in the minute that holds `at`; `None` before
    /// delivery, without targets, and for an unknown group.
    pub fn hosts(&self, target_group_arn: &str, at: Timestamp) -> Option<Hosts> {
        self.pool_hosts(self.names.pool(target_group_arn)?, at)
    }

    /// The requests of a target group; one of instances has those of both sides.
    pub(super) fn group_minute(&self, pool: Pool, at: Timestamp) -> Option<Arc<Minute>> {
        if self.fleet.is_none() {
            return self.pool_minute(pool, at);
        }
        let mut whole: Option<Minute> = None;
        for side in Pool::ALL {
            if let Some(minute) = self.pool_minute(side, at) {
                whole.get_or_insert_default().merge(&minute);
            }
        }
        whole.map(Arc::new)
    }

    pub(super) fn pool_minute(&self, pool: Pool, at: Timestamp) -> Option<Arc<Minute>> {
        let Drawn { minute, delivery } = self.ended(pool, minute_start(at))?;
        let part = delivery.visible(self.now)?;
        Some(if part >= 1.0 { minute } else { Arc::new(minute.thinned(part)) })
    }

    pub(super) fn pool_hosts(&self, pool: Pool, at: Timestamp) -> Option<Hosts> {
        let start = minute_start(at);
        self.ended(pool, start)?.delivery.visible(self.now)?;
        let counts = &self.elb.hosts[pool.index()];
        let end = after(start, SignedDuration::from_mins(1));
        let first = counts.partition_point(|count| count.since <= start).saturating_sub(1);
        let parts: Vec<(f64, HostCount)> = (counts.iter().enumerate().skip(first))
            .take_while(|(_, count)| count.since < end)
            .map(|(index, count)| {
                let until = counts.get(index + 1).map_or(end, |next| next.since.min(end));
                (seconds_between(count.since.max(start), until), *count)
            })
            .collect();
        let registered = |(_, count): &(f64, HostCount)| count.healthy + count.unhealthy > 0;
        parts.iter().any(registered).then(|| Hosts {
            healthy: spread(&parts, |count| count.healthy),
            unhealthy: spread(&parts, |count| count.unhealthy),
        })
    }

    /// Everything that happened in a stream of requests in a minute that is over, whoever delivers it.
    pub(super) fn whole_minute(&self, pool: Pool, start: Timestamp) -> Arc<Minute> {
        self.traffic.minute(pool, start).minute
    }

    /// A minute that is over and still kept.
    fn ended(&self, pool: Pool, start: Timestamp) -> Option<Drawn> {
        let end = after(start, SignedDuration::from_mins(1));
        let kept = end <= self.now && start >= before(self.now, RETENTION);
        kept.then(|| self.traffic.minute(pool, start))
    }

    /// The task sets of a deployment: as they are, or as they were at its end.
    pub(crate) fn set_infos(&self, key: DeploymentKey) -> Vec<SetInfo> {
        let Some(progress) = self.deploy.deployment(key).and_then(|d| d.progress.as_ref()) else {
            return Vec::new();
        };
        if let Some(last) = &progress.last_sets {
            return last.clone();
        }
        match self.platform() {
            Platform::Ecs => {}
            Platform::Lambda => return self.version_infos(key),
            Platform::Server => return Vec::new(),
        }
        let sides = [(Some(progress.blue), "Blue"), (progress.green, "Green")];
        sides
            .into_iter()
            .filter_map(|(set, label)| {
                let set_key = set?;
                let set = self.ecs.set(set_key).filter(|set| !set.gone)?;
                let counts = self.ecs.counts(set_key);
                let share = self.elb.share(Door::Production, set.pool);
                Some(SetInfo {
                    id: set.id.clone(),
                    label,
                    status: set.status.word(),
                    weight: if set.status == SetStatus::Draining { 0.0 } else { share * 100.0 },
                    desired: set.desired,
                    pending: counts.pending,
                    running: counts.running,
                    target_group: self.names.target_group_name(set.pool).to_owned(),
                })
            })
            .collect()
    }
}

fn spread(parts: &[(f64, HostCount)], count: impl Fn(&HostCount) -> u32) -> Spread {
    let values = || parts.iter().map(|(span, hosts)| (*span, f64::from(count(hosts))));
    let whole: f64 = parts.iter().map(|(span, _)| span).sum();
    Spread {
        min: values().map(|(_, value)| value).fold(f64::INFINITY, f64::min),
        mean: values().map(|(span, value)| span * value).sum::<f64>() / whole.max(f64::EPSILON),
        max: values().map(|(_, value)| value).fold(0.0, f64::max),
    }
}
