//! Who holds the weights of a canary: an ingress of nginx, or one of the load balancer controller of AWS.

use serde_json::{Value as Json, json};

use super::super::birth;
use super::super::flow::WEIGHT;
use super::super::pods;
use super::super::shape::{Alb, Nginx, Weight, Weights};
use super::{Canary, Controller, Kind, Tone};

/// The annotation that begins the name of an action of the load balancer.
const ACTION: &str = "alb.ingress.kubernetes.io/actions.";

impl Controller<'_> {
    /// The Services of the stable and of the new version.
    pub(super) fn services(&self, strategy: &Canary) -> (String, String) {
        match &strategy.ping_pong {
            Some(pair) if self.status.canary.stable_ping_pong == "ping" => {
                (pair.ping_service.clone(), pair.pong_service.clone())
            }
            Some(pair) => (pair.pong_service.clone(), pair.ping_service.clone()),
            None => {
                let named = |service: &Option<String>| service.clone().unwrap_or_default();
                (named(&strategy.stable_service), named(&strategy.canary_service))
            }
        }
    }

    /// Leads the Services to their versions.
    pub(super) fn lead(&mut self, strategy: &Canary) {
        let stable = self.status.stable_rs.clone();
        let new = self.new.hash.clone();
        let (of_stable, of_new) = self.services(strategy);
        let held = self.status.canary.weights.as_ref().map_or(0, |weights| weights.canary.weight);
        let still = strategy.dynamic_stable_scale && held > 0;
        let aborted = self.status.abort && self.is_in_flight() && !still;
        if strategy.ping_pong.is_some() {
            // They take turns, so a Service never moves while it has requests.
            if self.is_in_flight() {
                self.select(&of_new, &new);
            }
            return;
        }
        let ready = |look: &Self, hash: &str| look.set(hash).is_some_and(|set| set.ready > 0);
        if !of_stable.is_empty() && ready(self, &stable) {
            self.select(&of_stable, &stable);
        }
        if of_new.is_empty() {
            return;
        }
        if !aborted {
            if ready(self, &new) {
                self.select(&of_new, &new);
            }
        } else if strategy.traffic_routing.is_some() && self.argo.is_bare() {
            // One part of the controller leads it to what is stable, another one to what is new, at
            // every look until the last pod of that is gone.
            let leads = self.selected(&of_new) == stable && ready(self, &new);
            self.select(&of_new, if leads { &new } else { &stable });
        } else {
            self.select(&of_new, &stable);
        }
    }

    /// Hands the weight over to whoever holds it, once what is stable can bear the rest.
    pub(super) fn route(&mut self, strategy: &Canary, weight: u32) {
        let Some(routing) = &strategy.traffic_routing else {
            self.status.canary.weights = None;
            return;
        };
        let stable = self.status.stable_rs.clone();
        let rest = self.spec.replicas() * (100 - weight) / 100;
        if self.set(&stable).is_none_or(|set| set.ready < rest) {
            return;
        }
        self.manage_routes(strategy);
        let new = self.left_behind(strategy).unwrap_or_else(|| self.new.hash.clone());
        let (of_stable, of_new) = self.services(strategy);
        if let Some(nginx) = &routing.nginx {
            self.route_nginx(nginx, &of_new, weight);
        }
        if let Some(alb) = &routing.alb {
            self.route_alb(alb, (&of_stable, &of_new), weight);
            self.verify(strategy, (&alb.ingress, [&of_stable, &of_new]), weight);
        }
        let held = self.status.canary.weights.as_ref().map(|weights| weights.canary.weight);
        if held != Some(weight) {
            let from = held.map(|held| format!("from {held} ")).unwrap_or_default();
            let what = format!("Traffic weight updated {from}to {weight}");
            self.argo.say(Tone::Normal, "TrafficWeightUpdated", &what);
        }
        let side = |hash: &str, service: String, weight| Weight {
            pod_template_hash: hash.to_owned(),
            service_name: service,
            weight,
        };
        self.status.canary.weights = Some(Weights {
            canary: side(&new, of_new, weight),
            stable: side(&stable, of_stable, 100 - weight),
        });
    }

    /// Writes the weight into an ingress of its own, which the controller makes if it is not there.
    fn route_nginx(&mut self, nginx: &Nginx, service: &str, weight: u32) {
        let name = self.argo.canary_ingress();
        let text = json!(weight.to_string());
        if self.argo.store.get(Kind::Ingress, &name).is_none() {
            let notes = json!({"nginx.ingress.kubernetes.io/canary": "true", WEIGHT: text});
            let mut ingress = birth::ingress(&name, service, &notes);
            let known = self.argo.store.get(Kind::Ingress, &nginx.stable_ingress);
            let host = known.map(|known| known["spec"]["rules"][0]["host"].clone());
            if let Some(host) = host.filter(|host| !host.is_null()) {
                ingress["spec"]["rules"][0]["host"] = host;
            }
            if let Some(owner) = self.argo.rollout() {
                ingress["metadata"]["ownerReferences"] = json!([pods::owner_reference(owner)]);
            }
            self.argo.store.create(self.argo.now, Kind::Ingress, ingress);
            let made = format!("Creating canary ingress `{name}` with weight `{weight}`");
            self.argo.say(Tone::Normal, "CreatingCanaryIngress", &made);
        }
        let set = |ingress: &mut Json| ingress["metadata"]["annotations"][WEIGHT] = text;
        if self.argo.store.change(Kind::Ingress, &name, set) {
            let what = format!("Updating Ingress `{name}` to desiredWeight '{weight}'");
            self.argo.say(Tone::Normal, "PatchingCanaryIngress", &what);
        }
    }

    /// Looks whether the load balancer holds the weight, where the controller is told to: at the steps
    /// that set one, at the end, and the first time of all.
    fn verify(&mut self, strategy: &Canary, (ingress, by): (&str, [&str; 2]), weight: u32) {
        let front = self.argo.front().filter(|front| front.config.verifies);
        let Some(seen) = front.map(|front| front.verified(ingress, by)) else { return };
        let step = strategy.steps.get(self.index(strategy));
        let sets = step.is_some_and(|step| step.set_weight.is_some()) || weight == 100;
        if (sets && self.is_in_flight()) || self.status.albs.is_empty() {
            self.status.alb = Some(seen.clone());
            self.status.albs = vec![seen];
        }
    }

    /// Writes both weights into an action of the ingress that is there.
    fn route_alb(&mut self, alb: &Alb, (stable, new): (&str, &str), weight: u32) {
        let group = |service: &str, weight: u32| {
            let port = alb.service_port.to_string();
            json!({"ServiceName": service, "ServicePort": port, "Weight": weight})
        };
        let action = json!({"Type": "forward", "ForwardConfig": {
            "TargetGroups": [group(new, weight), group(stable, 100 - weight)],
        }});
        let root = alb.root_service.as_deref().unwrap_or(stable);
        let (key, text) = (format!("{ACTION}{root}"), action.to_string());
        let set = |ingress: &mut Json| ingress["metadata"]["annotations"][&key] = json!(text);
        if self.argo.store.change(Kind::Ingress, &alb.ingress, set) {
            let what = format!("Updating Ingress `{}` to desiredWeight '{weight}'", alb.ingress);
            self.argo.say(Tone::Normal, "PatchingALBIngress", &what);
        }
    }
}
