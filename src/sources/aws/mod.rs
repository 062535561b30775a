//! How AWS is reached: credentials, endpoints, time limits, and one client a service.
//!
//! Reads give up soon and retry once: the next poll is the real retry. What changes something is
//! sent by a client of its own that never retries, and that does not exist in read-only mode.

mod clients;
mod interceptor;
mod login;
mod roles;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_config::{AppName, BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use jiff::{SignedDuration, Timestamp};

use crate::domain::{Fault, OneTimeCode, Prometheus, Sides};
use crate::stats::Configs;

use super::argo::{Cluster, Clusters};
use super::backend::AwsTime;
use super::limiter::Limiter;
use super::weighted::Memory;
pub(super) use clients::{Changes, Reads};
use clients::{Elsewhere, changes, reads};
use interceptor::Guard;
use login::Login;
pub(super) use roles::CodeWanted;

/// How long after an order the control plane is asked more often, in AWS time.
const URGENT: SignedDuration = SignedDuration::from_secs(30);

/// Where to look and in whose name.
#[derive(Clone)]
pub struct AwsOptions {
    /// The profile of the AWS configuration; the SDK's own choice when absent.
    pub profile: Option<String>,
    /// The Region; the SDK's own choice when absent.
    pub region: Option<String>,
    /// The simulator on this machine instead of AWS.
    pub loopback: Option<Loopback>,
    /// What is watched is in a cluster, so that a Region may be absent.
    pub cluster_only: bool,
    /// Build nothing that could change anything.
    pub read_only: bool,
    /// What time it is.
    pub time: Arc<dyn AwsTime>,
    /// Spreads the polls of several programs, so that they do not ask in step.
    pub seed: u64,
    /// How green is judged, for each target: it decides what has to be measured.
    pub verdicts: Configs,
    /// Where the request metrics of rollouts in a cluster come from.
    pub prometheus: Option<Prometheus>,
    /// What a person has said about the sides of targets.
    pub sides: Sides,
}

impl AwsOptions {
    /// A simulator, and everything else as it is where nobody says anything.
    pub fn simulated(loopback: Loopback, time: Arc<dyn AwsTime>) -> Self {
        Self {
            profile: None,
            region: None,
            loopback: Some(loopback),
            cluster_only: false,
            read_only: false,
            time,
            seed: 0,
            verdicts: Configs::default(),
            prometheus: None,
            sides: Sides::default(),
        }
    }
}

/// A server on this machine that pretends to be AWS. Nothing else can be reached through it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loopback {
    address: SocketAddr,
    region: String,
    /// The most time that any call may take, where that is less than usual.
    patience: Option<Duration>,
}

impl Loopback {
    /// The server at `address`, if that is on this machine.
    pub fn new(address: SocketAddr, region: impl Into<String>) -> Result<Self, ConnectError> {
        if address.ip().is_loopback() {
            Ok(Self { address, region: region.into(), patience: None })
        } else {
            Err(ConnectError::NotLoopback(address))
        }
    }

    /// The same, whose calls may take this long at most: a simulator that hangs on purpose need not
    /// be waited for as long as AWS is.
    #[must_use]
    pub fn impatient(self, patience: Duration) -> Self {
        Self { patience: Some(patience), ..self }
    }
}

/// Why AWS cannot be asked at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// No Region was given anywhere.
    #[error(
        "no AWS Region is set\n\nhint: --region REGION, AWS_REGION, or a region in the profile"
    )]
    NoRegion,
    /// The simulator's address is not on this machine.
    #[error(
        "{0} is not on this machine, so it is no simulator's address\n\nhint: 127.0.0.1 or [::1]"
    )]
    NotLoopback(SocketAddr),
}

/// An account and Region with the clients to ask and to act there. Clones share everything.
#[derive(Clone)]
pub struct Aws(Arc<Inner>);

struct Inner {
    reads: Reads,
    changes: Option<Changes>,
    /// Who can be told a device's code; nobody for a simulator.
    login: Option<Login>,
    /// Whoever needs to sign what no client of the SDK sends.
    credentials: Option<SharedCredentialsProvider>,
    limits: Limiter,
    region: String,
    time: Arc<dyn AwsTime>,
    seed: u64,
    verdicts: Configs,
    prometheus: Option<Prometheus>,
    sides: Sides,
    /// When the last order was sent.
    ordered: Mutex<Option<Timestamp>>,
    /// The clusters that a way was found into.
    clusters: Clusters,
    /// The clients of other Regions that were needed so far.
    elsewhere: Mutex<BTreeMap<String, Elsewhere>>,
    /// What is known of weights that a person sets, by all who watch them and send orders.
    weighted: Memory,
}

/// Reads the AWS configuration and builds the clients. Nothing is asked yet: a login that does not
/// work is found by the first question and may still be repaired while the program runs.
pub async fn connect(options: AwsOptions) -> Result<Aws, ConnectError> {
    if let Some(loopback) = &options.loopback {
        return assemble(&pretended(loopback), None, options);
    }
    let (profile, region) = (options.profile.clone(), options.region.clone());
    let (config, login) = Login::configure(profile, region, options.time.clone()).await;
    assemble(&config, Some(login), options)
}

/// An account whose requests a function answers instead of a server.
#[cfg(any(fuzzing, test))]
pub(super) fn answered_by(
    options: AwsOptions,
    client: impl aws_smithy_runtime_api::client::http::HttpClient + 'static,
) -> Option<Aws> {
    let config = pretended(options.loopback.as_ref()?);
    assemble(&config.to_builder().http_client(client).build(), None, options).ok()
}

/// The clients, as they are configured.
fn assemble(
    config: &SdkConfig,
    login: Option<Login>,
    options: AwsOptions,
) -> Result<Aws, ConnectError> {
    let region = match config.region() {
        Some(region) => region.to_string(),
        None if options.cluster_only => String::new(),
        None => return Err(ConnectError::NoRegion),
    };
    let guard = Guard::new(options.time.clone(), options.loopback.is_some());
    let whose = options.profile.as_deref().unwrap_or("default");
    let patience = options.loopback.as_ref().and_then(|loopback| loopback.patience);
    let reads = reads(config, &guard, &format!("{whose}/{region}"), patience);
    let changes = (!options.read_only).then(|| changes(config, &guard.that_changes(), patience));
    let AwsOptions { time, seed, verdicts, prometheus, sides, loopback, .. } = options;
    Ok(Aws(Arc::new(Inner {
        reads,
        changes,
        login,
        credentials: config.credentials_provider(),
        limits: Limiter::default(),
        region,
        time,
        seed,
        verdicts,
        prometheus,
        sides,
        ordered: Mutex::default(),
        clusters: Clusters::new(loopback.map(|loopback| loopback.address)),
        elsewhere: Mutex::default(),
        weighted: Memory::default(),
    })))
}

/// The configuration for a simulator: all of it is here, nothing comes from files or environment.
fn pretended(loopback: &Loopback) -> SdkConfig {
    let nobody = Credentials::new("AKIDEXAMPLE", "simulated", None, None, "simulator");
    let mut config = SdkConfig::builder();
    config.set_app_name(app_name());
    config
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(loopback.region.clone()))
        .endpoint_url(format!("http://{}", loopback.address))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .credentials_provider(SharedCredentialsProvider::new(nobody))
        .build()
}

/// How CloudTrail names this program.
fn app_name() -> Option<AppName> {
    AppName::new("cutover").ok()
}

impl Aws {
    pub(super) fn reads(&self) -> &Reads {
        &self.0.reads
    }

    /// The clients of another Region than the one that is watched; nothing when it is that one.
    fn elsewhere(&self, region: Option<&str>) -> Option<Elsewhere> {
        let region = region.filter(|region| *region != self.0.region)?;
        let mut known = self.0.elsewhere.lock().unwrap_or_else(PoisonError::into_inner);
        let make = || Elsewhere::like(&self.0.reads, region);
        Some(known.entry(region.to_owned()).or_insert_with(make).clone())
    }

    /// CloudWatch in a Region; in the one that is watched without.
    pub(super) fn cloudwatch(&self, region: Option<&str>) -> aws_sdk_cloudwatch::Client {
        match self.elsewhere(region) {
            Some(there) => there.cloudwatch,
            None => self.0.reads.cloudwatch.clone(),
        }
    }

    /// Elastic Load Balancing in a Region; in the one that is watched without.
    pub(super) fn elb(&self, region: Option<&str>) -> aws_sdk_elasticloadbalancingv2::Client {
        match self.elsewhere(region) {
            Some(there) => there.elb,
            None => self.0.reads.elb.clone(),
        }
    }

    /// CloudWatch Logs in a Region; in the one that is watched without.
    pub(super) fn logs(&self, region: Option<&str>) -> aws_sdk_cloudwatchlogs::Client {
        match self.elsewhere(region) {
            Some(there) => there.logs,
            None => self.0.reads.logs.clone(),
        }
    }

    /// The clients that change something; nothing in read-only mode.
    pub(super) fn changes(&self) -> Option<&Changes> {
        self.0.changes.as_ref()
    }

    /// The device whose code is wanted before anything can be asked, if one is.
    pub fn device(&self) -> Option<&str> {
        self.0.login.as_ref().and_then(Login::device)
    }

    /// Takes the code of that device; the next question uses it.
    pub fn present(&self, code: OneTimeCode) {
        if let Some(login) = &self.0.login {
            login.present(code);
        }
    }

    /// The credentials of the caller, where there are any.
    pub(super) fn credentials(&self) -> Option<SharedCredentialsProvider> {
        self.0.credentials.clone()
    }

    /// How much slower than usual each service is asked.
    pub(super) fn limits(&self) -> &Limiter {
        &self.0.limits
    }

    pub(super) fn time(&self) -> &dyn AwsTime {
        &*self.0.time
    }

    pub(super) fn now(&self) -> Timestamp {
        self.0.time.now()
    }

    /// How green is judged, for each target.
    pub(super) fn verdicts(&self) -> &Configs {
        &self.0.verdicts
    }

    /// Where the request metrics of rollouts in a cluster come from.
    pub(super) fn prometheus(&self) -> Option<&Prometheus> {
        self.0.prometheus.as_ref()
    }

    /// What a person has said about the sides of targets.
    pub(super) fn sides(&self) -> &Sides {
        &self.0.sides
    }

    pub(super) fn seed(&self) -> u64 {
        self.0.seed
    }

    /// The Region.
    pub fn region(&self) -> &str {
        &self.0.region
    }

    /// The way into a cluster: a context of the user's configuration, else the current one.
    pub(super) async fn cluster(&self, context: Option<&str>) -> Result<Cluster, Fault> {
        self.0.clusters.enter(context).await
    }

    /// What is known of weights that a person sets.
    pub(super) fn weighted(&self) -> &Memory {
        &self.0.weighted
    }

    /// Remembers that an order was sent just now.
    pub(super) fn note_order(&self) {
        let now = self.now();
        *self.0.ordered.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
    }

    /// Whether an order was sent so lately that its effect is being waited for.
    pub(super) fn is_urgent(&self, now: Timestamp) -> bool {
        let ordered = *self.0.ordered.lock().unwrap_or_else(PoisonError::into_inner);
        ordered.is_some_and(|at| now.duration_since(at) < URGENT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_simulator_is_on_this_machine_or_none() {
        for (address, fine) in [
            ("127.0.0.1:80", true),
            ("[::1]:80", true),
            ("10.0.0.1:80", false),
            ("0.0.0.0:80", false),
        ] {
            assert_eq!(
                Loopback::new(address.parse().unwrap(), "eu-west-1").is_ok(),
                fine,
                "{address}"
            );
        }
    }
}
