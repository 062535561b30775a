//! Where the request metrics of a rollout in a cluster are, and what they are called there.

/// A Prometheus and the counters that are read from it.
#[derive(Debug, Clone, PartialEq)]
pub struct Prometheus {
    /// How it is reached.
    pub address: PrometheusAddress,
    /// What its counters are told apart by.
    pub counted_by: CountedBy,
    /// All requests of one side: a PromQL selector of a counter, in which `$namespace` stands for the
    /// rollout's namespace, and `$pods` for a regular expression of pod names or `$service` for the
    /// name of a Service.
    pub requests: String,
    /// The ones among them that failed, in the same way.
    pub errors: String,
    /// The buckets of their latency, a counter with the label `le`; absent when there is none.
    pub latency: Option<String>,
    /// How many seconds a bucket's bound of 1 is.
    pub latency_unit: f64,
}

/// What counters are told apart by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CountedBy {
    /// The label `pod`.
    Pod,
    /// The Service, in a label that the selectors name.
    Service,
    /// Ingresses of nginx: `$ingress` stands for the names of those, and `$canary` for the name that they
    /// have for a Service to which a request is led on.
    Ingress,
}

/// How a Prometheus is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PrometheusAddress {
    /// A Service in the rollout's own cluster, through its API server.
    Service {
        /// The Service's namespace.
        namespace: String,
        /// Its name and port as the API server's proxy takes them: `NAME:PORT`.
        service: String,
    },
    /// A URL, from this machine.
    Url(String),
    /// A workspace of Amazon Managed Prometheus: its questions are signed.
    Amazon {
        /// The workspace's URL.
        url: String,
        /// The Region they are signed for.
        region: String,
    },
}

impl std::fmt::Display for PrometheusAddress {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Service { namespace, service } => write!(out, "{namespace}/{service}"),
            Self::Url(url) | Self::Amazon { url, .. } => out.write_str(url),
        }
    }
}
