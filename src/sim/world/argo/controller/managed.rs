//! Routes that steps make for requests with certain headers, whatever the weights. Of the two routers that
//! are known here only the load balancer of AWS has them.

use serde_json::{Value as Json, json};

use super::super::shape::Alb;
use super::super::steps::HeaderRoute;
use super::{Canary, Controller, Kind};

/// The annotations that begin the names of an action and of its conditions.
const ACTION: &str = "alb.ingress.kubernetes.io/actions.";
const CONDITION: &str = "alb.ingress.kubernetes.io/conditions.";

impl Controller<'_> {
    /// Makes the route of the present step, or takes all away where no request is to go to the new
    /// version any more.
    pub(super) fn manage_routes(&mut self, strategy: &Canary) {
        let Some(routing) = &strategy.traffic_routing else { return };
        let (Some(alb), Some(managed)) = (&routing.alb, &routing.managed_routes) else { return };
        let moved = self.is_in_flight() && !self.status.abort && !self.status.promote_full;
        if !moved || self.new.ready == 0 {
            for route in managed {
                self.take_away(alb, &route.name);
            }
        }
        let step = strategy.steps.get(self.index(strategy)).filter(|_| self.is_in_flight());
        if let Some(route) = step.and_then(|step| step.set_header_route.clone()) {
            self.set_header_route(strategy, alb, &route);
        }
    }

    fn set_header_route(&mut self, strategy: &Canary, alb: &Alb, route: &HeaderRoute) {
        let Some(matches) = &route.matches else { return self.take_away(alb, &route.name) };
        let (_, of_new) = self.services(strategy);
        let port = alb.service_port.to_string();
        let group = json!({"ServiceName": of_new, "ServicePort": port, "Weight": 100});
        let action = json!({"ForwardConfig": {"TargetGroups": [group]}, "Type": "forward"});
        let condition = |one: &super::super::steps::HeaderMatch| {
            let header = json!({
                "httpHeaderName": one.header_name, "values": [one.header_value.exact],
            });
            json!({"field": "http-header", "httpHeaderConfig": header})
        };
        let conditions: Vec<Json> = matches.iter().map(condition).collect();
        let name = route.name.clone();
        let backend = json!({"service": {"name": name, "port": {"name": "use-annotation"}}});
        let path = json!({"path": "/*", "pathType": "ImplementationSpecific", "backend": backend});
        self.argo.store.change(Kind::Ingress, &alb.ingress, |ingress| {
            let notes = &mut ingress["metadata"]["annotations"];
            notes[format!("{ACTION}{name}")] = json!(action.to_string());
            notes[format!("{CONDITION}{name}")] = json!(json!(conditions).to_string());
            for paths in paths(ingress) {
                if !paths.iter().any(|known| leads_to(known, &name)) {
                    paths.insert(0, path.clone());
                }
            }
        });
    }

    fn take_away(&mut self, alb: &Alb, name: &str) {
        self.argo.store.change(Kind::Ingress, &alb.ingress, |ingress| {
            if let Some(notes) = ingress["metadata"]["annotations"].as_object_mut() {
                notes.remove(&format!("{ACTION}{name}"));
                notes.remove(&format!("{CONDITION}{name}"));
            }
            for paths in paths(ingress) {
                paths.retain(|path| !leads_to(path, name));
            }
        });
    }
}

fn paths(ingress: &mut Json) -> impl Iterator<Item = &mut Vec<Json>> {
    let rules = ingress["spec"]["rules"].as_array_mut().into_iter().flatten();
    rules.filter_map(|rule| rule["http"]["paths"].as_array_mut())
}

fn leads_to(path: &Json, name: &str) -> bool {
    path["backend"]["service"]["name"] == name
}
