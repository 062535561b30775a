//! The load balancers as they can be read, and their rules as a person can change them.

use super::World;
use super::argo::Argo;
use super::codedeploy::Platform;
use super::elb::{Health, Held, Listener, LoadBalancer, Rule, Target, TargetGroup, dns_zone};
use super::keys::Pool;
use super::names::Door;
use super::rules::{Action, Weights};
use crate::sim::value::Value;

impl World {
    /// Whether something is in the Region that is asked.
    pub(crate) fn is_here(&self, arn: &str) -> bool {
        let asked = self.asked_in.as_deref();
        asked.is_none_or(|region| arn.split(':').nth(3) == Some(region))
    }

    /// The load balancers.
    pub fn load_balancers(&self) -> Vec<LoadBalancer> {
        let balancer = |index| LoadBalancer {
            arn: self.names.load_balancer(index),
            name: self.names.load_balancer_name(index).to_owned(),
            dns_name: self.names.dns_name(index),
            dns_zone: dns_zone(self.names.region(index)),
            position: index,
            vpc_id: self.names.vpc(),
            created: self.deploy.created,
        };
        let seen = if self.has_balancer() { self.names.balancers() } else { 0 };
        (0..seen).map(balancer).filter(|found| self.is_here(&found.arn)).collect()
    }

    /// Whether there is a load balancer of one's own: a function needs none, and Beanstalk hides its
    /// own.
    fn has_balancer(&self) -> bool {
        let hidden = |argo: &Argo| self.clusters.is_none() && argo.front().is_none();
        let only = self.argo.as_ref().is_some_and(hidden);
        self.lambda.is_none() && self.beanstalk.is_none() && !only
    }

    /// The rules that there are to see.
    fn held(&self) -> impl Iterator<Item = &Held> {
        self.elb.rules.iter().filter(|_| self.has_balancer())
    }

    /// The listeners: one for production at each load balancer and, when the scenario has one, the
    /// test listener.
    pub fn listeners(&self) -> Vec<Listener> {
        let defaults = self.held().filter(|rule| rule.priority.is_none());
        let listener = |rule: &Held| Listener {
            arn: self.names.listener(rule.door),
            load_balancer_arn: self.names.load_balancer(rule.door.balancer()),
            protocol: "HTTPS",
            port: match rule.door {
                Door::Production | Door::Second => 443,
                Door::Test => 8443,
            },
            actions: self.actions(&rule.weights),
        };
        defaults.map(listener).filter(|found| self.is_here(&found.arn)).collect()
    }

    /// The rules of a listener by priority, the default rule last; empty for an unknown listener.
    pub fn rules(&self, listener_arn: &str) -> Vec<Rule> {
        let rule = |held: &Held| Rule {
            arn: self.names.rule_at(held.door, held.priority),
            listener_arn: self.names.listener(held.door),
            priority: held.priority,
            conditions: held.conditions.clone(),
            actions: self.actions(&held.weights),
        };
        let all = self.held().map(rule).filter(|rule| self.is_here(&rule.arn));
        let mut rules: Vec<Rule> = all.filter(|rule| rule.listener_arn == listener_arn).collect();
        rules.sort_by_key(|rule| rule.priority.unwrap_or(u32::MAX));
        rules
    }

    fn actions(&self, weights: &Weights) -> Vec<Action> {
        let stickiness = self.scenario.traffic.stickiness.map(|lag| lag.as_secs());
        weights.actions(&self.names, stickiness)
    }

    /// The target groups: the two pools, and those without targets.
    pub fn target_groups(&self) -> Vec<TargetGroup> {
        let group = |name: &str, arn: &str, balancer: Option<usize>| TargetGroup {
            arn: arn.to_owned(),
            name: name.to_owned(),
            port: self.names.place.port,
            vpc_id: self.names.vpc(),
            target_type: if self.fleet.is_some() { "instance" } else { "ip" },
            health_check_path: "/health",
            load_balancer_arns: balancer
                .map(|index| self.names.load_balancer(index))
                .into_iter()
                .collect(),
        };
        // Instances of both sides are targets of one group.
        let pools: &[Pool] = match self.platform() {
            Platform::Ecs if self.has_balancer() => &Pool::ALL,
            Platform::Ecs | Platform::Lambda => &[],
            Platform::Server => &[Pool::A],
        };
        let pools = pools.iter().copied().map(|pool| {
            let used = self.elb.uses(pool).then(|| self.names.balancer_of(pool));
            group(
                self.names.target_group_name(pool),
                &self.names.target_group_arns[pool.index()],
                used,
            )
        });
        let spare = self.names.spare_groups.iter().map(|(name, arn)| {
            let user = self.elb.rules.iter().find(|rule| rule.weights.uses_spare(arn));
            group(name, arn, user.map(|rule| rule.door.balancer()))
        });
        pools.chain(spare).filter(|group| self.is_here(&group.arn)).collect()
    }

    /// Whether a target group is sticky itself.
    pub(crate) fn sticky_targets(&self) -> bool {
        self.scenario.weighted.as_ref().is_some_and(|weighted| weighted.sticky_targets)
    }

    /// The load balancer at which a group's requests are counted; `None` where there never are any.
    pub(crate) fn counted_at(&self, target_group_arn: &str) -> Option<usize> {
        self.names.pool(target_group_arn).map(|pool| self.names.balancer_of(pool))
    }

    /// The targets of a group and their health; `None` for an unknown group.
    pub fn targets(&self, target_group_arn: &str) -> Option<Vec<Target>> {
        if !self.is_here(target_group_arn) {
            return None;
        }
        let Some(pool) = self.names.pool(target_group_arn) else {
            let spare = self.names.spare_groups.iter().any(|(_, arn)| arn == target_group_arn);
            return spare.then(Vec::new);
        };
        if self.fleet.is_some() {
            return (pool == Pool::A).then(|| self.registered_instances());
        }
        if let Some(targets) = self.cluster_targets(pool) {
            return Some(targets);
        }
        let unused = !self.elb.uses(pool);
        let tasks = self.ecs.live_sets().filter(|(_, set)| set.pool == pool);
        let targets = tasks.flat_map(|(key, _)| self.ecs.tasks_of(key));
        let target = |task: &super::ecs::Task| {
            let (state, reason, description) = match (task.health?, unused) {
                (Health::Draining, _) | (_, false) => task.health?.words(),
                (_, true) => ("unused", Some("Target.NotInUse"), Some(NOT_IN_USE.to_owned())),
            };
            Some(Target {
                id: task.address.clone(),
                port: self.names.place.port,
                availability_zone: self.zone(task.zone),
                state,
                reason,
                description,
            })
        };
        Some(targets.filter_map(|(_, task)| target(task)).collect())
    }

    /// Replaces what a rule does, and which requests it is for; what is absent stays. The rule must
    /// exist.
    pub(crate) fn change_rule(
        &mut self,
        rule: &Rule,
        conditions: Option<Vec<Value>>,
        actions: Option<Vec<Action>>,
    ) {
        let weights = actions.map(|actions| Weights::given(actions, &self.names));
        let names = &self.names;
        let same = |held: &&mut Held| names.rule_at(held.door, held.priority) == rule.arn;
        let Some(held) = self.elb.rules.iter_mut().find(same) else { return };
        if let Some(conditions) = conditions {
            held.conditions = conditions;
        }
        if let Some(weights) = weights {
            held.weights = weights;
        }
        self.reflow();
        let sets: Vec<_> = self.ecs.live_sets().map(|(key, _)| key).collect();
        for set in sets {
            self.doom(set);
        }
    }
}

/// Why the targets of a group without a rule are not checked.
const NOT_IN_USE: &str = "Target group is not configured to receive traffic from the load balancer";
