//! Servers of other origin, as processes on loopback: the simulator is written by the same hands as
//! the program, and a mistake about the protocol could hide in both.
//!
//! They are looked for in the folder that `CUTOVER_SERVERS` names, else on the `PATH`; where there
//! are none the tests say so and end.

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::cli::process::{Ended, Home};
use crate::cli::terminal::Terminal;

/// How long a server may take to begin to answer.
const START: Duration = Duration::from_mins(1);

/// A server in a process of its own, with a world in it.
struct Server {
    child: Child,
    folder: PathBuf,
    port: u16,
    home: Home,
    rule: String,
}

/// Says in a line what was not tried, past the capture of the test runner.
fn skipped(what: &str) {
    let _ = writeln!(std::io::stderr(), "{what} is not installed: skipped");
}

/// The folder that holds a program.
fn folder(program: &str) -> Option<PathBuf> {
    let named = std::env::var_os("CUTOVER_SERVERS").map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut all = named.into_iter().chain(std::env::split_paths(&path));
    all.find(|folder| folder.join(program).is_file())
}

impl Server {
    /// Starts a server and fills it; nothing where it is not installed.
    fn start(program: &str, settings: impl Fn(&mut Command, u16)) -> Option<Self> {
        let Some(folder) = folder(program) else {
            skipped(program);
            return None;
        };
        let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
        let mut command = Command::new(folder.join(program));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        settings(&mut command, port);
        let child = command.spawn().unwrap();
        let mut server = Self { child, folder, port, home: Home::new(), rule: String::new() };
        server.wait();
        let world = server.world(&["seed"]);
        world["rule"].as_str().unwrap().clone_into(&mut server.rule);
        Some(server)
    }

    fn wait(&mut self) {
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(began.elapsed() < START, "it does not answer");
            assert!(self.child.try_wait().unwrap().is_none(), "it has ended");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// What the AWS SDK for Python makes or reads there.
    fn world(&self, args: &[&str]) -> Value {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/e2e/servers/world.py");
        let mut command = Command::new(self.folder.join("python3"));
        let output = command.arg(script).arg(self.port.to_string()).args(args).output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{told}");
        serde_json::from_slice(&output.stdout).unwrap()
    }

    fn read(&self) -> Value {
        self.world(&["read", &self.rule])
    }

    fn at(&self, command: &mut Command) -> Ended {
        command
            .env("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{}", self.port))
            .env("AWS_REGION", "eu-west-1")
            .env("AWS_ACCESS_KEY_ID", "testing")
            .env("AWS_SECRET_ACCESS_KEY", "testing");
        Home::ended(command)
    }

    /// `cutover` against this server.
    fn cutover(&self, args: &[&str]) -> Ended {
        self.at(&mut self.home.command(args))
    }

    /// A line for a shell, with the AWS CLI that is beside the server; nothing where there is none.
    fn shell(&self, line: &str) -> Option<Ended> {
        let aws = self.folder.join("aws");
        if !aws.is_file() {
            skipped("the AWS CLI");
            return None;
        }
        let path = std::env::join_paths([&*self.folder, Path::new("/usr/bin"), Path::new("/bin")]);
        let mut command = Command::new("sh");
        command.args(["-c", line]).env("PATH", path.unwrap());
        Some(self.at(&mut command))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn moto() -> Option<Server> {
    Server::start("moto_server", |command, port| {
        command.args(["-H", "127.0.0.1", "-p", &port.to_string()]);
    })
}

fn ministack() -> Option<Server> {
    Server::start("ministack", |command, port| {
        command.env("GATEWAY_PORT", port.to_string()).env("BIND_HOST", "127.0.0.1");
    })
}

/// The JSON of `cutover status`, of an order, ...
fn document(ended: &Ended) -> Value {
    serde_json::from_str(&ended.stdout).unwrap_or_else(|_| panic!("{ended:?}"))
}

/// The weights of a rule's last action.
fn weights(world: &Value) -> Vec<i64> {
    let actions = world["rule"]["Actions"].as_array().unwrap();
    let groups = actions.last().unwrap()["ForwardConfig"]["TargetGroups"].as_array().unwrap();
    groups.iter().map(|group| group["Weight"].as_i64().unwrap()).collect()
}

/// A rule's world without the weights.
fn frame(world: &Value) -> Value {
    let mut rule = world["rule"].clone();
    for action in rule["Actions"].as_array_mut().unwrap() {
        if let Some(groups) = action["ForwardConfig"]["TargetGroups"].as_array_mut() {
            for group in groups {
                group["Weight"] = Value::Null;
            }
        } else {
            action.as_object_mut().unwrap().remove("ForwardConfig");
        }
    }
    rule
}

fn records(server: &Server) {
    let target = "route53:example.com/api.example.com/A";
    let ended = server.cutover(&["shift", target, "25", "--yes", "--json"]);
    assert_eq!(document(&ended)["outcome"], "accepted", "{ended:?}");
    let world = server.read();
    let seen = world["records"].as_array().unwrap().iter().map(|record| {
        let value = record["ResourceRecords"][0]["Value"].as_str().unwrap().to_owned();
        (record["Weight"].as_i64().unwrap(), record["TTL"].as_i64().unwrap(), value)
    });
    let wanted = [(75, 30, "192.0.2.1".to_owned()), (25, 30, "192.0.2.2".to_owned())];
    assert_eq!(seen.collect::<Vec<_>>(), wanted);
    let said = "route53:blue@example.com/api.example.com/A";
    let dry = server.cutover(&["rollback", said, "--dry-run", "--json"]);
    let line = document(&dry)["cli"].as_str().unwrap_or_else(|| panic!("{dry:?}")).to_owned();
    let Some(ended) = server.shell(&line) else { return };
    assert_eq!(ended.code, Some(0), "{line}: {ended:?}");
    let weights = server.read()["records"].as_array().unwrap().clone();
    let weights: Vec<&Value> = weights.iter().map(|record| &record["Weight"]).collect();
    assert_eq!(weights, [&json!(100), &json!(0)]);
}

/// Where both records' sides are measured, green's in this Region, with a queue every ten seconds.
fn sides(green: &str) -> String {
    let side = |name: &str, region: &str| {
        format!(
            "[targets.dns.{name}]\nregion = \"{region}\"\n\
             load-balancer = \"app/shop-{letter}/1111111111111111\"\n\
             target-group = \"targetgroup/shop-{letter}/2222222222222222\"\n",
            letter = if name == "blue" { "a" } else { "b" },
        )
    };
    let target = "route53:example.com/api.example.com/A";
    format!(
        "[targets.dns]\ntarget = \"{target}\"\n{}{}\
         [targets.dns.verdict.metrics.queue]\nnamespace = \"Shop\"\nmetric = \"Queue\"\n\
         dimensions = {{ LoadBalancer = \"$load-balancer\" }}\nperiod = 10\nunit = \"orders\"\n\
         [targets.dns.verdict.metrics.per-request]\nunit = \"%\"\n\
         expression = \"100 * (e5xx / requests)\"\n\
         [targets.dns.verdict.metrics.per-request.of]\n\
         e5xx = {{ namespace = \"AWS/ApplicationELB\", metric = \"HTTPCode_Target_5XX_Count\", \
         statistic = \"Sum\", dimensions = {{ LoadBalancer = \"$load-balancer\", TargetGroup = \"$target-group\" }} }}\n\
         requests = {{ namespace = \"AWS/ApplicationELB\", metric = \"RequestCount\", \
         statistic = \"Sum\", dimensions = {{ LoadBalancer = \"$load-balancer\", TargetGroup = \"$target-group\" }} }}\n",
        side("blue", "eu-west-1"),
        side("green", green),
    )
}

/// The numbers that were put there stand on the screen, each on its side.
fn measured(server: &Server, region: &str) {
    server.world(&["measure", region]);
    let folder = server.home.0.path().join("config/cutover");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("config.toml"), sides(region)).unwrap();
    let ended = server.cutover(&["status", "dns", "--json"]);
    let metrics = &document(&ended)["metrics"]["value"];
    let settled = |series: &Value| {
        let mut points = series.as_array().unwrap().iter().rev();
        points.find(|point| point["state"] == "value")?["value"].as_f64()
    };
    let both = |name: &str| ["blue", "green"].map(|side| settled(&metrics[side][name]));
    assert_eq!(both("requests"), [Some(600.0), Some(120.0)], "{ended:?}");
    assert_eq!(settled(&metrics["green"]["errors"]), Some(6.0), "{ended:?}");
    let queue = metrics["custom"].as_array().unwrap().iter().find(|it| it["name"] == "queue");
    let newest = |side: &str| queue.unwrap()["fine"][side].as_array().unwrap().last().unwrap();
    assert_eq!(
        (newest("blue")["value"].as_f64(), newest("green")["value"].as_f64()),
        (Some(7.0), Some(42.0))
    );
    let place = |name: &str, folder: &str| {
        format!("{name}={}", server.home.0.path().join(folder).display())
    };
    let config = place("XDG_CONFIG_HOME", "config");
    let endpoint = format!("AWS_ENDPOINT_URL=http://127.0.0.1:{}", server.port);
    let login =
        ["AWS_REGION=eu-west-1", "AWS_ACCESS_KEY_ID=testing", "AWS_SECRET_ACCESS_KEY=testing"];
    let program = [
        &["/usr/bin/env", &config, &endpoint][..],
        &login,
        &[env!("CARGO_BIN_EXE_cutover"), "dns"],
    ]
    .concat();
    let mut terminal = Terminal::running(&program, "xterm-256color");
    terminal.sees(" 10 /s ").sees(" 2.0 /s ").sees(" 5 % ");
    terminal.types("v").sees("queue").sees("42 orders").sees("7 orders");
    terminal.types("qq").ends_restored();
}

#[test]
fn moto_has_the_weights_that_were_ordered_and_nothing_else_has_changed() {
    let Some(server) = moto() else { return };
    let before = server.read();
    assert_eq!(weights(&before), [100, 0]);
    let target = format!("alb:shop-a@{}", server.rule);
    let shift = ["shift", &target, "25", "--yes", "--json"];
    let ended = server.cutover(&shift);
    assert_eq!(document(&ended)["outcome"], "accepted", "{ended:?}");
    let after = server.read();
    assert_eq!((weights(&after), frame(&after)), (vec![75, 25], frame(&before)));
    let by_groups = server.cutover(&["shift", "alb:shop-a/shop-b", "60", "--yes", "--json"]);
    assert_eq!(document(&by_groups)["outcome"], "accepted", "{by_groups:?}");
    assert_eq!(weights(&server.read()), [40, 60]);
    let dry = server.cutover(&["rollback", &target, "--dry-run", "--json"]);
    let line = document(&dry)["cli"].as_str().unwrap_or_else(|| panic!("{dry:?}")).to_owned();
    if let Some(ended) = server.shell(&line) {
        assert_eq!(ended.code, Some(0), "{line}: {ended:?}");
        let after = server.read();
        assert_eq!((weights(&after), frame(&after)), (vec![100, 0], frame(&before)));
    }
    records(&server);
}

#[test]
fn ministack_has_the_records_that_were_ordered_and_its_rules_are_told_for_what_they_are() {
    let Some(server) = ministack() else { return };
    records(&server);
    // The other one does not speak the protocol in which CloudWatch is asked.
    measured(&server, "eu-north-1");
    // Its load balancers keep no list of target groups: what it answers has none.
    let ended = server.cutover(&["shift", &format!("alb:{}", server.rule), "25", "--yes"]);
    ended.is_error(&["the rule forwards to no target group"]);
}
