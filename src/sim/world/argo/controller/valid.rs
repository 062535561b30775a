//! What is asked for and cannot be brought out, in the controller's words.

use super::super::Argo;
use super::super::shape::{Canary, Spec};
use super::Kind;

/// What is wrong with a Rollout that cannot be brought out.
pub(super) fn problem(argo: &Argo, spec: &Spec) -> Option<String> {
    let services = match (&spec.strategy.blue_green, &spec.strategy.canary) {
        (Some(_), Some(_)) => {
            let problem = "spec.strategy.strategy: Invalid value: \"blueGreen, canary\": Multiple \
                           Strategies can not be listed";
            return Some(problem.to_owned());
        }
        (None, None) => {
            let problem = "spec.strategy.strategy: Required value: Rollout has missing field \
                           '.spec.strategy.canary or .spec.strategy.blueGreen'";
            return Some(problem.to_owned());
        }
        (Some(one), None) => vec![
            ("blueGreen.activeService", Some(one.active_service.as_str())),
            ("blueGreen.previewService", one.preview_service.as_deref()),
        ],
        (None, Some(one)) => {
            let pair = one.ping_pong.as_ref();
            vec![
                ("canary.stableService", one.stable_service.as_deref()),
                ("canary.canaryService", one.canary_service.as_deref()),
                ("canary.pingPong.pingService", pair.map(|pair| pair.ping_service.as_str())),
                ("canary.pingPong.pongService", pair.map(|pair| pair.pong_service.as_str())),
            ]
        }
    };
    let missing = services.into_iter().find_map(|(field, name)| {
        let name = name.filter(|name| argo.store.get(Kind::Service, name).is_none())?;
        Some(format!(
            "spec.strategy.{field}: Invalid value: \"{name}\": service \"{name}\" not found"
        ))
    });
    missing.or_else(|| steps(spec.strategy.canary.as_ref()?))
}

/// What only some routers can do, or none.
fn steps(canary: &Canary) -> Option<String> {
    let field = |field: &str, text: &str| Some(format!("spec.strategy.canary.{field}: {text}"));
    let routing = canary.traffic_routing.as_ref();
    if canary.dynamic_stable_scale {
        let why = match (routing, canary.scale_down_delay_seconds) {
            (None, _) => "can only be used with traffic routing",
            (Some(_), Some(_)) => "cannot be used with scaleDownDelaySeconds",
            (Some(_), None) => "",
        };
        if !why.is_empty() {
            let text = format!("Invalid value: true: Canary dynamicStableScale {why}");
            return field("dynamicStableScale", &text);
        }
    }
    canary.steps.iter().enumerate().find_map(|(index, step)| {
        if step.set_canary_scale.is_some() && routing.is_none() {
            let text = "Required value: SetCanaryScale requires TrafficRouting to be set";
            return field("trafficRouting", text);
        }
        if step.set_mirror_route.is_some() {
            let text = "Invalid value: {}: SetMirrorRoute requires TrafficRouting, supports Istio only";
            return field(&format!("steps[{index}].setMirrorRoute"), text);
        }
        let route = step.set_header_route.as_ref()?;
        let named = format!("steps[{index}].setHeaderRoute");
        if routing.is_none_or(|routing| routing.alb.is_none()) {
            let text = "Invalid value: {}: SetHeaderRoute requires TrafficRouting, supports Istio and \
                        ALB and Apisix";
            return field(&named, text);
        }
        match routing.and_then(|routing| routing.managed_routes.as_ref()) {
            None => field(
                "trafficRouting.managedRoutes",
                "Required value: Rollout has missing field 'spec.strategy.canary.trafficRouting.managedRoutes'",
            ),
            Some(known) if known.iter().all(|one| one.name != route.name) => {
                let text = "Steps define a route that does not exist in \
                            spec.strategy.canary.trafficRouting.managedRoutes";
                field(&named, &format!("Invalid value: \"{}\": {text}", route.name))
            }
            Some(_) => None,
        }
    })
}
