//! Which Services requests are counted by, where it is not pods that are counted.

use jiff::Timestamp;

use crate::domain::{Side, Target};
use crate::sources::argo::Place;
use crate::sources::argo::raw::{AlbStatus, Nginx, Raw};
use crate::sources::metrics::Version;
use crate::sources::metrics::prometheus::Services;

use super::view::View;

/// A rollout whose requests are counted by Service.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ByService {
    /// What is watched.
    pub(crate) target: Target,
    /// Its Services, one or two.
    pub(crate) services: Vec<String>,
    /// A load balancer of AWS may lead to them.
    pub(crate) balanced: bool,
    /// The port of theirs that it leads to, where that is said.
    pub(crate) port: Option<u16>,
    /// A load balancer and the groups that lead to the Services, where the controller has verified
    /// them.
    pub(crate) verified: Option<AlbStatus>,
    /// The ingresses of nginx that lead to them, where these are named; nothing where there are none.
    pub(crate) ingresses: Option<Vec<String>>,
    /// The versions that are blue and green.
    pub(crate) versions: [Version; 2],
    /// When the rollout began.
    pub(crate) began: Option<Timestamp>,
}

impl ByService {
    /// The Services as a Prometheus names them.
    pub(crate) fn counted_in(self, namespace: &str) -> Services {
        Services {
            target: self.target,
            namespace: namespace.to_owned(),
            names: self.services,
            ingresses: self.ingresses.unwrap_or_default(),
            began: self.began,
        }
    }
}

/// How its requests can be counted by Service; nothing where they cannot, and before the controller has
/// made both versions.
///
/// Of a blue/green only the active Service is counted: the other one has no users. What the controller
/// has verified is by role; where two Services take turns it is that of the rollout before until the
/// first weight is set, so there it is not believed.
pub(crate) fn by_service(place: &Place, raw: &Raw) -> Option<ByService> {
    let object = raw.rollout()?;
    let strategy = &object.spec.strategy;
    let routing = strategy.canary.as_ref().map(|canary| canary.traffic_routing.as_ref());
    let alb = routing.map(|routing| routing.and_then(|one| one.alb.as_ref()));
    let nginx = routing.map(|routing| routing.and_then(|one| one.nginx.as_ref()));
    let takes_turns = strategy.canary.as_ref().is_some_and(|canary| canary.ping_pong.is_some());
    let services = strategy.counted_services();
    let whole = |one: &&AlbStatus| {
        let groups = [&one.load_balancer, &one.stable_target_group, &one.canary_target_group];
        groups.iter().all(|part| !part.arn.is_empty())
    };
    let view = View::of(raw, object);
    view.set(view.hash(Side::Green))?;
    let version = |hash: &String| Version {
        hash: hash.clone(),
        born: view.set(hash).and_then(|set| set.metadata.creation_timestamp),
    };
    (!services.is_empty()).then(|| ByService {
        target: place.target(),
        services,
        // Of a blue/green it is not said who leads to it.
        balanced: alb.is_none_or(|alb| alb.is_some()),
        port: alb.flatten().and_then(|alb| alb.service_port),
        ingresses: match nginx {
            None => Some(Vec::new()),
            Some(nginx) => nginx.filter(|_| !takes_turns).map(Nginx::ingresses),
        },
        verified: object.status.load_balancers().find(whole).filter(|_| !takes_turns).cloned(),
        versions: [version(&view.blue), version(&view.green)],
        began: view.set(view.current()).and_then(|set| set.metadata.creation_timestamp),
    })
}
