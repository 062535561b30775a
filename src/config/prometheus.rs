//! `[prometheus]`: where request metrics come from in a cluster, and what they are called there.

use serde::Deserialize;

use crate::domain::{CountedBy, Prometheus, PrometheusAddress};

/// What stands for the names of a side's pods.
const PODS: &str = "$pods";
/// What stands for the name of a Service.
const SERVICE: &str = "$service";

/// The table as it is written.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Written {
    address: String,
    region: Option<String>,
    preset: Option<Preset>,
    requests: Option<String>,
    errors: Option<String>,
    latency: Option<String>,
    latency_unit: Option<Unit>,
}

/// Counters whose names are well known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Preset {
    /// What most client libraries call them.
    Http,
    /// The proxies of Istio.
    Istio,
    /// The proxies of Linkerd.
    Linkerd,
    /// The ingress controller of Kubernetes that is made of nginx.
    Nginx,
}

/// The unit of the buckets' bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
enum Unit {
    #[serde(rename = "s")]
    Seconds,
    #[serde(rename = "ms")]
    Milliseconds,
}

impl Unit {
    fn seconds(self) -> f64 {
        match self {
            Unit::Seconds => 1.0,
            Unit::Milliseconds => 0.001,
        }
    }
}

impl Preset {
    /// The selectors of requests, errors and latency buckets, and the buckets' unit.
    fn selectors(self) -> (String, String, String, Unit) {
        let of = |name: &str, more: &str| {
            format!("{name}{{namespace=\"$namespace\",pod=~\"{PODS}\"{more}}}")
        };
        let nginx = |name: &str, more: &str| {
            let of = "ingress=~\"$ingress\",canary=~\"$canary\"";
            format!("nginx_ingress_controller_{name}{{{of}{more}}}")
        };
        match self {
            Preset::Http => (
                of("http_requests_total", ""),
                of("http_requests_total", ",code=~\"5..\""),
                of("http_request_duration_seconds_bucket", ""),
                Unit::Seconds,
            ),
            Preset::Istio => (
                of("istio_requests_total", ",reporter=\"destination\""),
                of("istio_requests_total", ",reporter=\"destination\",response_code=~\"5..\""),
                of("istio_request_duration_milliseconds_bucket", ",reporter=\"destination\""),
                Unit::Milliseconds,
            ),
            Preset::Linkerd => (
                of("response_total", ",direction=\"inbound\""),
                of("response_total", ",direction=\"inbound\",classification=\"failure\""),
                of("response_latency_ms_bucket", ",direction=\"inbound\""),
                Unit::Milliseconds,
            ),
            Preset::Nginx => (
                nginx("requests", ""),
                nginx("requests", ",status=~\"5..\""),
                nginx("request_duration_seconds_bucket", ""),
                Unit::Seconds,
            ),
        }
    }
}

/// The table, read and checked.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(try_from = "Written")]
pub struct PrometheusTable(pub Prometheus);

impl PrometheusTable {
    /// The usual names in the Prometheus at an address.
    pub fn usual(address: &str) -> Result<Self, String> {
        Self::try_from(Written {
            address: address.to_owned(),
            region: None,
            preset: None,
            requests: None,
            errors: None,
            latency: None,
            latency_unit: None,
        })
    }
}

impl TryFrom<Written> for PrometheusTable {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let address = signed(address(&written.address)?, written.region)?;
        let own = written.requests.is_some() || written.errors.is_some();
        if own && written.preset.is_some() {
            return Err("`preset` and selectors of your own exclude each other".to_owned());
        }
        let prometheus = match (written.requests, written.errors) {
            (Some(requests), Some(errors)) => Prometheus {
                address,
                counted_by: if requests.contains(SERVICE) {
                    CountedBy::Service
                } else {
                    CountedBy::Pod
                },
                requests,
                errors,
                latency: written.latency,
                latency_unit: written.latency_unit.unwrap_or(Unit::Seconds).seconds(),
            },
            (Some(_), None) => return Err("`requests` needs `errors` beside it".to_owned()),
            (None, Some(_)) => return Err("`errors` needs `requests` beside it".to_owned()),
            (None, None) => {
                let (requests, errors, latency, unit) =
                    written.preset.unwrap_or(Preset::Http).selectors();
                Prometheus {
                    address,
                    counted_by: match written.preset {
                        Some(Preset::Nginx) => CountedBy::Ingress,
                        Some(Preset::Http | Preset::Istio | Preset::Linkerd) | None => {
                            CountedBy::Pod
                        }
                    },
                    requests,
                    errors,
                    latency: Some(written.latency.unwrap_or(latency)),
                    latency_unit: written.latency_unit.unwrap_or(unit).seconds(),
                }
            }
        };
        let all =
            [Some(&prometheus.requests), Some(&prometheus.errors), prometheus.latency.as_ref()];
        let (wanted, words) = match prometheus.counted_by {
            CountedBy::Pod => (PODS, format!("{PODS} or {SERVICE}")),
            CountedBy::Service => (SERVICE, SERVICE.to_owned()),
            CountedBy::Ingress => ("$canary", "$canary".to_owned()),
        };
        for selector in all.into_iter().flatten() {
            if !selector.contains(wanted) {
                return Err(format!(
                    "`{selector}` is without {words}, so blue and green could not be told apart"
                ));
            }
        }
        Ok(Self(prometheus))
    }
}

/// Amazon's own addresses are signed for the Region in them, any other URL where a Region is given:
/// a private endpoint has a name of its own.
fn signed(address: PrometheusAddress, region: Option<String>) -> Result<PrometheusAddress, String> {
    let PrometheusAddress::Url(url) = address else {
        return match region {
            Some(_) => Err("`region` goes with the URL of Amazon Managed Prometheus".to_owned()),
            None => Ok(address),
        };
    };
    let host = url.split("://").nth(1).unwrap_or_default().split('/').next().unwrap_or_default();
    let own =
        host.strip_prefix("aps-workspaces.").and_then(|rest| rest.split_once(".amazonaws.com"));
    match region.or_else(|| own.map(|(region, _)| region.to_owned())) {
        Some(region) => Ok(PrometheusAddress::Amazon { url, region }),
        None => Ok(PrometheusAddress::Url(url)),
    }
}

/// A URL, or `NAMESPACE/SERVICE:PORT`.
fn address(text: &str) -> Result<PrometheusAddress, String> {
    if text.starts_with("http://") || text.starts_with("https://") {
        return Ok(PrometheusAddress::Url(text.trim_end_matches('/').to_owned()));
    }
    let is_name = |text: &str| {
        !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "-.".contains(c))
    };
    let wrong =
        || format!("`{text}` is no address of a Prometheus: write NAMESPACE/SERVICE:PORT or a URL");
    let (namespace, service) = text.split_once('/').ok_or_else(wrong)?;
    let (name, port) = service.split_once(':').ok_or_else(wrong)?;
    if ![namespace, name, port].into_iter().all(is_name) {
        return Err(wrong());
    }
    let (namespace, service) = (namespace.to_owned(), service.to_owned());
    Ok(PrometheusAddress::Service { namespace, service })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Prometheus, String> {
        toml::from_str::<PrometheusTable>(text)
            .map(|table| table.0)
            .map_err(|error| error.message().to_owned())
    }

    #[test]
    fn an_address_alone_takes_the_usual_names() {
        let read = read("address = \"monitoring/prometheus-server:80\"").unwrap();
        let PrometheusAddress::Service { namespace, service } = &read.address else {
            panic!("{read:?}")
        };
        assert_eq!((namespace.as_str(), service.as_str()), ("monitoring", "prometheus-server:80"));
        assert_eq!(read.requests, "http_requests_total{namespace=\"$namespace\",pod=~\"$pods\"}");
        assert!(read.errors.ends_with(",code=~\"5..\"}"));
        assert!((read.latency_unit - 1.0).abs() < f64::EPSILON);
    }

    #[test]
    fn amazon_s_own_addresses_are_signed_for_their_region() {
        let of = |text: &str| read(text).unwrap().address;
        let url = "https://aps-workspaces.eu-west-1.amazonaws.com/workspaces/ws-1";
        let amazon = |url: &str, region: &str| PrometheusAddress::Amazon {
            url: url.to_owned(),
            region: region.to_owned(),
        };
        assert_eq!(of(&format!("address = \"{url}/\"")), amazon(url, "eu-west-1"));
        let own = "https://metrics.internal/workspaces/ws-1";
        assert_eq!(of(&format!("address = \"{own}\"")), PrometheusAddress::Url(own.into()));
        let text = format!("address = \"{own}\"\nregion = \"us-east-1\"");
        assert_eq!(of(&text), amazon(own, "us-east-1"));
        let wrong = read("address = \"a/b:1\"\nregion = \"us-east-1\"").unwrap_err();
        assert!(wrong.contains("goes with the URL"), "{wrong}");
    }

    #[test]
    fn a_preset_knows_its_unit() {
        let read = read("address = \"http://localhost:9090/\"\npreset = \"istio\"").unwrap();
        assert_eq!(read.address, PrometheusAddress::Url("http://localhost:9090".into()));
        assert!((read.latency_unit - 0.001).abs() < f64::EPSILON);
    }

    #[test]
    fn requests_are_told_apart_by_pods_by_services_or_by_ingresses() {
        let by = |text: &str| read(&format!("address = \"http://x\"\n{text}")).unwrap().counted_by;
        assert_eq!(by(""), CountedBy::Pod);
        assert_eq!(by("preset = \"nginx\""), CountedBy::Ingress);
        let of = |name: &str| format!("{name} = \"a{{s='$service'}}\"\n");
        assert_eq!(by(&(of("requests") + &of("errors"))), CountedBy::Service);
        let mixed =
            format!("address = \"http://x\"\n{}errors = \"b{{pod=~'$pods'}}\"", of("requests"));
        assert!(read(&mixed).unwrap_err().contains("is without $service"));
    }

    #[test]
    fn what_cannot_work_is_refused_with_the_reason() {
        let with = |more: &str| read(&format!("address = \"http://x\"\n{more}")).unwrap_err();
        assert!(with("requests = \"a{pod=~'$pods'}\"").contains("needs `errors`"));
        assert!(with("requests = \"a\"\nerrors = \"b{pod=~'$pods'}\"").contains("told apart"));
        assert!(
            with("preset = \"http\"\nrequests = \"a\"\nerrors = \"b\"")
                .contains("exclude each other")
        );
        assert!(with("latency-unit = \"min\"").contains("unknown variant"));
        for address in ["", "prometheus", "ns/name", "ns/na me:80", "ns/:80", "ftp://x"] {
            let error = read(&format!("address = \"{address}\"")).unwrap_err();
            assert!(error.contains("NAMESPACE/SERVICE:PORT or a URL"), "{address}: {error}");
        }
    }
}
