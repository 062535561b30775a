//! What is secret is written nowhere: not to the screen's record, not to the audit file, not into
//! JSON, error messages or the report of a crash.

use std::fs;
use std::path::Path;

use crate::cli::process::{Home, Sim};

const TARGET: &str = "codedeploy:shop/checkout";
/// Planted where the program finds its credentials, and in the environment at large.
pub(crate) const SECRETS: [(&str, &str); 5] = [
    ("AWS_ACCESS_KEY_ID", "AKIAPLANTEDKEY000001"),
    ("AWS_SECRET_ACCESS_KEY", "planted/secret/key/0000000000000000000002"),
    ("AWS_SESSION_TOKEN", "planted-session-token-0000000003"),
    ("DATABASE_PASSWORD", "planted-password-0000000004"),
    ("GITHUB_TOKEN", "planted-token-0000000005"),
];
/// In the task definitions of the simulated account: what a container is given is not read.
const IN_CONTAINERS: [&str; 2] = ["PAYMENT_TIMEOUT_MS", "NEW_BASKET"];

/// Everything in the files below a folder, with their names.
fn files(folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else {
            let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
            found.push((path.display().to_string(), text));
        }
    }
}

#[test]
fn no_secret_is_written_anywhere() {
    let home = Home::new();
    let faults = ["codedeploy.StopDeployment=bad-signature*1", "ecs=expired*2", "elb=html:502*2"];
    let faults: Vec<&str> = faults.iter().flat_map(|fault| ["--fault", *fault]).collect();
    let sim =
        Sim::start(&home, &[&["--scenario", "errors", "--speed", "60"][..], &faults].concat());
    let mut said = Vec::new();
    for args in [
        &["status", TARGET, "--json"][..],
        &["rollback", TARGET, "--yes", "--json"],
        &["status", TARGET],
        &["rollback", TARGET, "--yes", "--json", "--wait", "--timeout", "2m"],
        &["status", "codedeploy:shop/nothing", "--json"],
        &["audit"],
        &["status", TARGET, "--profile", "nobody"],
    ] {
        let mut command = home.command(args);
        let ended = Home::ended(command.envs(sim.variables.clone()).envs(SECRETS));
        said.push((format!("{args:?}"), format!("{}\n{}", ended.stdout, ended.stderr)));
    }
    files(home.0.path(), &mut said);
    assert!(said.iter().any(|(name, _)| name.ends_with("audit.jsonl")), "nothing was written");
    for (name, text) in &said {
        for (variable, secret) in SECRETS {
            assert!(!text.contains(secret), "{variable} is in {name}");
        }
        for variable in IN_CONTAINERS {
            assert!(!text.contains(variable), "{variable} of a container is in {name}");
        }
    }
}
