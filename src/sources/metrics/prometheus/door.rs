//! How a Prometheus is reached: a Service of the cluster through its API server, or a URL.

use serde::Deserialize;

use crate::domain::{Fault, FaultKind, PrometheusAddress};
use crate::sources::argo::Cluster;

use super::series::Series;

/// A way to a Prometheus.
#[derive(Clone)]
pub(super) struct Door {
    cluster: Cluster,
    /// What its paths begin with.
    prefix: String,
    operation: &'static str,
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
    pub(super) fn open(address: &PrometheusAddress, cluster: &Cluster) -> Result<Self, Fault> {
        Ok(match address {
            PrometheusAddress::Service { namespace, service } => Self {
                cluster: cluster.clone(),
                prefix: format!("/api/v1/namespaces/{namespace}/services/{service}/proxy"),
                operation: "kubernetes:get services/proxy",
            },
            PrometheusAddress::Url(url) => {
                let path = http::Uri::try_from(url).map(|url| url.path().to_owned());
                Self {
                    cluster: cluster.beside(url)?,
                    prefix: path.unwrap_or_default().trim_end_matches('/').to_owned(),
                    operation: "prometheus:query_range",
                }
            }
        })
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
            .finish();
        let path = format!("{}/api/v1/query_range?{parameters}", self.prefix);
        match self.cluster.read::<Answer>(self.operation, &path).await {
            Ok(answer) => Ok(answer.data.result),
            Err(fault) => Err(explained(fault)),
        }
    }
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
