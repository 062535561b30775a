//! A small API server on loopback: it plays recordings, and does with patches what a real one does.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use flate2::read::GzDecoder;
use futures::StreamExt;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::sync::watch;

use super::prometheus::{self, Counter};

/// The server. Clones share everything.
#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    shared: Arc<Mutex<Shared>>,
    /// How many changes there were; watches wait for more.
    grown: Arc<watch::Sender<usize>>,
}

#[derive(Default)]
struct Shared {
    /// By plural and name.
    objects: BTreeMap<(String, String), Value>,
    /// Every change: plural, type, object.
    changes: Vec<(String, &'static str, Value)>,
    /// What is still to be played: milliseconds, type, object.
    recording: Vec<(u64, bool, Value)>,
    /// Every request that was no watch: method, path, body.
    asked: Vec<(String, String, Value)>,
    /// Answers to give instead of the right ones, by the beginning of "METHOD path".
    faults: Vec<(String, u16)>,
    /// Watches that go on from before this change are told that it is too old.
    oldest: usize,
    /// How often all watches were ended.
    ended: usize,
    /// Verb and resource that nobody may.
    forbidden: Vec<String>,
    /// What a Prometheus in this cluster counts.
    counters: Vec<Counter>,
    /// The seconds from which it was asked for that.
    measured_from: Vec<i64>,
    /// Those questions as they came.
    questions: Vec<Question>,
}

/// A question to Prometheus as it came over the wire.
#[derive(Debug, Clone)]
pub(crate) struct Question {
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: BTreeMap<String, String>,
}

impl Server {
    /// A server that knows nothing yet but the recording of a story.
    pub(crate) async fn playing(story: &str) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Shared { recording: recording(story), ..Shared::default() };
        let server = Self {
            address,
            shared: Arc::new(Mutex::new(shared)),
            grown: Arc::new(watch::Sender::new(0)),
        };
        let routes = Router::new().fallback(answer).with_state(server.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        server
    }

    /// Plays on to a moment of the recording, in milliseconds.
    pub(crate) fn play(&self, until: u64) {
        let due: Vec<_> = {
            let mut shared = self.shared.lock().unwrap();
            let (due, rest) = shared.recording.drain(..).partition(|(at, ..)| *at <= until);
            shared.recording = rest;
            due
        };
        for (_, gone, object) in due {
            self.put(gone, object);
        }
    }

    /// Changes one object as a controller would.
    pub(crate) fn put(&self, gone: bool, mut object: Value) {
        let mut shared = self.shared.lock().unwrap();
        let version = shared.changes.len() + 1;
        object["metadata"]["resourceVersion"] = json!(version.to_string());
        let plural = format!("{}s", object["kind"].as_str().unwrap().to_lowercase());
        let name = object["metadata"]["name"].as_str().unwrap().to_owned();
        let key = (plural.clone(), name);
        let known = shared.objects.contains_key(&key);
        let kind = match (gone, known) {
            (true, _) => "DELETED",
            (false, true) => "MODIFIED",
            (false, false) => "ADDED",
        };
        if gone {
            shared.objects.remove(&key);
        } else {
            shared.objects.insert(key, object.clone());
        }
        shared.changes.push((plural, kind, object));
        drop(shared);
        self.grown.send_replace(version);
    }

    /// An object as it is.
    pub(crate) fn object(&self, plural: &str, name: &str) -> Value {
        self.shared.lock().unwrap().objects[&(plural.to_owned(), name.to_owned())].clone()
    }

    /// The Rollout as it is.
    pub(crate) fn rollout(&self) -> Value {
        self.object("rollouts", "app")
    }

    /// Changes the Rollout's status.
    pub(crate) fn set(&self, status: &Value) {
        self.change("rollouts", "app", &json!({ "status": status }));
    }

    /// Changes an object.
    pub(crate) fn change(&self, plural: &str, name: &str, patch: &Value) {
        let mut object = self.object(plural, name);
        merge(&mut object, patch);
        self.put(false, object);
    }

    /// Answers requests that begin like this with a status instead.
    pub(crate) fn fail(&self, begins: &str, status: u16) {
        self.shared.lock().unwrap().faults.push((begins.to_owned(), status));
    }

    /// Answers as it should again.
    pub(crate) fn mend(&self) {
        self.shared.lock().unwrap().faults.clear();
    }

    /// Ends all watches and forgets the history: those that go on from before now are told so.
    pub(crate) fn restart(&self) {
        {
            let mut shared = self.shared.lock().unwrap();
            shared.oldest = shared.changes.len() + 1;
            shared.changes.push((String::new(), "", Value::Null));
            shared.ended += 1;
        }
        self.grown.send_modify(|_| {});
    }

    /// The moment of the recording's beginning.
    pub(crate) fn start(&self) -> Timestamp {
        let shared = self.shared.lock().unwrap();
        let rollouts = shared.recording.iter().filter(|(_, _, object)| object["kind"] == "Rollout");
        let (seen, _, object) = rollouts.min_by_key(|(at, ..)| *at).unwrap();
        let made: Timestamp =
            object["metadata"]["creationTimestamp"].as_str().unwrap().parse().unwrap();
        made - SignedDuration::from_millis(*seen as i64)
    }

    /// Takes a permission away, e.g. `patch rollouts/status`.
    pub(crate) fn forbid(&self, what: &str) {
        self.shared.lock().unwrap().forbidden.push(what.to_owned());
    }

    /// Lets a Prometheus in this cluster count what pods do.
    pub(crate) fn measure(&self, counters: Vec<Counter>) {
        self.shared.lock().unwrap().counters = counters;
    }

    /// The seconds from which Prometheus was asked, question by question.
    pub(crate) fn measured_from(&self) -> Vec<i64> {
        self.shared.lock().unwrap().measured_from.clone()
    }

    /// The questions to Prometheus.
    pub(crate) fn questions(&self) -> Vec<Question> {
        self.shared.lock().unwrap().questions.clone()
    }

    /// The patches that arrived: path below the namespace, body.
    pub(crate) fn patches(&self) -> Vec<(String, Value)> {
        let shared = self.shared.lock().unwrap();
        let patches = shared.asked.iter().filter(|(method, ..)| method == "PATCH");
        patches
            .map(|(_, path, body)| {
                let rest = path.split("/namespaces/").nth(1).unwrap();
                (rest.split_once('/').unwrap().1.to_owned(), body.clone())
            })
            .collect()
    }

    /// How often something that begins like this was asked for.
    pub(crate) fn count(&self, begins: &str) -> usize {
        let shared = self.shared.lock().unwrap();
        let lines = shared.asked.iter().map(|(method, path, _)| format!("{method} {path}"));
        lines.filter(|line| line.starts_with(begins)).count()
    }
}

/// A recording: when, whether it is gone, and the object as it is then.
pub(crate) fn recording(story: &str) -> Vec<(u64, bool, Value)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/argo");
    let file = fs::File::open(format!("{folder}/{story}.jsonl.gz")).unwrap();
    let mut text = String::new();
    GzDecoder::new(file).read_to_string(&mut text).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines
        .map(|mut line| {
            let gone = line["type"] == "DELETED";
            (line["t"].as_u64().unwrap(), gone, line["object"].take())
        })
        .collect()
}

async fn answer(State(server): State<Server>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().to_owned();
    let query = parts.uri.query().unwrap_or_default().to_owned();
    let body = to_bytes(body, 1 << 20).await.unwrap();
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let watches = query.contains("watch=true");
    let line = format!("{} {path}{}", parts.method, if watches { "?watch" } else { "" });
    {
        let mut shared = server.shared.lock().unwrap();
        shared.asked.push((
            parts.method.to_string(),
            line.split_once(' ').unwrap().1.to_owned(),
            body.clone(),
        ));
        let fault = shared.faults.iter().find(|(begins, _)| line.starts_with(begins.as_str()));
        if let Some((_, status)) = fault {
            return refusal(*status, "as the test wants it");
        }
    }
    match (parts.method, path.rsplit('/').next().unwrap()) {
        (Method::POST, review) => server.review(review, &body),
        (Method::PATCH, _) => server.patch(&path, &body),
        (Method::GET, _) if watches => server.watch(&path, &query),
        (_, "query_range") => {
            let mut shared = server.shared.lock().unwrap();
            let (start, answer) = prometheus::range(&shared.counters, &query);
            shared.measured_from.push(start);
            let header = |(name, value): (&HeaderName, &HeaderValue)| {
                (name.to_string(), value.to_str().unwrap().to_owned())
            };
            let headers = parts.headers.iter().map(header).collect();
            shared.questions.push(Question { path: path.clone(), query, headers });
            reply(200, &answer)
        }
        _ => server.get(&path),
    }
}

fn refusal(code: u16, message: &str) -> Response {
    let status = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure",
        "code": code, "reason": if code == 410 { "Expired" } else { "Test" }, "message": message});
    reply(code, &status)
}

fn reply(code: u16, body: &Value) -> Response {
    (StatusCode::from_u16(code).unwrap(), body.to_string()).into_response()
}

/// Plural, name and subresource below the namespace.
fn parts(path: &str) -> (String, Option<String>, Option<String>) {
    let rest = path.split("/namespaces/").nth(1).unwrap();
    let mut parts = rest.split('/').skip(1).map(str::to_owned);
    (parts.next().unwrap(), parts.next(), parts.next())
}

impl Server {
    fn get(&self, path: &str) -> Response {
        let shared = self.shared.lock().unwrap();
        let (plural, name, _) = parts(path);
        if let Some(name) = name {
            match shared.objects.get(&(plural, name)) {
                Some(object) => reply(200, object),
                None => refusal(404, "not found"),
            }
        } else {
            let own = shared.objects.iter().filter(|((of, _), _)| *of == plural);
            let items: Vec<Value> = own.map(|(_, object)| object.clone()).collect();
            let version = shared.changes.len().to_string();
            reply(200, &json!({"metadata": {"resourceVersion": version}, "items": items}))
        }
    }

    fn watch(&self, path: &str, query: &str) -> Response {
        let (plural, ..) = parts(path);
        let from = query.split('&').find_map(|pair| pair.strip_prefix("resourceVersion="));
        let from: usize = from.unwrap().parse().unwrap();
        if from < self.shared.lock().unwrap().oldest {
            let gone = json!({"type": "ERROR", "object": {"kind": "Status", "code": 410,
                "reason": "Expired", "message": "too old resource version"}});
            return Body::from(format!("{gone}\n")).into_response();
        }
        let (server, grown) = (self.clone(), self.grown.subscribe());
        let ended = self.shared.lock().unwrap().ended;
        let lines = futures::stream::unfold((from, grown), move |(mut at, mut grown)| {
            let (server, plural) = (server.clone(), plural.clone());
            async move {
                loop {
                    let next = {
                        let shared = server.shared.lock().unwrap();
                        if shared.ended != ended {
                            return None;
                        }
                        shared.changes.get(at).cloned()
                    };
                    match next {
                        Some((of, kind, object)) => {
                            at += 1;
                            if of == plural {
                                let line = json!({"type": kind, "object": object});
                                return Some((format!("{line}\n"), (at, grown)));
                            }
                        }
                        None => grown.changed().await.ok()?,
                    }
                }
            }
        });
        Body::from_stream(lines.map(Ok::<_, std::convert::Infallible>)).into_response()
    }

    /// A body for the status that is sent to the object itself is ignored, and the other way round.
    fn patch(&self, path: &str, body: &Value) -> Response {
        let (plural, name, part) = parts(path);
        let name = name.unwrap();
        let mut object = self.object(&plural, &name);
        let before = object.clone();
        let wanted = body["metadata"]["resourceVersion"].as_str();
        if wanted.is_some_and(|wanted| object["metadata"]["resourceVersion"] != wanted) {
            return refusal(409, "the object has been modified");
        }
        let mut body = body.clone();
        // Runs have no subresource for their status.
        let ignored: &[&str] = match (part, plural.as_str()) {
            (Some(_), _) => &["spec", "metadata"],
            (None, "rollouts") => &["status"],
            (None, _) => &[],
        };
        for field in ignored {
            body.as_object_mut().unwrap().remove(*field);
        }
        merge(&mut object, &body);
        if object != before {
            if object["spec"] != before["spec"] {
                let generation = before["metadata"]["generation"].as_i64().unwrap_or(1);
                object["metadata"]["generation"] = json!(generation + 1);
            }
            self.put(false, object);
        }
        reply(200, &self.object(&plural, &name))
    }

    fn review(&self, review: &str, body: &Value) -> Response {
        if review == "selfsubjectreviews" {
            let user = json!({"status": {"userInfo": {"username": "ada"}}});
            return reply(201, &user);
        }
        let of = &body["spec"]["resourceAttributes"];
        let text = |name: &str| of[name].as_str().unwrap_or_default().to_owned();
        let mut what = format!("{} {}", text("verb"), text("resource"));
        if !text("subresource").is_empty() {
            what = format!("{what}/{}", text("subresource"));
        }
        let allowed = !self.shared.lock().unwrap().forbidden.contains(&what);
        reply(201, &json!({"status": {"allowed": allowed}}))
    }
}

/// A JSON merge patch.
pub(crate) fn merge(target: &mut Value, patch: &Value) {
    let Some(fields) = patch.as_object() else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    for (name, value) in fields {
        if value.is_null() {
            target.as_object_mut().unwrap().remove(name);
        } else {
            merge(&mut target[name], value);
        }
    }
}
