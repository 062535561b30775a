//! Routes for some requests, whatever the weights: those with certain headers go to the new version, or
//! copies of some are sent to it.
//!
//! No status tells of them. They follow from the steps: a step makes one, a step without a match takes it
//! away, and so do an abort, a promotion and a version without pods.

use serde_json::Value;

use crate::domain;
use crate::sources::argo::raw::{Canary, Route, Step};

use super::standing::current_step;
use super::view::View;

/// Those that are in force.
pub(super) fn routes(view: &View<'_>) -> Vec<domain::Route> {
    let strategy = &view.rollout.spec.strategy;
    let (Some(canary), None) = (&strategy.canary, &strategy.blue_green) else { return Vec::new() };
    let Some(routing) = &canary.traffic_routing else { return Vec::new() };
    let status = &view.rollout.status;
    let serves = view.set(view.current()).is_some_and(|set| set.status.available_replicas > 0);
    if !view.is_in_flight() || status.abort || status.promote_full || !serves || view.is_undo {
        return Vec::new();
    }
    let reached = current_step(view.rollout, canary).map_or(canary.steps.len(), |(at, _)| at);
    let mut found: Vec<domain::Route> = Vec::new();
    let mut has_pods = false;
    for step in canary.steps.iter().take(reached + 1) {
        has_pods |= gives_pods(step);
        for (route, copied, known) in [
            (&step.set_header_route, false, routing.knows_headers()),
            (&step.set_mirror_route, true, routing.knows_mirrors()),
        ] {
            let Some(route) = route else { continue };
            found.retain(|one| one.name != route.name);
            // What is made before there are pods is taken away again at the next look.
            if known && has_pods && !route.matches.is_empty() {
                let requests = requests(route, copied);
                found.push(domain::Route { name: route.name.clone(), requests, copied });
            }
        }
    }
    found
}

fn gives_pods(step: &Step) -> bool {
    let scaled = step.set_canary_scale.as_ref();
    let scaled = scaled.is_some_and(|scale| scale.replicas > Some(0) || scale.weight > Some(0));
    step.set_weight > Some(0) || scaled
}

/// What the step is called on the rail, and whether anything comes of it.
pub(super) fn label(canary: &Canary, route: &Route, copied: bool) -> String {
    let routing = canary.traffic_routing.as_ref();
    let known =
        routing.is_some_and(
            |routing| {
                if copied { routing.knows_mirrors() } else { routing.knows_headers() }
            },
        );
    match (known, route.matches.is_empty()) {
        (false, _) => format!("{}: the router has none", route.name),
        (true, true) => format!("{} ends", route.name),
        (true, false) => route.name.clone(),
    }
}

/// Which requests, in a few words.
fn requests(route: &Route, copied: bool) -> String {
    let words: Vec<String> = route.matches.iter().map(matched).collect();
    let all = words.join(" or ");
    match route.percentage.filter(|_| copied) {
        Some(share) if share < 100 => format!("{share} % of {all}"),
        Some(_) | None => all,
    }
}

fn matched(one: &Value) -> String {
    let text = |value: &Value| {
        let word = |kind: &str, mark: &str| Some(format!("{}{mark}", value[kind].as_str()?));
        word("exact", "")
            .or_else(|| word("prefix", "*"))
            .or_else(|| value["regex"].as_str().map(|regex| format!("/{regex}/")))
    };
    if let Some(name) = one["headerName"].as_str() {
        return format!("{name}: {}", text(&one["headerValue"]).unwrap_or("?".to_owned()));
    }
    let headers = one["headers"].as_object().into_iter().flatten();
    let headers = headers.map(|(name, value)| (name.as_str(), text(value)));
    let parts = [("", text(&one["method"])), ("", text(&one["path"]))].into_iter().chain(headers);
    let known = parts.filter_map(|(name, value)| {
        let value = value?;
        Some(if name.is_empty() { value } else { format!("{name}: {value}") })
    });
    let known: Vec<String> = known.collect();
    if known.is_empty() { "all requests".to_owned() } else { known.join(" ") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn said(route: Value, copied: bool) -> String {
        requests(&serde_json::from_value(route).unwrap(), copied)
    }

    #[test]
    fn the_requests_of_a_route_are_told_in_a_few_words() {
        let header = |name: &str, value: Value| json!({"headerName": name, "headerValue": value});
        let one = header("x-canary", json!({"exact": "yes"}));
        let other = header("agent", json!({"prefix": "probe"}));
        assert_eq!(said(json!({"name": "a", "match": [one]}), false), "x-canary: yes");
        let both = json!({"name": "a", "match": [one, other]});
        assert_eq!(said(both, false), "x-canary: yes or agent: probe*");
        let paths = json!([{"method": {"exact": "GET"}, "path": {"regex": "/v[12]"}}]);
        let copies = json!({"name": "a", "percentage": 35, "match": paths});
        assert_eq!(said(copies, true), "35 % of GET //v[12]/");
        assert_eq!(
            said(json!({"name": "a", "match": [{}, 7]}), true),
            "all requests or all requests"
        );
    }
}
