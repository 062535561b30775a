//! Two ways into the real cluster as the two clusters behind one weight: a Deployment behind blue, a
//! Rollout behind green, and a way that closes and opens again.

use std::io::copy;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use cutover::sim::scenario::Scenario;
use serde_json::{Value, json};

use super::bed::Bed;
use super::scene::{Scene, blue_green, template};
use crate::cli::process::{Home, Sim};
use crate::cli::terminal::Terminal;

/// A way to a server that can be closed.
struct Gate {
    port: u16,
    open: Arc<AtomicBool>,
    passing: Arc<Mutex<Vec<TcpStream>>>,
}

impl Gate {
    fn to(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let open = Arc::new(AtomicBool::new(true));
        let passing: Arc<Mutex<Vec<TcpStream>>> = Arc::default();
        let (is_open, kept) = (open.clone(), passing.clone());
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if !is_open.load(Ordering::Acquire) {
                    continue;
                }
                let Ok(beyond) = TcpStream::connect(&server) else { continue };
                kept.lock().unwrap().push(client.try_clone().unwrap());
                for (mut from, mut to) in
                    [(client.try_clone().unwrap(), beyond.try_clone().unwrap()), (beyond, client)]
                {
                    thread::spawn(move || {
                        let _ = copy(&mut from, &mut to);
                        let _ = to.shutdown(Shutdown::Both);
                    });
                }
            }
        });
        Self { port, open, passing }
    }

    /// Breaks what is under way, and lets nobody through.
    fn closes(&self) {
        self.open.store(false, Ordering::Release);
        for stream in self.passing.lock().unwrap().drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    fn opens(&self) {
        self.open.store(true, Ordering::Release);
    }
}

/// The weights of a simulated account before two ways into the cluster.
struct Behind {
    scene: Scene,
    gate: Gate,
    sim: Sim,
    kubeconfig: PathBuf,
}

impl Behind {
    fn new() -> Self {
        let scene = Scene::with(Bed::beside(), &blue_green(&json!({})));
        let deployment = json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
            "spec": {
                "replicas": 2, "selector": {"matchLabels": {"app": "web"}},
                "template": labelled("v1"),
            },
        });
        scene.create("deployments", &deployment);
        let namespace = &scene.namespace;
        let target = Scenario::named("route53").unwrap().target(1);
        let config = format!(
            "[targets.shop]\ntarget = \"{target}\"\nblue.runs = \"deployment:west/{namespace}/web\"\n\
             green.runs = \"argo:east/{namespace}/app\"\n"
        );
        let scene = scene.configured(&config);
        let text = std::fs::read_to_string(Bed::kubeconfig("admin")).unwrap();
        let mut file: Value = serde_json::from_str(&text).unwrap();
        let server = file["clusters"][0]["cluster"]["server"].as_str().unwrap().to_owned();
        let gate = Gate::to(server.trim_start_matches("https://").to_owned());
        let mut far = file["clusters"][0].clone();
        far["name"] = json!("far");
        far["cluster"]["server"] = json!(format!("https://127.0.0.1:{}", gate.port));
        file["clusters"].as_array_mut().unwrap().push(far);
        file["contexts"] = json!([
            {"name": "west", "context": {"cluster": "bed", "user": "admin"}},
            {"name": "east", "context": {"cluster": "far", "user": "admin"}},
        ]);
        file["current-context"] = json!("west");
        let kubeconfig = scene.home.0.path().join("both.kubeconfig");
        std::fs::write(&kubeconfig, file.to_string()).unwrap();
        let sim = Sim::start(&scene.home, &["--scenario", "route53"]);
        Self { scene, gate, sim, kubeconfig }
    }

    /// What `cutover status` says of the two sides.
    fn sides(&self) -> (Value, Value) {
        let mut command = self.scene.home.command(&["status", "shop", "--json"]);
        let variables = self.sim.variables.clone();
        let ended = Home::ended(command.envs(variables).env("KUBECONFIG", &self.kubeconfig));
        let seen: Value =
            serde_json::from_str(&ended.stdout).unwrap_or_else(|_| panic!("{ended:?}"));
        let rollout = &seen["rollout"]["value"];
        (rollout["blue"].clone(), rollout["green"].clone())
    }

    #[track_caller]
    fn until(&self, what: &str, is_so: impl Fn(&Value, &Value) -> bool) {
        let mut last = (Value::Null, Value::Null);
        self.scene.until(what, |_| {
            last = self.sides();
            is_so(&last.0, &last.1)
        });
    }

    fn screen(&self) -> Terminal {
        let config = self.scene.home.0.path().join("config");
        let mut program = vec!["/usr/bin/env".to_owned()];
        program.extend(self.sim.variables.iter().map(|(name, value)| format!("{name}={value}")));
        program.push(format!("KUBECONFIG={}", self.kubeconfig.display()));
        program.push(format!("XDG_CONFIG_HOME={}", config.display()));
        program.extend([env!("CARGO_BIN_EXE_cutover").to_owned(), "shop".to_owned()]);
        let program: Vec<&str> = program.iter().map(String::as_str).collect();
        Terminal::running(&program, "xterm-256color")
    }
}

/// The pods of the Deployment.
fn labelled(tag: &str) -> Value {
    let mut pods = template(tag);
    pods["metadata"]["labels"]["app"] = json!("web");
    pods
}

fn word(side: &Value) -> &str {
    side["runs"]["standing"]["value"]["word"].as_str().unwrap_or_default()
}

fn running(side: &Value) -> Option<u64> {
    side["tasks"]["value"]["running"].as_u64()
}

#[test]
#[ignore = "real controller: just e2e-argo"]
fn two_clusters_behind_one_weight_fail_apart_from_each_other() {
    let behind = Behind::new();
    behind.until("both sides are settled", |blue, green| {
        word(blue) == "healthy"
            && word(green) == "healthy"
            && (running(blue), running(green)) == (Some(2), Some(3))
    });
    let (blue, green) = behind.sides();
    assert_eq!(blue["revision"]["value"]["images"][0]["tag"], "v1");
    assert!(green["revision"]["value"]["name"].as_str().unwrap().starts_with("revision 1 ("));

    // The real controllers bring something out on both sides, each in its own way.
    behind.scene.brings_out("v2");
    behind.scene.pauses();
    behind.until("green is in the middle of an update", |_, green| {
        let update = green["runs"]["standing"]["value"]["update"].as_str().unwrap_or_default();
        word(green) == "paused" && update.starts_with("revision 2 (")
    });
    let (_, green) = behind.sides();
    assert_eq!(
        (green["revision"]["value"]["images"][0]["tag"].as_str(), running(&green)),
        (Some("v1"), Some(3))
    );

    let mut screen = behind.screen();
    screen.sees("Paused: BlueGreenPause");
    behind.gate.closes();
    screen.sees("not reachable since");
    // Meanwhile blue goes on as if nothing was.
    behind.scene.patch("deployments/web", &json!({"spec": {"template": labelled("v2")}}));
    screen.until(|screen| {
        let shown = screen.contents();
        shown.contains("revision 2 (") && shown.contains("not reachable since")
    });
    behind.until("only green is unknown", |blue, green| {
        word(blue) == "healthy"
            && running(blue) == Some(2)
            && green["runs"]["standing"]["state"] == "unknown"
            && green["revision"]["value"]["name"].as_str().unwrap_or_default().contains("green ->")
    });
    behind.gate.opens();
    screen.until(|screen| !screen.contents().contains("not reachable since"));
    screen.sees("Paused: BlueGreenPause");

    let (ended, _) = behind.scene.orders("rollback", &[]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    screen.sees("Degraded: RolloutAborted");
    assert_eq!(screen.types("q").ends_restored(), 0);
    let (_, green) = behind.sides();
    assert_eq!(word(&green), "degraded");
}
