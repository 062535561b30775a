//! The target groups that lead to the Services of a rollout, and what CloudWatch counts of them.
//!
//! Which they are the controller knows where it verifies them, and the load balancer controller of AWS
//! everywhere: it keeps a `TargetGroupBinding` for each. A cluster that has none, or shows none, is
//! asked again after a while and is no trouble.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::domain::{At, Fault, FaultKind, Metrics, Origin, region_of};
use crate::sources::aws::Aws;
use crate::sources::metrics::{Measured, Meter, Owners, Span, Tenures};
use crate::sources::time::later;
use crate::sources::{balancer, measure};

use super::cluster::{Cluster, Resource};
use super::raw::{AlbStatus, Raw};
use super::translate::ByService;

/// For how long the groups are taken to stay what they are, and to stay away.
const STAYS: SignedDuration = SignedDuration::from_mins(5);
const OPERATION: &str = "kubernetes:list targetgroupbindings";

/// Which version each Service has led to, as far as that was heard.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ledger {
    services: BTreeMap<String, Tenures>,
    /// Until when that is known.
    heard: Option<Timestamp>,
}

impl Ledger {
    /// Takes in where the Services lead now.
    pub(crate) fn note(&mut self, raw: &Raw, now: Timestamp) {
        self.heard = raw.services.at();
        let Some(services) = raw.services.value() else { return };
        for name in raw.service_names() {
            let Some(service) = services.get(&name) else { continue };
            let Some(version) = service.hash() else { continue };
            let tenures = self.services.entry(name).or_default();
            match service.led_since() {
                Some(since) => tenures.note(since, version),
                None if tenures.last() == Some(version) => {}
                None => tenures.note(now, version),
            }
        }
    }

    fn tenures(&self, service: Option<&String>) -> Tenures {
        service.and_then(|name| self.services.get(name)).cloned().unwrap_or_default()
    }

    /// Who has the places of a rollout's Services, and until when that is known.
    pub(crate) fn owners(&self, by: &ByService) -> Option<(Owners, Timestamp)> {
        let [first, second] = [0, 1].map(|index| self.tenures(by.services.get(index)));
        first.last()?;
        let owners = Owners { places: [first, second], versions: by.versions.clone() };
        Some((owners, self.heard?))
    }
}

/// What is to be counted.
pub(crate) struct Counted {
    pub(crate) by: ByService,
    pub(crate) namespace: String,
    pub(crate) owners: Owners,
    /// Until when it is known who has the places.
    pub(crate) heard: Timestamp,
}

/// Finds the groups and reads what CloudWatch counts of them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Metering {
    found: Option<Found>,
    meter: Meter,
}

/// What was found, for whom, and when.
#[derive(Debug, Clone)]
struct Found {
    services: Vec<String>,
    verified: Option<AlbStatus>,
    result: Result<Measured, Fault>,
    at: Timestamp,
}

impl Metering {
    /// The metrics of both sides, and what was learnt.
    pub(crate) async fn read(
        mut self,
        aws: &Aws,
        cluster: &Cluster,
        what: Counted,
        window: u32,
    ) -> (Result<Metrics, Fault>, Self) {
        let (by, now) = (&what.by, aws.now());
        let fits = |found: &Found| {
            let same = found.services == by.services && found.verified == by.verified;
            same && now < later(found.at, STAYS)
        };
        let found = if let Some(found) = self.found.take().filter(fits) {
            found
        } else {
            let (services, verified) = (by.services.clone(), by.verified.clone());
            Found { services, verified, result: find(aws, cluster, &what).await, at: now }
        };
        let result = found.result.clone();
        // What passes by itself is tried again with the next question.
        self.found = Some(found).filter(|_| !result.as_ref().is_err_and(Fault::passes_by_itself));
        let measured = match result {
            Ok(measured) => measured,
            Err(fault) => return (Err(fault), self),
        };
        let config = aws.verdicts().of(&by.target);
        let span = Span::of_rollout(by.began, window, config.settle_seconds, what.heard.min(now));
        let asked = (measured, Some(&what.owners));
        let (result, meter) = self.meter.read_by(aws, asked, span, config).await;
        (result, Self { meter, ..self })
    }
}

fn absent(text: String) -> Fault {
    Fault::new(FaultKind::Absent, OPERATION, text)
}

/// Where CloudWatch counts what goes to the Services.
async fn find(aws: &Aws, cluster: &Cluster, what: &Counted) -> Result<Measured, Fault> {
    let services = &what.by.services;
    if let (Some(one), [_, _]) = (&what.by.verified, services.as_slice()) {
        let groups = [&one.stable_target_group.arn, &one.canary_target_group.arn];
        return measured(aws, &one.load_balancer.arn, &groups.map(String::as_str), services)
            .ok_or_else(|| absent(format!("`{}` is no load balancer", one.load_balancer.arn)));
    }
    let bindings = bindings(cluster, what).await?;
    let mut arns: Vec<String> = bindings.iter().flatten().cloned().collect();
    arns.sort_unstable();
    arns.dedup();
    let balancers = balancer::load_balancers(aws, arns).await?;
    let behind = |group: &String, balancer: &String| {
        balancers.get(group).is_some_and(|all| all.contains(balancer))
    };
    let mut candidates: Vec<&String> = balancers.values().flatten().collect();
    candidates.retain(|arn| arn.contains(":loadbalancer/app/"));
    candidates.sort_unstable();
    let whole = candidates.into_iter().find_map(|balancer| {
        let group = |groups: &Vec<String>| groups.iter().find(|one| behind(one, balancer)).cloned();
        let groups = bindings.iter().map(group).collect::<Option<Vec<String>>>()?;
        let groups: Vec<&str> = groups.iter().map(String::as_str).collect();
        measured(aws, balancer, &groups, services)
    });
    whole.ok_or_else(|| {
        absent(format!("no application load balancer leads to {}", services.join(" and ")))
    })
}

/// What CloudWatch calls the groups behind a load balancer.
fn measured(aws: &Aws, balancer: &str, groups: &[&str], services: &[String]) -> Option<Measured> {
    let region = region_of(balancer).filter(|region| *region != aws.region());
    let origin = |group: &&str| -> Option<Origin> {
        let Origin { at, .. } = measure::group(balancer, group)?;
        let at = match at {
            At::Balancer { group: Some(_), .. } => at,
            _ => return None,
        };
        Some(Origin { region: region.map(str::to_owned), at })
    };
    let places = groups.iter().map(origin).collect::<Option<Vec<_>>>()?;
    let mut places = places.into_iter();
    let found = Measured::new(places.next()?, places.next());
    Some(Measured { services: services.to_vec(), ..found })
}

/// The ARNs of the groups that lead to each Service.
async fn bindings(cluster: &Cluster, what: &Counted) -> Result<Vec<Vec<String>>, Fault> {
    let resource = Resource {
        path: format!(
            "/apis/elbv2.k8s.aws/v1beta1/namespaces/{}/targetgroupbindings",
            what.namespace
        ),
        plural: "targetgroupbindings",
        fields: None,
        labels: None,
    };
    let all = match cluster.list(&resource).await {
        Ok((all, _)) => all,
        Err(fault) => {
            let names = what.by.services.join(" and ");
            return Err(match fault.kind {
                FaultKind::NotFound => absent(format!(
                    "the cluster knows no TargetGroupBinding, so none leads to {names}"
                )),
                FaultKind::Denied { .. } => absent(format!(
                    "the target groups of {names} are not known: no permission for list \
                     targetgroupbindings (cutover rbac prints the rule)"
                )),
                _ => fault,
            });
        }
    };
    let of = |service: &String| {
        let groups = groups(&all, service, what.by.port);
        if groups.is_empty() {
            return Err(absent(format!("no TargetGroupBinding leads to {service}")));
        }
        Ok(groups)
    };
    what.by.services.iter().map(of).collect()
}

/// The ARNs of the groups that lead to a port of a Service, or to any where none leads to that.
fn groups(bindings: &[Value], service: &str, port: Option<u16>) -> Vec<String> {
    let text = |object: &Value, path: &str| {
        object.pointer(path).and_then(Value::as_str).map(str::to_owned)
    };
    let own = bindings
        .iter()
        .filter(|one| text(one, "/spec/serviceRef/name").as_deref() == Some(service));
    let own: Vec<&Value> = own.collect();
    let at_port = |one: &&&Value| {
        let bound = one.pointer("/spec/serviceRef/port").and_then(Value::as_u64);
        bound.is_some() && bound == port.map(u64::from)
    };
    let exact: Vec<&Value> = own.iter().filter(at_port).copied().collect();
    let chosen = if exact.is_empty() { own } else { exact };
    chosen.into_iter().filter_map(|one| text(one, "/spec/targetGroupARN")).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_binding_leads_to_a_port_of_a_service() {
        let binding = |service: &str, port: Value, arn: &str| json!({"spec": {"serviceRef": {"name": service, "port": port}, "targetGroupARN": arn}});
        let all = [
            binding("stable", json!(80), "a"),
            binding("stable", json!("metrics"), "b"),
            binding("canary", json!("http"), "c"),
            json!({"spec": 1}),
        ];
        assert_eq!(groups(&all, "stable", Some(80)), ["a"]);
        assert_eq!(groups(&all, "stable", None), ["a", "b"]);
        assert_eq!(groups(&all, "canary", Some(80)), ["c"]);
        assert!(groups(&all, "other", Some(80)).is_empty());
    }
}
