//! What a scenario is about, as a person names it to `cutover`.

use super::dns;
use super::names::{Door, Names};
use super::random::Seed;
use crate::sim::scenario::{ArgoStrategy, Cluster, HeldBy, Scenario};

/// The Prometheus beside a cluster: namespace, Service and port.
pub const PROMETHEUS: &str = "monitoring/prometheus:9090";

impl Scenario {
    /// The target: a deployment group, a service, an application, a listener or its rule, or DNS records. The seed of
    /// the world settles the ids in it.
    pub fn target(&self, seed: u64) -> String {
        let (place, seed) = (&self.place, Seed(seed));
        let names = || Names::new(self, seed);
        match self.weighted.as_ref().map(|weighted| &weighted.held_by) {
            Some(HeldBy::Listener) => format!("alb:{}", names().listener(Door::Production)),
            Some(HeldBy::Rule { priority, .. }) => {
                format!("alb:{}", names().rule_at(Door::Production, Some(*priority)))
            }
            Some(HeldBy::Records(records)) => {
                format!("route53:{}/{}/{}", dns::zone_id(seed), records.name, dns::KIND)
            }
            None if self.beanstalk.is_some() => format!("beanstalk:{}", place.application),
            None if self.argo.is_some() => format!("argo:{}/{}", place.application, place.service),
            None if self.native.is_some() => format!("ecs:{}/{}", place.cluster, place.service),
            None => format!("codedeploy:{}/{}", place.application, place.group),
        }
    }

    /// The address of the Prometheus in its cluster, if there is one: namespace, Service and port.
    pub fn prometheus(&self) -> Option<&'static str> {
        self.argo.as_ref().filter(|argo| argo.alb.is_none()).map(|_| PROMETHEUS)
    }

    /// The names of the clusters behind weights, in scenarios that have some.
    pub fn contexts(&self) -> Option<[String; 2]> {
        let both = self.clusters.as_ref()?;
        Some(both.each_ref().map(|cluster| cluster.context.clone()))
    }

    /// What runs blue and green, in scenarios with clusters behind weights.
    pub fn runs(&self) -> Option<[String; 2]> {
        let place = &self.place;
        let run = |cluster: &Cluster| {
            let kind = match cluster.argo.strategy {
                ArgoStrategy::Deployment => "deployment",
                ArgoStrategy::BlueGreen { .. } | ArgoStrategy::Canary(_) | ArgoStrategy::Bare => {
                    "argo"
                }
            };
            format!("{kind}:{}/{}/{}", cluster.context, place.application, place.service)
        };
        self.clusters.as_ref().map(|both| both.each_ref().map(run))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_scenario_names_its_target() {
        for (name, begin, end) in [
            ("canary", "codedeploy:shop/checkout", ""),
            ("ecs-canary", "ecs:prod/checkout", ""),
            ("beanstalk", "beanstalk:shop", ""),
            ("argo-bluegreen", "argo:shop/checkout", ""),
            ("alb", "alb:arn:aws:elasticloadbalancing:eu-west-1:", ""),
            ("alb-worse", "alb:arn:aws:elasticloadbalancing:eu-west-1:", ""),
            ("route53", "route53:Z", "/checkout.example.com/A"),
        ] {
            let target = Scenario::named(name).unwrap().target(1);
            assert!(target.starts_with(begin) && target.ends_with(end), "{name}: {target}");
        }
        let kind = |name| Scenario::named(name).unwrap().target(1);
        assert!(kind("alb").contains(":listener-rule/app/shop/"));
        assert!(kind("alb-worse").contains(":listener/app/shop/"));
        let alb = Scenario::named("alb").unwrap();
        assert_ne!(alb.target(1), alb.target(2));
    }
}
