//! One cluster: how it is reached, and its answers with their faults.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use kube::client::Client;
use kube::config::{ExecInteractiveMode, KubeConfigOptions, Kubeconfig};
use kube::core::Request;
use kube::core::params::{GetParams, ListParams, Patch, PatchParams, PostParams, WatchParams};
use kube::core::watch::WatchEvent;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use futures::{Stream, StreamExt};

use crate::domain::{Fault, FaultKind, Identity, nearest};

use super::answer::{chain, fault, silent, unbuilt};

/// How long one answer may take, and how long the way to the cluster: a login program such as
/// `aws eks get-token` is started for it and has no time limit of its own.
const ANSWER: Duration = Duration::from_secs(8);
const LOGIN: Duration = Duration::from_secs(30);
/// How long the server keeps a watch open, in seconds.
const WATCH_SECONDS: u32 = 290;
/// How many objects one page of a list holds.
const PAGE: u32 = 500;
/// Who the cluster's own records say changed something.
const MANAGER: &str = "cutover";

/// A cluster and who asks it. Clones share the connections.
#[derive(Clone)]
pub(crate) struct Cluster {
    client: Client,
    /// The name of the cluster, and of the user in the configuration file.
    name: String,
    user: String,
    /// A server on this machine stands for it, and for everything beside it.
    pretended: bool,
    /// This program runs in one of its pods.
    inside: bool,
}

/// The clusters that a way was found into, by the context that names them.
pub(crate) struct Clusters {
    /// A server on this machine that stands for all of them.
    loopback: Option<SocketAddr>,
    entered: Mutex<BTreeMap<Option<String>, Cluster>>,
}

impl Clusters {
    pub(crate) fn new(loopback: Option<SocketAddr>) -> Self {
        Self { loopback, entered: Mutex::default() }
    }

    /// The cluster of a context, or of the current one.
    pub(crate) async fn enter(&self, context: Option<&str>) -> Result<Cluster, Fault> {
        let context = context.map(str::to_owned);
        let known = || self.entered.lock().unwrap_or_else(PoisonError::into_inner);
        let entered = known().get(&context).cloned();
        if let Some(cluster) = entered {
            return Ok(cluster);
        }
        let cluster = Cluster::open(context.clone(), self.loopback).await?;
        known().insert(context, cluster.clone());
        Ok(cluster)
    }
}

/// Objects of one kind in one namespace: where they are and which of them.
#[derive(Debug, Clone)]
pub(crate) struct Resource {
    /// The path of the collection.
    pub(crate) path: String,
    /// What it is called in permissions.
    pub(crate) plural: &'static str,
    pub(crate) fields: Option<String>,
    pub(crate) labels: Option<String>,
}

/// A page of a list.
#[derive(serde::Deserialize)]
struct Page {
    #[serde(default)]
    metadata: PageMeta,
    #[serde(default)]
    items: Vec<Value>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct PageMeta {
    resource_version: String,
    #[serde(rename = "continue")]
    rest: String,
}

impl Cluster {
    /// Finds the way into a cluster: a context of the user's configuration, or a server on this
    /// machine that pretends to be one.
    async fn open(context: Option<String>, loopback: Option<SocketAddr>) -> Result<Self, Fault> {
        let opening = async {
            match loopback {
                Some(address) => pretended(address, context.as_deref()),
                None => real(context).await,
            }
        };
        match tokio::time::timeout(LOGIN, opening).await {
            Ok(opened) => opened,
            Err(_) => Err(Fault::new(FaultKind::Timeout, "kubernetes:login", "no login in 30 s")),
        }
    }

    /// All objects of a resource, and the version of the list.
    pub(crate) async fn list(&self, of: &Resource) -> Result<(Vec<Value>, String), Fault> {
        let operation = format!("list {}", of.plural);
        let mut found = Vec::new();
        let mut rest = None;
        loop {
            let params = ListParams {
                label_selector: of.labels.clone(),
                field_selector: of.fields.clone(),
                limit: Some(PAGE),
                continue_token: rest,
                ..ListParams::default()
            };
            let request = Request::new(&of.path).list(&params);
            let page: Page = self.ask(&operation, request).await?;
            found.extend(page.items);
            if page.metadata.rest.is_empty() {
                return Ok((found, page.metadata.resource_version));
            }
            rest = Some(page.metadata.rest);
        }
    }

    /// What changes in a resource from a version on, until the server ends the watch.
    pub(crate) async fn watch(
        &self,
        of: &Resource,
        version: &str,
    ) -> Result<impl Stream<Item = Result<WatchEvent<Value>, Fault>> + use<>, Fault> {
        let operation = format!("watch {}", of.plural);
        let params = WatchParams {
            label_selector: of.labels.clone(),
            field_selector: of.fields.clone(),
            timeout: Some(WATCH_SECONDS),
            bookmarks: true,
            send_initial_events: false,
        };
        let request = Request::new(&of.path).watch(&params, version);
        let request = request.map_err(|error| unbuilt(&operation, &error))?;
        let stream = answered(&operation, self.client.request_events::<Value>(request)).await?;
        Ok(stream.map(move |event| event.map_err(|error| fault(&operation, &error))))
    }

    /// One object.
    pub(crate) async fn get<T: DeserializeOwned>(
        &self,
        of: &Resource,
        name: &str,
    ) -> Result<T, Fault> {
        let request = Request::new(&of.path).get(name, &GetParams::default());
        self.ask(&format!("get {}", of.plural), request).await
    }

    /// Changes an object, once; the object as it is then.
    pub(crate) async fn patch(
        &self,
        of: &Resource,
        name: &str,
        subresource: Option<&str>,
        patch: &Patch<Value>,
    ) -> Result<Value, Fault> {
        let params =
            PatchParams { field_manager: Some(MANAGER.to_owned()), ..PatchParams::default() };
        let to = Request::new(&of.path);
        let (request, what) = match subresource {
            Some(part) => (to.patch_subresource(part, name, &params, patch), format!("/{part}")),
            None => (to.patch(name, &params, patch), String::new()),
        };
        self.ask(&format!("patch {}{what}", of.plural), request).await
    }

    /// Whether this program runs in one of its pods: names of Services lead to them then.
    pub(crate) fn is_inside(&self) -> bool {
        self.inside
    }

    /// A server beside the cluster, in nobody's name: where it is, without a path.
    pub(crate) fn beside(&self, url: &http::Uri) -> Result<Self, Fault> {
        if self.pretended {
            return Ok(self.clone());
        }
        let unusable = |text: String| Fault::new(FaultKind::Offline, "prometheus:connect", text);
        let mut root = url.clone().into_parts();
        root.path_and_query = Some(http::uri::PathAndQuery::from_static("/"));
        let root =
            http::Uri::from_parts(root).map_err(|error| unusable(format!("{url}: {error}")))?;
        let mut config = kube::Config::new(root);
        config.default_retry = false;
        let client = Client::try_from(config).map_err(|error| unusable(chain(&error)))?;
        let (name, user) = (String::new(), String::new());
        Ok(Self { client, name, user, pretended: false, inside: false })
    }

    /// What a path answers that is no object of the cluster; the request as it is sent.
    pub(crate) async fn read<T: DeserializeOwned>(
        &self,
        operation: &str,
        request: http::Request<Vec<u8>>,
    ) -> Result<T, Fault> {
        self.ask(operation, Ok(request)).await
    }

    /// What a path answers that is text.
    pub(crate) async fn text(
        &self,
        operation: &str,
        request: Result<http::Request<Vec<u8>>, kube::core::request::Error>,
    ) -> Result<String, Fault> {
        let request = request.map_err(|error| unbuilt(operation, &error))?;
        answered(operation, self.client.request_text(request)).await
    }

    /// In whose name the cluster is asked.
    pub(crate) async fn identity(&self, namespace: &str) -> Result<Identity, Fault> {
        let question =
            json!({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"});
        let path = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
        let answer = self.review("review the caller", path, &question).await;
        let user = match answer {
            Ok(answer) => answer["status"]["userInfo"]["username"].as_str().map(str::to_owned),
            // Clusters before 1.28 do not say; the name in the configuration file has to do.
            Err(fault) if fault.kind == FaultKind::NotFound => None,
            Err(fault) => return Err(fault),
        };
        Ok(Identity {
            account: self.name.clone(),
            arn: user.unwrap_or_else(|| self.user.clone()),
            region: namespace.to_owned(),
        })
    }

    /// Whether the caller may do `verb` with a resource such as `rollouts/status`.
    pub(crate) async fn may(
        &self,
        namespace: &str,
        verb: &str,
        group: &str,
        resource: &str,
    ) -> Result<bool, Fault> {
        let (resource, subresource) = resource.split_once('/').unwrap_or((resource, ""));
        let question = json!({
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": {
                "namespace": namespace, "verb": verb, "group": group,
                "resource": resource, "subresource": subresource,
            }},
        });
        let path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
        let answer = self.review("review an access", path, &question).await?;
        Ok(answer["status"]["allowed"].as_bool().unwrap_or(false))
    }

    async fn review(&self, operation: &str, path: &str, question: &Value) -> Result<Value, Fault> {
        let body = serde_json::to_vec(question).unwrap_or_default();
        let request = Request::new(path).create(&PostParams::default(), body);
        self.ask(operation, request).await
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        operation: &str,
        request: Result<http::Request<Vec<u8>>, kube::core::request::Error>,
    ) -> Result<T, Fault> {
        let request = request.map_err(|error| unbuilt(operation, &error))?;
        answered(operation, self.client.request::<T>(request)).await
    }
}

/// An answer, if it comes in the time that it may take.
async fn answered<T>(
    operation: &str,
    asking: impl Future<Output = Result<T, kube::Error>>,
) -> Result<T, Fault> {
    match tokio::time::timeout(ANSWER, asking).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => Err(fault(operation, &error)),
        Err(_) => Err(silent(operation)),
    }
}

/// A server on this machine: nothing comes from files. Each context has a path of its own there.
fn pretended(address: SocketAddr, context: Option<&str>) -> Result<Cluster, Fault> {
    const LOGIN: &str = "kubernetes:login";
    let path = context.map(|context| format!("/clusters/{}", context.replace('/', "%2F")));
    let url = format!("http://{address}{}", path.unwrap_or_default()).parse();
    let url = url.map_err(|_| Fault::new(FaultKind::Offline, LOGIN, "no such address"))?;
    let mut config = kube::Config::new(url);
    config.default_retry = false;
    let client = Client::try_from(config).map_err(|error| fault(LOGIN, &error))?;
    let (name, user) = (context.unwrap_or("simulated").to_owned(), "simulated".to_owned());
    Ok(Cluster { client, name, user, pretended: true, inside: false })
}

/// A context of the configuration file, else the cluster that this program runs in.
async fn real(context: Option<String>) -> Result<Cluster, Fault> {
    const LOGIN: &str = "kubernetes:login";
    let refused = |text: String| Fault::new(FaultKind::CredentialsMissing, LOGIN, text);
    let mut inside = false;
    let (mut config, name, user) = match Kubeconfig::read() {
        Ok(file) => {
            has_context(&file, context.as_deref()).map_err(refused)?;
            from_file(file, context).await.map_err(|error| refused(chain(&error)))?
        }
        Err(error) if context.is_some() => return Err(refused(chain(&error))),
        Err(error) => match kube::Config::incluster() {
            Ok(config) => {
                inside = true;
                (config, "this cluster".to_owned(), "service account".to_owned())
            }
            Err(_) => return Err(refused(chain(&error))),
        },
    };
    // A change is sent once; what is watched is asked for again here, with the reason on screen.
    config.default_retry = false;
    // The login program is started here and waited for.
    let made = tokio::task::spawn_blocking(move || Client::try_from(config)).await;
    match made {
        Ok(Ok(client)) => Ok(Cluster { client, name, user, pretended: false, inside }),
        Ok(Err(error)) => Err(fault(LOGIN, &error)),
        Err(error) => Err(refused(error.to_string())),
    }
}

/// Whether the file has a context of this name; else what to write.
fn has_context(file: &Kubeconfig, context: Option<&str>) -> Result<(), String> {
    let names = || file.contexts.iter().map(|named| named.name.as_str());
    let Some(context) = context.filter(|context| names().all(|name| name != *context)) else {
        return Ok(());
    };
    let hint = match nearest(context, names()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("it has {}", names().collect::<Vec<_>>().join(", ")),
    };
    Err(format!("the kubeconfig has no context `{context}`; {hint}"))
}

async fn from_file(
    mut file: Kubeconfig,
    context: Option<String>,
) -> Result<(kube::Config, String, String), kube::config::KubeconfigError> {
    for named in &mut file.auth_infos {
        if let Some(exec) = named.auth_info.as_mut().and_then(|info| info.exec.as_mut()) {
            // What a login program prints or asks would end up in the middle of the screen.
            exec.interactive_mode = Some(ExecInteractiveMode::Never);
        }
    }
    let chosen = context.clone().or_else(|| file.current_context.clone());
    let named = file.contexts.iter().find(|named| Some(&named.name) == chosen.as_ref());
    let entry = named.and_then(|named| named.context.as_ref());
    let cluster = entry.map(|entry| entry.cluster.clone()).unwrap_or_default();
    let user = entry.and_then(|entry| entry.user.clone()).unwrap_or_default();
    // `aws eks update-kubeconfig` names a cluster by its ARN; its last part is its name.
    let name = cluster.rsplit('/').next().unwrap_or_default().to_owned();
    let options = KubeConfigOptions { context, ..KubeConfigOptions::default() };
    let config = kube::Config::from_custom_kubeconfig(file, &options).await?;
    Ok((config, name, user))
}
