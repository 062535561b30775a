//! Without a terminal: data, errors, exit codes.

use std::fmt::Write as _;
use std::io::Read;
use std::process::Stdio;

use cutover::sim::scenario::Scenario;

use super::process::{Home, Sim};

#[test]
fn bad_arguments_are_named_with_what_was_meant() {
    let home = Home::new();
    home.run(&["--regoin", "eu-west-1"]).is_error(&["--regoin", "--region"]);
    home.run(&["demo", "--scenario", "canri"])
        .is_error(&["`canri`", "hint: did you mean `canary`?"]);
    home.run(&["demo", "--speed", "0"]).is_error(&["a speed is a number above 0"]);
    home.run(&["sim", "--fault", "cloudwatch=denny"]).is_error(&["`deny`"]);
    home.run(&["shop"]).is_error(&["cannot watch `shop`", "hint: write codedeploy:APP/GROUP"]);
    home.run(&["statsu"]).is_error(&["did you mean the command `status`?"]);
    home.run(&["status"]).is_error(&["no target", "hint: "]);
}

#[test]
fn the_screen_without_a_terminal_is_one_line() {
    let home = Home::new();
    for args in [&["demo"][..], &["ecs:a/b"], &[]] {
        let ended = home.run(args);
        ended.is_error(&["needs a terminal", "hint: `cutover status`"]);
        assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
    }
}

#[test]
fn a_wrong_configuration_file_is_named_with_its_line() {
    let home = Home::new().config("config.toml", "bell = true\nregio = \"eu-west-1\"\n");
    home.run(&["status", "ecs:a/b"]).is_error(&["config.toml:2:", "did you mean `region`?"]);
    let home = Home::new().config("keymap.toml", "[cockpit]\n\"f5\" = \"refrsh\"\n");
    home.run(&["keys"]).is_error(&["keymap.toml:2:", "did you mean `refresh`?"]);
}

#[test]
fn stored_minutes_are_judged_as_the_configuration_file_says() {
    let home = Home::new().config(
        "config.toml",
        "[targets.calm]\ntarget = \"ecs:a/b\"\n\
         verdict = { errors = { ignore = { ratio = 10, plus = 0.5 } } }\n",
    );
    let mut minutes = String::from("time,blue_requests,blue_errors,green_requests,green_errors\n");
    for minute in 0..40 {
        let green = if minute < 20 { "," } else { "1000,60" };
        writeln!(minutes, "{minute},1000,4,{green}").unwrap();
    }
    let file = home.0.path().join("minutes.csv");
    std::fs::write(&file, minutes).unwrap();
    let judged = |more: &[&str]| {
        let ended = home.run(&[&["judge", file.to_str().unwrap()], more].concat());
        (ended.code, ended.stdout.lines().nth(20).unwrap_or_default().to_owned(), ended.stderr)
    };
    let (code, last, _) = judged(&[]);
    assert!(code == Some(1) && last.contains("worse"), "{last}");
    let (code, last, _) = judged(&["--target", "calm"]);
    assert!(code == Some(0) && last.contains("undecided"), "{last}");
    let (code, _, stderr) = judged(&["--alpha", "2"]);
    assert!(code == Some(2) && stderr.contains("above 0 and below 1"), "{stderr}");
}

#[test]
fn a_clock_that_is_none_says_so() {
    let home = Home::new();
    let output =
        home.command(&["status", "ecs:a/b"]).env("CUTOVER_CLOCK", "noon").output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.starts_with("error: CUTOVER_CLOCK is `noon`"), "{stderr}");
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn keys_are_listed_with_the_user_s_own() {
    let home = Home::new().config("keymap.toml", "[cockpit]\n\"f5\" = \"refresh\"\n");
    let ended = home.run(&["keys", "--json"]);
    let rows: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    let has = |key: &str, command: &str| {
        rows.as_array().unwrap().iter().any(|row| row["key"] == key && row["command"] == command)
    };
    assert!(has("f5", "refresh") && has("R", "roll-back") && has("y", "confirm"));
    assert!(home.run(&["keys"]).stdout.contains("f5"));
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let home = Home::new();
    let mut child = home
        .command(&["completions", "bash"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let mut stderr = String::new();
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    assert_eq!((child.wait().unwrap().code(), stderr.as_str()), (Some(0), ""));
}

#[test]
fn a_simulator_says_how_to_reach_it_and_status_reads_it_by_that() {
    let home = Home::new();
    let sim = Sim::start(&home, &["--scenario", "canary", "--seed", "7"]);
    let run = |args: &[&str]| {
        let output = home.command(args).envs(sim.variables.clone()).output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let (code, text) = run(&["status", "codedeploy:shop/checkout", "--json"]);
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(code, Some(0), "{text}");
    assert_eq!(document["schema"], "cutover.status/1");
    assert_eq!(document["standing"], "fine");
    assert_eq!(document["rollout"]["value"]["name"], "checkout");
    assert_eq!(document["verdict"]["verdict"], "no_data", "green has no traffic yet");
    let (code, text) = run(&["status", "codedeploy:shop/checkout"]);
    assert_eq!(code, Some(0));
    assert!(text.starts_with("target   codedeploy:shop/checkout\n"), "{text}");
    let (code, text) = run(&["status", "codedeploy:shop/chekout"]);
    assert_eq!(code, Some(2), "{text}");
}

#[test]
fn a_simulated_cluster_is_reached_by_a_configuration_of_its_own() {
    let home = Home::new();
    let file = home.0.path().join("kubeconfig");
    let file = file.to_str().unwrap();
    let sim = Sim::start(&home, &["--scenario", "argo-canary", "--kubeconfig", file]);
    let output = home
        .command(&["status", "argo:shop/checkout", "--json"])
        .envs(sim.variables.clone())
        .env("KUBECONFIG", file)
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert_eq!(document["rollout"]["value"]["configuration"], "canary");
    assert!(document["identity"]["value"]["arn"].as_str().unwrap().contains("rollout-operator"));
    // A configuration that is there is nobody's to overwrite.
    let again = home.run(&["sim", "--scenario", "argo-canary", "--kubeconfig", file]);
    assert_eq!(again.code, Some(2), "{again:?}");
    assert!(again.stderr.contains("takes the name of a new file"), "{again:?}");
}

#[test]
fn two_simulated_clusters_are_two_contexts_and_each_gives_roles_of_its_own() {
    let target = Scenario::named("clusters").unwrap().target(1);
    let side = |name: &str| {
        format!(
            "{name} = {{ runs = \"argo:eks-{name}/shop/checkout\", prometheus = \"monitoring/prometheus:9090\" }}\n"
        )
    };
    let text = format!("[targets.shop]\ntarget = \"{target}\"\n{}{}", side("blue"), side("green"));
    let home = Home::new().config("config.toml", &text);
    let file = home.0.path().join("kubeconfig");
    let options = ["--scenario", "clusters", "--kubeconfig", file.to_str().unwrap()];
    let fault = ["--fault", "kubernetes/eks-green.list=deny"];
    let sim = Sim::start(&home, &[&options[..], &fault[..]].concat());
    let run = |args: &[&str]| {
        let mut command = home.command(args);
        Home::ended(command.envs(sim.variables.clone()).env("KUBECONFIG", &file))
    };
    let ended = run(&["status", "shop"]);
    let said = [
        "blue     argo:eks-blue/shop/checkout, Healthy",
        "green    argo:eks-green/shop/checkout, not known",
    ];
    ended.says(0, &said);
    let roles = run(&["rbac", "shop"]).stdout;
    for part in ["# blue: argo:eks-blue/", "kubectl --context eks-green apply", "services/proxy"] {
        assert!(roles.contains(part), "{part}: {roles}");
    }
    assert!(!roles.contains("patch"), "{roles}");
    run(&["rbac", "alb:a/b"])
        .is_error(&["nobody has said which clusters are behind alb:a/b", "hint:"]);
}

#[test]
fn the_roles_for_a_cluster_say_what_watching_needs_and_what_acting_needs_beside_it() {
    let home = Home::new();
    let read = home.run(&["rbac", "--read-only"]).stdout;
    assert!(read.contains("name: cutover-read") && !read.contains("patch"), "{read}");
    let both = home.run(&["rbac"]).stdout;
    assert!(both.starts_with(&read) && both.contains("name: cutover-act"), "{both}");
    assert_eq!(both.matches("\n---\n").count(), 2, "a Deployment has a role of its own");
}
