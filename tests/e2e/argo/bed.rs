//! The bed that is up: its cluster, its services, its measurements.

use std::path::PathBuf;
use std::process::Command;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use kube::Client;
use kube::config::{KubeConfigOptions, Kubeconfig};
use serde_json::Value;
use tokio::runtime::Runtime;

/// Stories run beside each other, but for those that take a service away from all.
static TURN: RwLock<()> = RwLock::new(());

/// A story's turn.
enum Turn {
    Beside { _held: RwLockReadGuard<'static, ()> },
    Alone { _held: RwLockWriteGuard<'static, ()> },
}

/// A bed that is up.
pub(crate) struct Bed {
    turn: Turn,
    runtime: Runtime,
    cluster: Client,
    measures: Client,
    pub(crate) prometheus: String,
}

/// What starts and stops its services.
const PROGRAM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/e2e/argo/bed/bed");

/// What a patch is sent as.
pub(crate) const MERGE: &str = "application/merge-patch+json";
const APPLY: &str = "application/apply-patch+yaml";

impl Bed {
    /// The bed, beside other stories.
    pub(crate) fn beside() -> Self {
        Self::open(Turn::Beside { _held: TURN.read().unwrap_or_else(PoisonError::into_inner) })
    }

    /// The bed for one story alone, which may take services away.
    pub(crate) fn alone() -> Self {
        Self::open(Turn::Alone { _held: TURN.write().unwrap_or_else(PoisonError::into_inner) })
    }

    fn open(turn: Turn) -> Self {
        let file = Self::kubeconfig("admin");
        let file = Kubeconfig::read_from(&file).unwrap_or_else(|error| {
            panic!("{error}: the bed is not up; `just e2e-argo` brings it up for the suite")
        });
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let ports = std::fs::read_to_string(Self::folder().join("ports")).unwrap();
        let url = |name: &str| {
            let port = ports.lines().find_map(|line| line.strip_prefix(&format!("{name}=")));
            format!("http://127.0.0.1:{}", port.unwrap())
        };
        let (cluster, measures) = runtime.block_on(async {
            let options = KubeConfigOptions::default();
            let config = kube::Config::from_custom_kubeconfig(file, &options).await.unwrap();
            let measures = kube::Config::new(url("MEASURES").parse().unwrap());
            (Client::try_from(config).unwrap(), Client::try_from(measures).unwrap())
        });
        Self { turn, runtime, cluster, measures, prometheus: url("PROMETHEUS") }
    }

    /// Where the bed keeps what it is while it is up.
    pub(crate) fn folder() -> PathBuf {
        let home = |name: &str| std::env::var_os(name).map(PathBuf::from);
        let cache = || home("XDG_CACHE_HOME").or_else(|| Some(home("HOME")?.join(".cache")));
        let bed = home("CUTOVER_BED").or_else(|| Some(cache()?.join("cutover/argo-bed")));
        bed.unwrap().join("run")
    }

    /// A program of the bed.
    pub(crate) fn program(name: &str) -> PathBuf {
        Self::folder().with_file_name("bin").join(name)
    }

    /// The way into the cluster as this user.
    pub(crate) fn kubeconfig(user: &str) -> PathBuf {
        Self::folder().join(format!("{user}.kubeconfig"))
    }

    /// Starts, stops, kills, pauses or resumes a service.
    pub(crate) fn service(&self, what: &str, name: &str) {
        assert!(matches!(self.turn, Turn::Alone { .. }), "{name} belongs to all stories");
        let status = Command::new(PROGRAM).args(["svc", what, name]).status().unwrap();
        assert!(status.success(), "{what} {name}");
    }

    /// Gives back what a story has taken away, also one that has failed.
    pub(crate) fn mend(&self) {
        if let Turn::Alone { .. } = self.turn {
            let _ = Command::new(PROGRAM).arg("mend").status();
        }
    }

    /// What the cluster answers; the status of its answer when it refuses, 0 when there is none.
    pub(crate) fn ask(
        &self,
        method: &str,
        path: &str,
        kind: &str,
        body: &Value,
    ) -> Result<Value, u16> {
        let body = if body.is_null() { Vec::new() } else { serde_json::to_vec(body).unwrap() };
        request(&self.runtime, &self.cluster, (method, path, kind), body)
    }

    /// Applies one document of YAML.
    pub(crate) fn apply(&self, path: &str, text: &str) {
        let path = format!("{path}?fieldManager=story&force=true");
        let asked = ("PATCH", path.as_str(), APPLY);
        request(&self.runtime, &self.cluster, asked, text.as_bytes().to_vec()).unwrap();
    }

    /// Sets what is measured.
    pub(crate) fn measure(&self, what: &str, value: &Value) {
        let path = format!("/{what}");
        let body = serde_json::to_vec(value).unwrap();
        let asked = ("POST", path.as_str(), "application/json");
        request(&self.runtime, &self.measures, asked, body).unwrap();
    }

    /// The address of the value that a `web` analysis reads.
    pub(crate) fn value_url(name: &str) -> String {
        let ports = std::fs::read_to_string(Self::folder().join("ports")).unwrap();
        let port = ports.lines().find_map(|line| line.strip_prefix("MEASURES=")).unwrap();
        format!("http://127.0.0.1:{port}/value/{name}")
    }
}

/// What a server answers; the status of its answer when it refuses, 0 when there is none.
pub(super) fn request(
    runtime: &Runtime,
    client: &Client,
    (method, path, kind): (&str, &str, &str),
    body: Vec<u8>,
) -> Result<Value, u16> {
    let request = http::Request::builder()
        .method(method)
        .uri(path)
        .header("Content-Type", kind)
        .body(body)
        .unwrap();
    match runtime.block_on(client.request::<Value>(request)) {
        Ok(answer) => Ok(answer),
        Err(kube::Error::Api(status)) => Err(status.code),
        Err(_) => Err(0),
    }
}
