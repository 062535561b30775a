//! The steps of a canary, as its controller reads them.

use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::Value as Json;

use super::shape::Analysis;

/// One of these.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Step {
    pub(super) set_weight: Option<u32>,
    pub(super) pause: Option<Pause>,
    pub(super) analysis: Option<Analysis>,
    pub(super) experiment: Option<Json>,
    pub(super) set_canary_scale: Option<CanaryScale>,
    pub(super) set_header_route: Option<HeaderRoute>,
    pub(super) set_mirror_route: Option<MirrorRoute>,
}

impl Step {
    /// What the controller calls it.
    pub(super) fn named(&self) -> String {
        if let Some(weight) = self.set_weight {
            return format!("setWeight: {weight}");
        }
        if let Some(pause) = &self.pause {
            let span = pause.duration().map(|span| format!(": {}s", span.as_secs()));
            return format!("pause{}", span.unwrap_or_default());
        }
        if let Some(scale) = &self.set_canary_scale {
            return scale.named();
        }
        if let Some(route) = &self.set_header_route {
            return format!("setHeaderRoute: {}", route.name);
        }
        if let Some(route) = &self.set_mirror_route {
            return format!("setMirrorRoute: {}", route.name);
        }
        let what =
            [("experiment", self.experiment.is_some()), ("analysis", self.analysis.is_some())];
        what.into_iter().find(|(_, is)| *is).map_or("invalid", |(name, _)| name).to_owned()
    }
}

/// How many pods the new version has, whatever its weight.
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct CanaryScale {
    pub(super) replicas: Option<u32>,
    pub(super) weight: Option<u32>,
    pub(super) match_traffic_weight: bool,
}

impl CanaryScale {
    fn named(self) -> String {
        let what = match (self.weight, self.match_traffic_weight, self.replicas) {
            (Some(weight), ..) => format!("weight: {weight}"),
            (None, true, _) => "matchTrafficWeight: true".to_owned(),
            (None, false, Some(pods)) => format!("replicas: {pods}"),
            (None, false, None) => return "invalid".to_owned(),
        };
        format!("setCanaryScale{{{what}}}")
    }
}

/// Requests with these headers go to the new version, whatever its weight; without any the route is
/// taken away.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(super) struct HeaderRoute {
    pub(super) name: String,
    #[serde(rename = "match")]
    pub(super) matches: Option<Vec<HeaderMatch>>,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct HeaderMatch {
    pub(super) header_name: String,
    pub(super) header_value: HeaderValue,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(super) struct HeaderValue {
    pub(super) exact: String,
}

/// Requests are copied to the new version: no router that is known here can do that.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(super) struct MirrorRoute {
    pub(super) name: String,
}

/// A pause, without a duration until a person ends it.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(super) struct Pause {
    duration: Json,
}

impl Pause {
    pub(super) fn duration(&self) -> Option<SignedDuration> {
        match &self.duration {
            Json::Number(seconds) => seconds.as_i64().map(SignedDuration::from_secs),
            Json::String(text) => match text.parse::<i64>() {
                Ok(seconds) => Some(SignedDuration::from_secs(seconds)),
                Err(_) => text.parse().ok(),
            },
            _ => None,
        }
    }
}
