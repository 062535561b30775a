//! What is counted by Service: the question for one of them, and which answers are meant.

use jiff::Timestamp;

use super::series::{Labels, Series};
use crate::domain::Target;

/// The Services of a rollout, as those name them who count by Service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Services {
    /// What is watched.
    pub(crate) target: Target,
    /// Where they are.
    pub(crate) namespace: String,
    /// One or two, the one that ingresses lead to by themselves first.
    pub(crate) names: Vec<String>,
    /// The ingresses that everybody comes through, where they are known.
    pub(crate) ingresses: Vec<String>,
    /// When the rollout began; what blue did before is its history.
    pub(crate) began: Option<Timestamp>,
}

impl Services {
    /// The question for the counters that `selector` chooses, of one of the Services.
    pub(super) fn query(&self, selector: &str, by: &str, name: &str) -> String {
        let escaped = |name: &String| name.replace('.', "[.]");
        let ingresses: Vec<String> = self.ingresses.iter().map(escaped).collect();
        let ingresses = if ingresses.is_empty() { ".+".to_owned() } else { ingresses.join("|") };
        // A request that is led on has the names of where it came in, and this one beside them.
        let canary = match self.names.first() {
            Some(first) if first == name => String::new(),
            _ => format!("{}-{}-.+", self.namespace, escaped(&name.to_owned())),
        };
        let selector = selector
            .replace("$namespace", &self.namespace)
            .replace("$service", name)
            .replace("$ingress", &ingresses)
            .replace("$canary", &canary);
        format!("sum by ({by}) ({selector})")
    }

    /// The series of nginx that are about the rollout's own ingresses: others may bear the same name in
    /// another namespace, or lead other paths elsewhere.
    pub(super) fn own<'a>(&self, all: &'a [Series]) -> Vec<&'a Series> {
        let own = |labels: &Labels| {
            let (namespace, service) = labels.came_in();
            namespace == self.namespace && self.names.first().is_some_and(|first| first == service)
        };
        all.iter().filter(|series| own(&series.metric)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn services() -> Services {
        Services {
            target: "argo:shop/app".parse().unwrap(),
            namespace: "shop".into(),
            names: vec!["app-stable".into(), "app-canary".into()],
            ingresses: vec!["app".into(), "app.example".into()],
            began: None,
        }
    }

    #[test]
    fn nginx_names_the_service_that_a_request_was_led_on_to_beside_the_one_that_it_came_in_for() {
        let selector = "n{ingress=~\"$ingress\",canary=~\"$canary\"}";
        let query = |name| services().query(selector, "instance", name);
        let of = "n{ingress=~\"app|app[.]example\",canary=~";
        assert_eq!(query("app-stable"), format!("sum by (instance) ({of}\"\"}})"));
        let canary = "\"shop-app-canary-.+\"";
        assert_eq!(query("app-canary"), format!("sum by (instance) ({of}{canary}}})"));
        let own = services().query("x{svc=\"$service\"}", "instance", "app-canary");
        assert_eq!(own, "sum by (instance) (x{svc=\"app-canary\"})");
    }

    #[test]
    fn a_scraper_may_have_given_the_labels_other_names() {
        let series = |labels: &str| -> Series {
            serde_json::from_str(&format!("{{\"metric\":{{{labels}}},\"values\":[]}}")).unwrap()
        };
        let own = "\"namespace\":\"shop\",\"service\":\"app-stable\"";
        let exported = "\"namespace\":\"ingress-nginx\",\"exported_namespace\":\"shop\",\
                        \"service\":\"nginx-metrics\",\"exported_service\":\"app-stable\"";
        let all = [
            series(own),
            series(exported),
            series("\"namespace\":\"other\",\"service\":\"app-stable\""),
            series("\"namespace\":\"shop\",\"service\":\"images\""),
        ];
        let kept = services().own(&all).into_iter().cloned().collect::<Vec<_>>();
        assert_eq!(kept, all[..2]);
    }
}
