//! ARNs and names of the account.

use super::keys::Pool;
use super::random::Seed;
use crate::sim::scenario::Place;

/// The names that the seed and the scenario's place settle once.
#[derive(Debug, Clone)]
pub(crate) struct Names {
    pub(crate) place: Place,
    load_balancer_hex: String,
    production_hex: String,
    test_hex: String,
    /// Kept ready, as every question for a metric compares with them.
    pub(crate) target_group_arns: [String; 2],
    rule_hex: [String; 2],
    zone_hex: String,
}

/// One of the two listeners.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Door {
    /// Production traffic.
    Production,
    /// Test traffic.
    Test,
}

impl Names {
    /// The names of one world.
    pub(crate) fn new(place: Place, seed: Seed) -> Self {
        let hex = |what, index| seed.hex(what, index, 16);
        let Place { region, account, target_groups: [first, second], .. } = &place;
        let group = |index, name: &str| {
            let rest = format!("targetgroup/{name}/{}", hex("target group", index));
            format!("arn:aws:elasticloadbalancing:{region}:{account}:{rest}")
        };
        Self {
            target_group_arns: [group(0, first), group(1, second)],
            place,
            load_balancer_hex: hex("load balancer", 0),
            production_hex: hex("listener", 0),
            test_hex: hex("listener", 1),
            rule_hex: [hex("rule", 0), hex("rule", 1)],
            zone_hex: hex("vpc", 0),
        }
    }

    fn arn(&self, service: &str, rest: &str) -> String {
        let Place { region, account, .. } = &self.place;
        format!("arn:aws:{service}:{region}:{account}:{rest}")
    }

    fn elb(&self, kind: &str, rest: &str) -> String {
        let (name, hex) = (&self.place.load_balancer, &self.load_balancer_hex);
        self.arn("elasticloadbalancing", &format!("{kind}/app/{name}/{hex}{rest}"))
    }

    pub(crate) fn load_balancer(&self) -> String {
        self.elb("loadbalancer", "")
    }

    pub(crate) fn dns_name(&self) -> String {
        let Place { region, load_balancer, .. } = &self.place;
        let digits: u32 = self.load_balancer_hex.bytes().map(u32::from).sum();
        format!("{load_balancer}-{digits}.{region}.elb.amazonaws.com")
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
        self.elb("listener", &format!("/{}", self.listener_hex(door)))
    }

    pub(crate) fn rule(&self, door: Door) -> String {
        let rule = match door {
            Door::Production => &self.rule_hex[0],
            Door::Test => &self.rule_hex[1],
        };
        self.elb("listener-rule", &format!("/{}/{rule}", self.listener_hex(door)))
    }

    fn listener_hex(&self, door: Door) -> &str {
        match door {
            Door::Production => &self.production_hex,
            Door::Test => &self.test_hex,
        }
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
