//! ARNs and names of the account.

use super::keys::Pool;
use super::random::Seed;
use crate::sim::scenario::{Place, Scenario, Weighted};

/// The names that the seed and the scenario's place settle once.
#[derive(Debug, Clone)]
pub(crate) struct Names {
    pub(crate) place: Place,
    seed: Seed,
    /// Name and hexadecimal id of the load balancers.
    balancers: Vec<(String, String)>,
    /// The Region of the second load balancer and what is behind it.
    second_region: String,
    /// Kept ready, as every question for a metric compares with them.
    pub(crate) target_group_arns: [String; 2],
    /// Name and ARN of the target groups without targets.
    pub(crate) spare_groups: Vec<(String, String)>,
    zone_hex: String,
}

/// Where requests come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Door {
    /// Production traffic.
    Production,
    /// Test traffic.
    Test,
    /// Production traffic at the second load balancer.
    Second,
}

impl Door {
    /// The position of its load balancer.
    pub(crate) fn balancer(self) -> usize {
        match self {
            Self::Production | Self::Test => 0,
            Self::Second => 1,
        }
    }

    fn index(self) -> u64 {
        match self {
            Self::Production => 0,
            Self::Test => 1,
            Self::Second => 2,
        }
    }
}

impl Names {
    /// The names of one world.
    pub(crate) fn new(scenario: &Scenario, seed: Seed) -> Self {
        let place = scenario.place.clone();
        let Place { region, account, target_groups: [first, second], .. } = &place;
        let weighted = scenario.weighted.as_ref();
        let records = weighted.and_then(Weighted::records);
        let elsewhere = records.and_then(|records| records.second_region.as_ref());
        let second_region = elsewhere.unwrap_or(region).clone();
        let group = |index, name: &str| {
            let region = if index == 1 { &second_region } else { region };
            let rest = format!("targetgroup/{name}/{}", seed.hex("target group", index, 16));
            format!("arn:aws:elasticloadbalancing:{region}:{account}:{rest}")
        };
        let spare = weighted.iter().flat_map(|weighted| &weighted.spare_groups);
        let spare = spare.zip(2..).map(|(name, index)| (name.clone(), group(index, name)));
        let other = records.map(|records| &records.second_balancer);
        let balancers = std::iter::once(&place.load_balancer).chain(other).zip(0..);
        Self {
            target_group_arns: [group(0, first), group(1, second)],
            spare_groups: spare.collect(),
            balancers: balancers
                .map(|(name, index)| (name.clone(), seed.hex("load balancer", index, 16)))
                .collect(),
            second_region,
            zone_hex: seed.hex("vpc", 0, 16),
            place,
            seed,
        }
    }

    fn arn(&self, service: &str, rest: &str) -> String {
        let Place { region, account, .. } = &self.place;
        format!("arn:aws:{service}:{region}:{account}:{rest}")
    }

    fn elb(&self, balancer: usize, kind: &str, rest: &str) -> String {
        let (name, hex) = self.balancers.get(balancer).cloned().unwrap_or_default();
        let (region, account) = (self.region(balancer), &self.place.account);
        format!("arn:aws:elasticloadbalancing:{region}:{account}:{kind}/app/{name}/{hex}{rest}")
    }

    /// The id of an Auto Scaling group.
    pub(crate) fn group_id(&self, index: usize) -> String {
        self.seed.uuid("auto scaling group", index)
    }

    /// The Region of a load balancer.
    pub(crate) fn region(&self, balancer: usize) -> &str {
        if balancer == 0 { &self.place.region } else { &self.second_region }
    }

    /// How many load balancers there are.
    pub(crate) fn balancers(&self) -> usize {
        self.balancers.len()
    }

    pub(crate) fn load_balancer(&self, balancer: usize) -> String {
        self.elb(balancer, "loadbalancer", "")
    }

    pub(crate) fn load_balancer_name(&self, balancer: usize) -> &str {
        self.balancers.get(balancer).map_or("", |(name, _)| name)
    }

    pub(crate) fn dns_name(&self, balancer: usize) -> String {
        let (name, hex) = self.balancers.get(balancer).cloned().unwrap_or_default();
        let digits: u32 = hex.bytes().map(u32::from).sum();
        format!("{name}-{digits}.{}.elb.amazonaws.com", self.region(balancer))
    }

    /// The position of the load balancer that serves a pool: the last one, where there are two,
    /// serves the second pool.
    pub(crate) fn balancer_of(&self, pool: Pool) -> usize {
        pool.index().min(self.balancers.len().saturating_sub(1))
    }

    /// The DNS servers of the account's hosted zones.
    pub(crate) fn name_servers(&self) -> Vec<String> {
        let number = |index: u64| {
            self.seed.between("name server", index, (100.0, 511.0)) as u64 + 512 * index
        };
        let server =
            |(index, top)| format!("ns-{}.awsdns-{:02}.{top}.", number(index), number(index) % 64);
        (0..).zip(["com", "net", "org", "co.uk"]).map(server).collect()
    }

    pub(crate) fn vpc(&self) -> String {
        format!("vpc-0{}", self.zone_hex)
    }

    pub(crate) fn subnet(&self, zone: usize) -> String {
        format!("subnet-{zone}{}", self.zone_hex)
    }

    pub(crate) fn security_group(&self) -> String {
        format!("sg-0{}", self.zone_hex)
    }

    pub(crate) fn listener(&self, door: Door) -> String {
        let hex = self.seed.hex("listener", door.index(), 16);
        self.elb(door.balancer(), "listener", &format!("/{hex}"))
    }

    /// The default rule of a listener.
    pub(crate) fn rule(&self, door: Door) -> String {
        self.rule_at(door, None)
    }

    /// The rule of a listener with a priority; absent: the default rule.
    pub(crate) fn rule_at(&self, door: Door, priority: Option<u32>) -> String {
        let listener = self.seed.hex("listener", door.index(), 16);
        let rule = match priority {
            None => self.seed.hex("rule", door.index(), 16),
            Some(priority) => self.seed.hex("numbered rule", priority.into(), 16),
        };
        self.elb(door.balancer(), "listener-rule", &format!("/{listener}/{rule}"))
    }

    /// The pool that a target group is.
    pub(crate) fn pool(&self, target_group_arn: &str) -> Option<Pool> {
        let own = |pool: &Pool| self.target_group_arns[pool.index()] == target_group_arn;
        Pool::ALL.into_iter().find(own)
    }

    pub(crate) fn target_group_name(&self, pool: Pool) -> &str {
        &self.place.target_groups[pool.index()]
    }

    pub(crate) fn target_group(&self, pool: Pool) -> String {
        self.target_group_arns[pool.index()].clone()
    }

    pub(crate) fn cluster(&self) -> String {
        self.arn("ecs", &format!("cluster/{}", self.place.cluster))
    }

    pub(crate) fn service(&self) -> String {
        self.arn("ecs", &format!("service/{}/{}", self.place.cluster, self.place.service))
    }

    pub(crate) fn service_deployment(&self, id: &str) -> String {
        let Place { cluster, service, .. } = &self.place;
        self.arn("ecs", &format!("service-deployment/{cluster}/{service}/{id}"))
    }

    pub(crate) fn service_revision(&self, id: &str) -> String {
        let Place { cluster, service, .. } = &self.place;
        self.arn("ecs", &format!("service-revision/{cluster}/{service}/{id}"))
    }

    pub(crate) fn function(&self, name: &str) -> String {
        self.arn("lambda", &format!("function:{name}"))
    }

    pub(crate) fn task(&self, id: &str) -> String {
        self.arn("ecs", &format!("task/{}/{id}", self.place.cluster))
    }

    pub(crate) fn task_set(&self, id: &str) -> String {
        let Place { cluster, service, .. } = &self.place;
        self.arn("ecs", &format!("task-set/{cluster}/{service}/{id}"))
    }

    pub(crate) fn task_definition(&self, revision: usize) -> String {
        self.arn("ecs", &format!("task-definition/{}:{revision}", self.place.service))
    }

    pub(crate) fn alarm(&self, name: &str) -> String {
        self.arn("cloudwatch", &format!("alarm:{name}"))
    }

    pub(crate) fn role(&self, name: &str) -> String {
        format!("arn:aws:iam::{}:role/{name}", self.place.account)
    }

    pub(crate) fn image(&self, tag: &str) -> String {
        let Place { account, region, service, .. } = &self.place;
        format!("{account}.dkr.ecr.{region}.amazonaws.com/{service}:{tag}")
    }

    /// The id of the service as the target of deployments.
    pub(crate) fn service_target(&self) -> String {
        format!("{}:{}", self.place.cluster, self.place.service)
    }
}
