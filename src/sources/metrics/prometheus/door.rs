//! How a Prometheus is reached: a Service of the cluster, through its API server or from within; a
//! URL; a workspace of Amazon Managed Prometheus.

use http::Uri;
use serde::Deserialize;

use crate::domain::{Fault, FaultKind, PrometheusAddress};
use crate::sources::argo::Cluster;
use crate::sources::aws::Aws;

use super::series::Series;
use super::sign::Signer;

/// What a question to Amazon needs, as IAM spells it.
const AMAZON: &str = "aps:QueryMetrics";

/// A way to a Prometheus.
#[derive(Clone)]
pub(super) struct Door {
    cluster: Cluster,
    /// What its paths begin with.
    prefix: String,
    operation: &'static str,
    /// Who signs what is asked, where that is wanted.
    signer: Option<Signer>,
}

/// What Prometheus answers; a refusal comes with another status.
#[derive(Deserialize)]
struct Answer {
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    result: Vec<Series>,
}

/// What it refuses with.
#[derive(Deserialize)]
struct Refusal {
    #[serde(rename = "errorType")]
    kind: String,
    error: String,
}

impl Door {
    /// The way to `address`, which may lead through `cluster`.
    pub(super) fn open(
        address: &PrometheusAddress,
        aws: &Aws,
        cluster: &Cluster,
    ) -> Result<Self, Fault> {
        match address {
            PrometheusAddress::Service { namespace, service } => {
                let inside = || inside(namespace, service).filter(|_| cluster.is_inside());
                match inside() {
                    Some(url) => Self::beside(&url, cluster, "prometheus:query_range"),
                    None => Ok(Self {
                        cluster: cluster.clone(),
                        prefix: format!("/api/v1/namespaces/{namespace}/services/{service}/proxy"),
                        operation: "kubernetes:get services/proxy",
                        signer: None,
                    }),
                }
            }
            PrometheusAddress::Url(url) => Self::beside(url, cluster, "prometheus:query_range"),
            PrometheusAddress::Amazon { url, region } => {
                let signer = Some(Signer::new(aws, url, region)?);
                Ok(Self { signer, ..Self::beside(url, cluster, AMAZON)? })
            }
        }
    }

    fn beside(url: &str, cluster: &Cluster, operation: &'static str) -> Result<Self, Fault> {
        let uri = Uri::try_from(url).map_err(|error| {
            Fault::new(FaultKind::Offline, "prometheus:connect", format!("{url}: {error}"))
        })?;
        let prefix = uri.path().trim_end_matches('/').to_owned();
        Ok(Self { cluster: cluster.beside(&uri)?, prefix, operation, signer: None })
    }

    /// The operation as faults spell it.
    pub(super) fn operation(&self) -> &'static str {
        self.operation
    }

    /// The samples of `query` at the beginning of every minute of a range, its end included.
    pub(super) async fn range(
        &self,
        query: &str,
        (from, to): (i64, i64),
    ) -> Result<Vec<Series>, Fault> {
        let parameters = form_urlencoded::Serializer::new(String::new())
            .append_pair("query", query)
            .append_pair("start", &(60 * from).to_string())
            .append_pair("end", &(60 * to).to_string())
            .append_pair("step", "60")
            .finish()
            // A plus is a space in forms only; what is signed has to be the same for everybody.
            .replace('+', "%20");
        let path = format!("{}/api/v1/query_range?{parameters}", self.prefix);
        let request = http::Request::get(path).body(Vec::new()).map_err(|error| {
            let kind = FaultKind::Rejected { code: "not a request".to_owned() };
            Fault::new(kind, self.operation, error.to_string())
        })?;
        let request = match &self.signer {
            Some(signer) => signer.sign(request).await?,
            None => request,
        };
        match self.cluster.read::<Answer>(self.operation, request).await {
            Ok(answer) => Ok(answer.data.result),
            Err(fault) => Err(explained(fault)),
        }
    }
}

/// The URL of a Service from within its cluster; a port that has only a name is known to the API
/// server alone.
fn inside(namespace: &str, service: &str) -> Option<String> {
    let (name, port) = service.split_once(':')?;
    let port: u16 = port.parse().ok()?;
    Some(format!("http://{name}.{namespace}.svc:{port}"))
}

/// A refusal in Prometheus's own words.
fn explained(fault: Fault) -> Fault {
    match serde_json::from_str::<Refusal>(&fault.message) {
        Ok(Refusal { kind, error }) => {
            Fault { kind: FaultKind::Rejected { code: kind }, message: error, ..fault }
        }
        Err(_) => fault,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn within_a_cluster_a_service_has_a_name_of_its_own() {
        let url = inside("monitoring", "prometheus:9090");
        assert_eq!(url.as_deref(), Some("http://prometheus.monitoring.svc:9090"));
        assert_eq!(inside("monitoring", "prometheus:web"), None);
    }
}
