//! What there is in the cluster before anything is brought out.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};

use super::front::{Front, PORT};
use super::{Argo, Kind, Store};
use crate::sim::scenario::{self, Analysis, ArgoStrategy, CanaryStep, Release, Scenario};
use crate::sim::world::World;
use crate::sim::world::keys::ReleaseKey;
use crate::sim::world::names::Names;
use crate::sim::world::random::Seed;
use crate::sim::world::time::before;

/// How long before the story Prometheus began to count.
const SCRAPED: SignedDuration = SignedDuration::from_hours(4);
/// Which host the ingress is for.
const HOST: &str = "example.com";

impl Argo {
    /// A cluster whose Rollout asks for the founding release.
    pub(in crate::sim::world) fn new(
        config: scenario::Argo,
        (scenario, releases): (&Scenario, &[Release]),
        names: &Names,
        (seed, now, story): (Seed, Timestamp, Timestamp),
    ) -> Self {
        let place = &scenario.place;
        let mut argo = Self {
            store: Store::new(&place.application, seed),
            pods: Vec::new(),
            name: place.service.clone(),
            port: place.port,
            region: place.region.clone(),
            images: releases.iter().map(|release| names.image(&release.tag)).collect(),
            crashes: releases.iter().map(|release| release.crash.clone()).collect(),
            scraped_since: before(story, SCRAPED),
            front: None,
            config,
            seed,
            now,
            plans: Vec::new(),
            sets_at: None,
            reconcile_at: None,
            timer_at: None,
            said: 0,
            writes_until: None,
            stale: None,
            pools: BTreeMap::new(),
            serving: Vec::new(),
            gates: Vec::new(),
            still: Vec::new(),
            held: Vec::new(),
            values: BTreeMap::new(),
            written: None,
            heal_at: None,
        };
        argo.front = argo.config.alb.map(|alb| Front::new(alb, argo.roles(), names));
        argo.create_objects(place.desired, &scenario.blue.env);
        argo.react();
        argo
    }

    fn create_objects(&mut self, replicas: u32, env: &BTreeMap<String, String>) {
        let now = self.now;
        let namespace = self.store.namespace().to_owned();
        let space = json!({"metadata": {"name": namespace}, "status": {"phase": "Active"}});
        self.store.create(now, Kind::Namespace, space);
        match self.config.strategy {
            ArgoStrategy::BlueGreen { .. } | ArgoStrategy::Canary(_) => {}
            ArgoStrategy::Deployment => return self.create_deployment(replicas, env),
            ArgoStrategy::Bare => return,
        }
        let services = self.roles();
        for (index, name) in services.iter().enumerate() {
            let service = self.service(name, 40 + index);
            self.store.create(now, Kind::Service, service);
        }
        if let Some(front) = self.front.clone() {
            let ingress = balanced(&self.name, &services[0]);
            self.store.create(now, Kind::Ingress, ingress);
            for binding in front.bindings() {
                self.store.create(now, Kind::TargetGroupBinding, binding);
            }
        } else if matches!(self.config.strategy, ArgoStrategy::Canary(_)) {
            let ingress = ingress(&self.name, &services[0], &json!({}));
            self.store.create(now, Kind::Ingress, ingress);
        }
        if let Some(analysis) = self.config.analysis.clone() {
            self.store.create(now, Kind::AnalysisTemplate, analysis_template(&analysis));
        }
        let mut spec = json!({"replicas": replicas, "strategy": self.strategy()});
        if self.config.deployment {
            self.create_deployment(1, env);
            spec["workloadRef"] =
                json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": self.name});
        } else {
            spec["selector"] = self.selector();
            spec["template"] = self.founding(env);
        }
        let rollout = json!({"metadata": self.kept("argoproj.io/Rollout"), "spec": spec});
        self.store.create(now, Kind::Rollout, rollout);
    }

    fn create_deployment(&mut self, replicas: u32, env: &BTreeMap<String, String>) {
        let (selector, template) = (self.selector(), self.founding(env));
        let deployment = json!({
            "metadata": self.kept("apps/Deployment"),
            "spec": {"replicas": replicas, "selector": selector, "template": template},
        });
        self.store.create(self.now, Kind::Deployment, deployment);
    }

    fn selector(&self) -> Json {
        json!({"matchLabels": {"app": self.name}})
    }

    /// The template of the founding release.
    fn founding(&self, env: &BTreeMap<String, String>) -> Json {
        let image = self.images.first().cloned().unwrap_or_default();
        pod_template((&self.name, self.port), &image, env)
    }

    /// Its two Services, the one that has users at first.
    fn roles(&self) -> [String; 2] {
        let turns = self.config.alb.is_some_and(|alb| alb.takes_turns);
        let roles = match self.config.strategy {
            ArgoStrategy::BlueGreen { .. } => ["active", "preview"],
            ArgoStrategy::Canary(_) if turns => ["ping", "pong"],
            ArgoStrategy::Canary(_) | ArgoStrategy::Deployment | ArgoStrategy::Bare => {
                ["stable", "canary"]
            }
        };
        roles.map(|role| format!("{}-{role}", self.name))
    }

    fn service(&self, name: &str, number: usize) -> Json {
        let address = format!("172.20.17.{number}");
        json!({
            "metadata": {"name": name},
            "spec": {
                "clusterIP": address,
                "clusterIPs": [address],
                "internalTrafficPolicy": "Cluster",
                "ipFamilies": ["IPv4"],
                "ipFamilyPolicy": "SingleStack",
                "ports": [{"port": 80, "protocol": "TCP", "targetPort": self.port}],
                "selector": {"app": self.name},
                "sessionAffinity": "None",
                "type": "ClusterIP",
            },
            "status": {"loadBalancer": {}},
        })
    }

    fn strategy(&self) -> Json {
        let config = &self.config;
        let analysis = || {
            let name = config.analysis.as_ref().map(|analysis| analysis.name.clone());
            json!({
                "templates": [{"templateName": name}],
                "args": [{"name": "hash", "valueFrom": {"podTemplateHashValue": "Latest"}}],
            })
        };
        let [first, second] = self.roles();
        let mut strategy = match &config.strategy {
            ArgoStrategy::Deployment | ArgoStrategy::Bare => return Json::Null,
            ArgoStrategy::BlueGreen { promotes_after, analysis_before, analysis_after } => {
                let mut blue_green = json!({
                    "activeService": first,
                    "previewService": second,
                    "autoPromotionEnabled": promotes_after.is_some(),
                });
                if let Some(after) = promotes_after {
                    blue_green["autoPromotionSeconds"] = json!(after.as_secs());
                }
                if *analysis_before {
                    blue_green["prePromotionAnalysis"] = analysis();
                }
                if *analysis_after {
                    blue_green["postPromotionAnalysis"] = analysis();
                }
                json!({ "blueGreen": blue_green })
            }
            ArgoStrategy::Canary(steps) => {
                let step = |step: &CanaryStep| match step {
                    CanaryStep::Weight(weight) => json!({ "setWeight": weight }),
                    CanaryStep::Pause(span) => {
                        json!({"pause": {"duration": format!("{}s", span.as_secs())}})
                    }
                    CanaryStep::Wait => json!({"pause": {}}),
                    CanaryStep::Analysis => json!({ "analysis": analysis() }),
                    CanaryStep::Experiment(span) => self.experiment(*span),
                };
                let steps: Vec<Json> = steps.iter().map(step).collect();
                let mut canary = json!({"steps": steps, "trafficRouting": self.router()});
                if config.alb.is_some_and(|alb| alb.takes_turns) {
                    canary["pingPong"] = json!({"pingService": first, "pongService": second});
                } else {
                    canary["stableService"] = json!(first);
                    canary["canaryService"] = json!(second);
                }
                json!({ "canary": canary })
            }
        };
        for inner in strategy.as_object_mut().into_iter().flat_map(|one| one.values_mut()) {
            inner["scaleDownDelaySeconds"] = json!(config.scale_down_delay.as_secs());
            inner["abortScaleDownDelaySeconds"] = json!(config.abort_scale_down_delay.as_secs());
        }
        strategy
    }

    /// Who holds the weights of a canary.
    fn router(&self) -> Json {
        match &self.front {
            None => json!({"nginx": {"stableIngress": self.name}}),
            Some(front) => {
                json!({"alb": {"ingress": self.name, "rootService": front.services[0], "servicePort": PORT}})
            }
        }
    }

    /// A step in which a pod of each version runs beside the others.
    fn experiment(&self, span: SignedDuration) -> Json {
        let version = |name: &str, of: &str| json!({"name": name, "specRef": of, "replicas": 1});
        let analyses = self.config.analysis.iter().map(|analysis| {
            json!({
                "name": analysis.name,
                "templateName": analysis.name,
                "requiredForCompletion": true,
                "args": [{"name": "hash", "valueFrom": {"podTemplateHashValue": "Latest"}}],
            })
        });
        json!({"experiment": {
            "duration": format!("{}s", span.as_secs()),
            "templates": [version("baseline", "stable"), version("candidate", "canary")],
            "analyses": analyses.collect::<Vec<_>>(),
        }})
    }
}

/// An ingress of the load balancer controller of AWS: an action named after a Service leads on.
fn balanced(name: &str, service: &str) -> Json {
    let mut ingress =
        ingress(name, service, &json!({"alb.ingress.kubernetes.io/target-type": "ip"}));
    ingress["metadata"]["annotations"]["kubernetes.io/ingress.class"] = json!("alb");
    let port = &mut ingress["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"]["port"];
    *port = json!({"name": "use-annotation"});
    ingress
}

/// An ingress of nginx that leads to a Service.
pub(super) fn ingress(name: &str, service: &str, annotations: &Json) -> Json {
    let mut annotations = annotations.clone();
    annotations["kubernetes.io/ingress.class"] = json!("nginx");
    let backend = json!({"service": {"name": service, "port": {"number": 80}}});
    let host = name.split('-').next().unwrap_or(name);
    json!({
        "metadata": {"name": name, "annotations": annotations},
        "spec": {"rules": [{
            "host": format!("{host}.{HOST}"),
            "http": {"paths": [{"backend": backend, "path": "/", "pathType": "Prefix"}]},
        }]},
        "status": {"loadBalancer": {}},
    })
}

fn analysis_template(analysis: &Analysis) -> Json {
    json!({
        "metadata": {"name": analysis.name},
        "spec": {
            "args": [{"name": "hash"}],
            "metrics": [{
                "name": analysis.name,
                "count": analysis.count,
                "failureLimit": analysis.failure_limit,
                "initialDelay": format!("{}s", analysis.initial_delay.as_secs()),
                "interval": format!("{}s", analysis.interval.as_secs()),
                "provider": {"prometheus": {
                    "address": "http://prometheus.monitoring:9090",
                    "query": analysis.query,
                }},
                "successCondition": analysis.success,
            }],
        },
    })
}

fn pod_template((name, port): (&str, u16), image: &str, env: &BTreeMap<String, String>) -> Json {
    let variable = |(name, value): (&String, &String)| json!({"name": name, "value": value});
    json!({
        "metadata": {"labels": {"app": name}},
        "spec": {"containers": [{
            "name": name,
            "image": image,
            "env": env.iter().map(variable).collect::<Vec<_>>(),
            "ports": [{"containerPort": port, "protocol": "TCP"}],
            "resources": {},
        }]},
    })
}

/// The template of a release of the story.
pub(super) fn template(world: &World, release: ReleaseKey) -> Json {
    let place = &world.names.place;
    let Some(release) = world.releases.get(release.0) else { return Json::Null };
    let image = world.names.image(&release.tag);
    pod_template((&place.service, place.port), &image, &release.env)
}
