//! Orders from a script: the same judge, audit and tracker as on the screen.

use super::process::{Ended, Home, Sim};

const TARGET: &str = "codedeploy:shop/checkout";

/// A rollout that is shifting, and a shell beside it.
pub(super) struct Bench {
    home: Home,
    sim: Sim,
}

impl Bench {
    pub(super) fn new(options: &[&str]) -> Self {
        Self::at(Home::new(), options)
    }

    fn at(home: Home, options: &[&str]) -> Self {
        let sim = Sim::start(&home, options);
        Self { home, sim }
    }

    pub(super) fn run(&self, args: &[&str]) -> Ended {
        Home::ended(self.home.command(args).envs(self.sim.variables.clone()))
    }

    /// The audit file's entries in their order.
    pub(super) fn audit(&self) -> Vec<String> {
        let path = self.home.0.path().join("state/cutover/audit.jsonl");
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let entry = |line: &str| {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            let progress = line["progress"].as_str().map(|text| format!(" {text}"));
            format!("{}{}", line["entry"].as_str().unwrap(), progress.unwrap_or_default())
        };
        text.lines().map(entry).collect()
    }

    fn phase(&self) -> String {
        let ended = self.run(&["status", TARGET, "--json"]);
        let document: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
        document["rollout"]["value"]["phase"].as_str().unwrap().to_owned()
    }
}

#[test]
fn a_script_rolls_back_and_waits_until_the_traffic_is_seen_on_blue() {
    let bench = Bench::new(&["--scenario", "errors", "--speed", "60"]);
    let ended = bench.run(&["rollback", TARGET, "--yes", "--wait", "--json"]);
    let report: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!((ended.code, report["outcome"].as_str()), (Some(0), Some("done")), "{ended:?}");
    assert_eq!(report["schema"], "cutover.order/1");
    assert_eq!(report["means"], "stop_and_roll_back");
    assert!(report["steps"]["restored"].as_f64().unwrap() > 0.0, "{report}");
    assert!(report["follows"].as_str().unwrap().starts_with("d-"));
    for part in ["Roll back checkout?", "All traffic goes back to blue", "traffic restored after"] {
        assert!(ended.stderr.contains(part), "no {part:?} in: {}", ended.stderr);
    }
    assert_eq!(bench.audit(), ["intent", "outcome accepted"]);
    let again = bench.run(&["rollback", TARGET, "--yes"]);
    assert_eq!(again.code, Some(1));
    assert!(again.stderr.contains("roll back"), "{}", again.stderr);
    assert_eq!(bench.audit().len(), 2, "nothing was sent");
}

#[test]
fn nothing_is_sent_without_a_yes_and_what_is_risky_wants_the_name() {
    let bench = Bench::new(&["--scenario", "errors"]);
    for (args, part) in [
        (&["rollback", TARGET][..], "hint: --yes"),
        (&["stop", TARGET, "--yes"], "hint: --confirm checkout"),
        (&["stop", TARGET, "--confirm", "checkuot"], "the name is `checkout`"),
        (&["rollback", TARGET, "--yes", "--expect", "d-OTHER"], "not d-OTHER"),
        (&["finish", TARGET, "--yes"], "not possible, nothing bakes"),
        (&["continue", TARGET, "--yes"], "not possible, no gate is waiting"),
        (&["pause", TARGET, "--yes"], "this control plane has no such order"),
        (&["undo", TARGET, "--to", "3", "--yes"], "this control plane has no such order"),
        (&["terminate", TARGET, "--yes"], "this control plane has no such order"),
    ] {
        let ended = bench.run(args);
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""), "{ended:?}");
        assert!(ended.stderr.contains(part), "no {part:?} in: {}", ended.stderr);
    }
    assert_ne!(bench.phase(), "stopped");
    assert_eq!(bench.audit().len(), 0);
    let ended = bench.run(&["stop", TARGET, "--confirm", "checkout"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stdout.starts_with("stop d-"), "{}", ended.stdout);
    assert_eq!(bench.audit(), ["intent", "outcome accepted"]);
}

#[test]
fn a_dry_run_says_what_would_be_sent_and_sends_nothing() {
    let bench = Bench::new(&["--scenario", "errors"]);
    let ended = bench.run(&["rollback", TARGET, "--dry-run"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stderr.contains("aws deploy stop-deployment --deployment-id d-"));
    assert!(ended.stdout.contains("permitted; nothing was sent"));
    let refused = bench.run(&["finish", TARGET, "--dry-run"]);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert_ne!(bench.phase(), "stopped");
    assert_eq!(bench.audit().len(), 0);
}

#[test]
fn a_lost_answer_is_cleared_up_by_reading() {
    let fault = "codedeploy.StopDeployment=drop-after*1";
    let bench = Bench::new(&["--scenario", "errors", "--fault", fault]);
    let ended = bench.run(&["rollback", TARGET, "--yes"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(bench.audit(), ["intent", "outcome accepted"]);
}

#[test]
fn a_refusal_is_told_with_what_is_missing() {
    let bench = Bench::new(&["--scenario", "errors", "--fault", "codedeploy.StopDeployment=deny"]);
    let ended = bench.run(&["rollback", TARGET, "--yes"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("codedeploy:StopDeployment"), "{}", ended.stderr);
    assert_eq!(bench.audit(), ["intent", "outcome refused"]);
}

#[test]
fn who_may_only_look_sends_nothing() {
    let home = Home::new().config("config.toml", "read-only = true\n");
    let bench = Bench::at(home, &["--scenario", "errors"]);
    let ended = bench.run(&["rollback", TARGET, "--yes"]);
    assert_eq!(ended.code, Some(1));
    assert!(ended.stderr.contains("not possible, read-only mode"), "{}", ended.stderr);
    assert_eq!(bench.audit().len(), 0);
}

#[test]
fn a_reason_that_the_policy_wants_is_said_by_the_script_and_written_down() {
    let policy = "[policy]\nreason = [\"roll-back\"]\n";
    let bench = Bench::at(Home::new().config("config.toml", policy), &["--scenario", "errors"]);
    for said in [&[][..], &["--reason", "y"]] {
        let ended = bench.run(&[&["rollback", TARGET, "--yes"], said].concat());
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""), "{ended:?}");
        assert!(ended.stderr.contains("hint: --reason 'WHY'"), "{}", ended.stderr);
    }
    assert_eq!(bench.audit().len(), 0);
    let why = "checkout fails \u{1b}[2J";
    let ended = bench.run(&["rollback", TARGET, "--yes", "--json", "--reason", why]);
    let report: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!((ended.code, report["reason"].as_str()), (Some(0), Some(why)), "{ended:?}");
    let told = bench.run(&["audit"]).stdout;
    assert!(told.contains(": checkout fails <1b>[2J"), "{told}");
}

#[test]
fn what_cannot_be_read_is_an_error_and_no_order() {
    let bench = Bench::new(&["--scenario", "errors"]);
    bench.run(&["rollback", "codedeploy:shop/nothing", "--yes"]).is_error(&["nothing"]);
}
