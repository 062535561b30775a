//! Who holds the weights of a canary, and what the controller has seen of it.

use serde::Deserialize;
use serde_json::Value;

use super::lenient;

/// Who holds the weights.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct TrafficRouting {
    #[serde(deserialize_with = "lenient")]
    pub(crate) max_traffic_weight: Option<u32>,
    istio: Option<Value>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) alb: Option<Alb>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) nginx: Option<Nginx>,
    apisix: Option<Value>,
    plugins: Option<Value>,
}

impl TrafficRouting {
    /// Whether one of them leads requests with certain headers to a version: the others take the step
    /// and do nothing, and newer controllers refuse it there.
    pub(crate) fn knows_headers(&self) -> bool {
        self.istio.is_some()
            || self.alb.is_some()
            || self.apisix.is_some()
            || self.plugins.is_some()
    }

    /// Whether one of them copies requests to a version.
    pub(crate) fn knows_mirrors(&self) -> bool {
        self.istio.is_some() || self.plugins.is_some()
    }
}

/// An ingress of the load balancer controller of AWS.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Alb {
    /// The port of both Services that it leads to.
    #[serde(deserialize_with = "lenient")]
    pub(crate) service_port: Option<u16>,
}

/// Ingresses of nginx.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Nginx {
    #[serde(deserialize_with = "lenient")]
    stable_ingress: String,
    #[serde(deserialize_with = "lenient")]
    stable_ingresses: Vec<String>,
}

impl Nginx {
    /// The ingresses that everybody comes through; the controller makes another one beside each.
    pub(crate) fn ingresses(&self) -> Vec<String> {
        let one = Some(&self.stable_ingress).filter(|name| !name.is_empty());
        self.stable_ingresses.iter().chain(one).cloned().collect()
    }
}

/// A load balancer and the target groups behind it. Its `fullName`s are not what CloudWatch calls
/// them: they lack `app/` and `targetgroup/`, which the ARNs have.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct AlbStatus {
    #[serde(deserialize_with = "lenient")]
    pub(crate) load_balancer: Arn,
    #[serde(deserialize_with = "lenient")]
    pub(crate) canary_target_group: Arn,
    #[serde(deserialize_with = "lenient")]
    pub(crate) stable_target_group: Arn,
}

/// Something in AWS.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Arn {
    #[serde(deserialize_with = "lenient")]
    pub(crate) arn: String,
}

/// Two Services that take turns in being the stable one.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct PingPong {
    pub(crate) ping_service: String,
    pub(crate) pong_service: String,
}
