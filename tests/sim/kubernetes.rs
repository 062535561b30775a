//! The Kubernetes API over HTTP, as `kubectl` and client libraries use it: lists in pages, watches,
//! patches on both paths, and the refusals of a real API server.

use cutover::sim::Fault;
use jiff::SignedDuration;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::TcpStream;
use tokio::net::tcp::OwnedReadHalf;

use super::Running;

const ROLLOUTS: &str = "/apis/argoproj.io/v1alpha1/namespaces/shop/rollouts";
const PODS: &str = "/api/v1/namespaces/shop/pods";
const MERGE: &str = "application/merge-patch+json";

impl Running {
    /// Status and body of a request.
    async fn ask(&self, method: &str, path: &str, (media, body): (&str, &str)) -> (u16, Value) {
        let head = format!("{method} {path} HTTP/1.1\r\ncontent-type: {media}");
        let answer = self.raw(&head, body.as_bytes()).await;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, serde_json::from_str(body).unwrap_or_default())
    }

    async fn read(&self, path: &str) -> Value {
        let (status, body) = self.ask("GET", path, ("", "")).await;
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    async fn patch(&self, path: &str, patch: &Value) -> (u16, Value) {
        self.ask("PATCH", path, (MERGE, &patch.to_string())).await
    }

    async fn rollout(&self) -> Value {
        self.read(&format!("{ROLLOUTS}/checkout")).await
    }

    /// The lines of a watch.
    async fn watch(&self, path: &str) -> Watching {
        let stream = TcpStream::connect(self.address).await.unwrap();
        let (read, mut write) = stream.into_split();
        let request = format!("GET {path} HTTP/1.1\r\nhost: sim\r\nconnection: close\r\n\r\n");
        write.write_all(request.as_bytes()).await.unwrap();
        // Whoever stops writing still listens.
        write.forget();
        Watching(BufReader::new(read).lines())
    }

    fn seconds(&self, seconds: i64) {
        self.simulator.clock().advance(SignedDuration::from_secs(seconds));
    }
}

struct Watching(Lines<BufReader<OwnedReadHalf>>);

impl Watching {
    /// The next event; chunk sizes and headers are passed over.
    async fn next(&mut self) -> Option<Value> {
        while let Some(line) = self.0.next_line().await.unwrap() {
            if let Ok(event @ Value::Object(_)) = serde_json::from_str(&line) {
                return Some(event);
            }
        }
        None
    }

    /// The next event of this type.
    async fn until(&mut self, kind: &str) -> Value {
        loop {
            let event = self.next().await.unwrap();
            if event["type"] == kind {
                return event["object"].clone();
            }
        }
    }
}

fn version(object: &Value) -> String {
    object["metadata"]["resourceVersion"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn lists_come_in_pages_and_are_chosen_by_labels_and_fields() {
    let sim = Running::scenario("argo-bluegreen", 3).await;
    let all = sim.read(PODS).await;
    assert_eq!(all["items"].as_array().unwrap().len(), 8);
    let mut names = Vec::new();
    let mut token = String::new();
    loop {
        let page = sim.read(&format!("{PODS}?limit=3&continue={token}")).await;
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= 3);
        names.extend(items.iter().map(|pod| pod["metadata"]["name"].clone()));
        match page["metadata"]["continue"].as_str() {
            Some(next) => token = next.replace('/', "%2F"),
            None => break,
        }
    }
    let whole: Vec<Value> = all["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|pod| pod["metadata"]["name"].clone())
        .collect();
    assert_eq!(names, whole);
    let rollout = sim.rollout().await;
    let hash = rollout["status"]["stableRS"].as_str().unwrap();
    let chosen =
        sim.read(&format!("{PODS}?labelSelector=rollouts-pod-template-hash%3D{hash}")).await;
    assert_eq!(chosen["items"].as_array().unwrap().len(), 4);
    let one = sim.read(&format!("{ROLLOUTS}?fieldSelector=metadata.name%3Dother")).await;
    assert!(one["items"].as_array().unwrap().is_empty());
    let (status, refusal) = sim.ask("GET", &format!("{PODS}?labelSelector=a+b"), ("", "")).await;
    assert_eq!((status, refusal["reason"].as_str()), (400, Some("BadRequest")));
    for missing in [format!("{ROLLOUTS}/other"), "/apis/argoproj.io/v1/rollouts".to_owned()] {
        let (status, refusal) = sim.ask("GET", &missing, ("", "")).await;
        assert_eq!((status, refusal["kind"].as_str()), (404, Some("Status")), "{missing}");
    }
}

#[tokio::test]
async fn each_path_takes_its_own_half_of_a_patch_and_says_nothing_of_the_other() {
    let sim = Running::scenario("argo-bluegreen", 10).await;
    let before = sim.rollout().await;
    assert_eq!(before["status"]["phase"], "Paused");
    let (status, same) =
        sim.patch(&format!("{ROLLOUTS}/checkout"), &json!({"status": {"abort": true}})).await;
    assert_eq!((status, version(&same)), (200, version(&before)));
    let path = format!("{ROLLOUTS}/checkout/status");
    let both = json!({"spec": {"paused": true}, "metadata": {"annotations": {"a": "b"}}});
    let (status, same) = sim.patch(&path, &both).await;
    assert_eq!((status, version(&same)), (200, version(&before)));

    let stale = json!({"metadata": {"resourceVersion": "1"}, "status": {"abort": true}});
    let (status, refusal) = sim.patch(&path, &stale).await;
    assert_eq!((status, refusal["reason"].as_str()), (409, Some("Conflict")), "{refusal}");
    let (status, refusal) = sim.patch(&path, &json!({"status": {"abort": "yes"}})).await;
    assert_eq!((status, refusal["reason"].as_str()), (422, Some("Invalid")), "{refusal}");
    let strategic = ("application/strategic-merge-patch+json", "{}");
    let (status, refusal) = sim.ask("PATCH", &path, strategic).await;
    assert_eq!((status, refusal["reason"].as_str()), (415, Some("UnsupportedMediaType")));

    let exact = json!({
        "metadata": {"resourceVersion": version(&before)},
        "status": {"pauseConditions": null},
    });
    let (status, released) = sim.patch(&path, &exact).await;
    assert_eq!(status, 200);
    assert!(released["status"].get("pauseConditions").is_none());
    // Stored is not yet acted on.
    assert_eq!(released["status"]["phase"], "Paused");
    assert_eq!(released["metadata"]["generation"], before["metadata"]["generation"]);
    sim.seconds(1);
    let after = sim.rollout().await;
    assert_eq!(after["status"]["stableRS"], after["status"]["currentPodHash"]);
    let service = sim.read("/api/v1/namespaces/shop/services/checkout-active").await;
    let selected = &service["spec"]["selector"]["rollouts-pod-template-hash"];
    assert_eq!(*selected, after["status"]["stableRS"]);
}

#[tokio::test]
async fn a_watch_tells_every_change_once_and_marks_the_quiet() {
    let sim = Running::scenario("argo-bluegreen", 10).await;
    let list = sim.read(ROLLOUTS).await;
    let from = version(&list);
    let path = format!("{ROLLOUTS}?watch=1&allowWatchBookmarks=true&resourceVersion={from}");
    let mut watch = sim.watch(&path).await;
    let nudge = json!({"metadata": {"annotations": {"nudged": "1"}}});
    let (_, nudged) = sim.patch(&format!("{ROLLOUTS}/checkout"), &nudge).await;
    let seen = watch.until("MODIFIED").await;
    assert_eq!(
        (version(&seen), seen["status"].clone()),
        (version(&nudged), nudged["status"].clone())
    );
    sim.pass(2);
    let mark = watch.until("BOOKMARK").await;
    assert!(version(&mark) >= version(&nudged));

    // Who chooses by a label sees what begins and what ends to have it.
    let path = format!("{PODS}?watch=true&labelSelector=taken&resourceVersion={from}");
    let mut chosen = sim.watch(&path).await;
    let pods = sim.read(PODS).await;
    let pod = format!("{PODS}/{}", pods["items"][0]["metadata"]["name"].as_str().unwrap());
    for (taken, told) in
        [(json!("yes"), "ADDED"), (json!("no"), "MODIFIED"), (json!(null), "DELETED")]
    {
        sim.patch(&pod, &json!({"metadata": {"labels": {"taken": taken}}})).await;
        assert_eq!(chosen.next().await.unwrap()["type"], told);
    }
}

#[tokio::test]
async fn a_watch_without_a_version_begins_with_what_there_is() {
    let sim = Running::scenario("argo-canary", 3).await;
    let path = format!("{ROLLOUTS}?watch=1&sendInitialEvents=true&allowWatchBookmarks=true");
    let mut watch = sim.watch(&path).await;
    assert_eq!(watch.next().await.unwrap()["type"], "ADDED");
    let mark = watch.until("BOOKMARK").await;
    assert_eq!(mark["metadata"]["annotations"]["k8s.io/initial-events-end"], "true");
}

#[tokio::test]
async fn what_is_too_old_is_gone_in_both_ways_and_a_frozen_server_says_nothing() {
    let sim = Running::scenario("argo-bluegreen", 3).await;
    let mut watch = sim.watch(&format!("{ROLLOUTS}?watch=1&resourceVersion=1")).await;
    let error = watch.until("ERROR").await;
    assert_eq!((error["code"].as_u64(), error["reason"].as_str()), (Some(410), Some("Expired")));
    assert!(watch.next().await.is_none(), "and it is over");
    let (status, refusal) =
        sim.ask("GET", &format!("{PODS}?limit=1&continue=1%2Fa"), ("", "")).await;
    assert_eq!((status, refusal["reason"].as_str()), (410, Some("Expired")));

    sim.simulator.set_fault("kubernetes.patch=deny*1".parse::<Fault>().unwrap());
    let path = format!("{ROLLOUTS}/checkout/status");
    let (status, refusal) = sim.patch(&path, &json!({})).await;
    assert_eq!((status, refusal["reason"].as_str()), (403, Some("Forbidden")));
}

#[tokio::test]
async fn kubectl_finds_what_there_is_and_gets_its_columns() {
    let sim = Running::scenario("argo-canary", 3).await;
    let groups = sim.read("/apis").await;
    let named =
        |name: &str| groups["groups"].as_array().unwrap().iter().any(|one| one["name"] == name);
    assert!(named("argoproj.io"));
    // Each group that is listed is asked for its kinds.
    assert!(!named("elbv2.k8s.aws"), "there is no load balancer controller");
    let kinds = sim.read("/apis/argoproj.io/v1alpha1").await;
    let names: Vec<&str> = kinds["resources"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|one| one["name"].as_str())
        .collect();
    assert!(names.contains(&"rollouts") && names.contains(&"rollouts/status"), "{names:?}");
    let head = format!(
        "GET {ROLLOUTS} HTTP/1.1\r\naccept: application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
    );
    let answer = sim.raw(&head, b"").await;
    let table: Value = serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap();
    assert_eq!(table["kind"], "Table");
    assert_eq!(table["rows"][0]["cells"][0], "checkout");
    assert_eq!(table["columnDefinitions"][3]["name"], "Up-to-date");
    let review = json!({"spec": {"resourceAttributes": {"verb": "patch", "resource": "rollouts"}}});
    let path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
    let (status, answer) = sim.ask("POST", path, ("application/json", &review.to_string())).await;
    assert_eq!((status, answer["status"]["allowed"].as_bool()), (201, Some(true)));
}

#[tokio::test]
async fn prometheus_counts_the_pods_and_refuses_what_it_does_not_understand() {
    let sim = Running::scenario("argo-canary", 12).await;
    let ask = async |query: &str| {
        let form: String =
            form_urlencoded::Serializer::new(String::new()).append_pair("query", query).finish();
        sim.ask("GET", &format!("/api/v1/query?{form}"), ("", "")).await
    };
    let rollout = sim.rollout().await;
    let value = async |query: &str| {
        let (status, answer) = ask(query).await;
        assert_eq!(status, 200, "{answer}");
        answer["data"]["result"][0]["value"][1].as_str().unwrap().parse::<f64>().unwrap()
    };
    let rate = |field: &str| {
        let hash = rollout["status"][field].as_str().unwrap();
        format!("sum(rate(http_requests_total{{pod=~\"checkout-{hash}-.*\"}}[5m]))")
    };
    let (green, blue) = (value(&rate("currentPodHash")).await, value(&rate("stableRS")).await);
    let share = green / (green + blue);
    assert!((0.09..0.11).contains(&share), "a tenth of the traffic: {share}");
    let all = value("sum(rate(http_requests_total[5m]))").await;
    assert!((all - green - blue).abs() < 1e-6);
    let p99 =
        "histogram_quantile(0.99, sum by (le) (rate(http_request_duration_seconds_bucket[5m])))";
    assert!((0.25..0.5).contains(&value(p99).await));
    assert_eq!(value("sum(up)").await, 11.0);
    for wrong in ["topk(3, up)", "up{", "rate(up)", "up offset 5m", "sum(up"] {
        let (status, refusal) = ask(wrong).await;
        assert_eq!((status, refusal["errorType"].as_str()), (400, Some("bad_data")), "{wrong}");
    }
    let range = "/api/v1/query_range?query=up&start=10&end=5&step=60";
    assert_eq!(sim.ask("GET", range, ("", "")).await.0, 400);
}

#[tokio::test]
async fn other_worlds_have_no_cluster_and_this_one_nothing_else() {
    let sim = Running::scenario("canary", 1).await;
    for path in [ROLLOUTS, "/version", "/apis"] {
        assert_eq!(sim.ask("GET", path, ("", "")).await.0, 404, "{path}");
    }
    assert_eq!(sim.ask("GET", "/api/v1/query?query=up", ("", "")).await.0, 404);
    let sim = Running::scenario("argo-canary", 1).await;
    let clusters = sim.ecs().list_clusters().send().await.unwrap();
    assert!(clusters.cluster_arns().is_empty());
    let applications = sim.codedeploy().list_applications().send().await.unwrap();
    assert!(applications.applications().is_empty());
    let balancers = sim.elb().describe_load_balancers().send().await.unwrap();
    assert!(balancers.load_balancers().is_empty());
}
