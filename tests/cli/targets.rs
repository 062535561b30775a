//! `cutover targets`, against a simulator.

use serde_json::Value;

use super::process::{Ended, Home, Sim};

fn listed(options: &[&str], more: &[&str]) -> Ended {
    let home = Home::new();
    let sim = Sim::start(&home, options);
    let args = [&["targets"], more].concat();
    Home::ended(home.command(&args).envs(sim.variables.clone()))
}

fn document(options: &[&str]) -> (Option<i32>, Value) {
    let ended = listed(options, &["--json"]);
    let document = serde_json::from_str(&ended.stdout);
    (ended.code, document.unwrap_or_else(|error| panic!("{error}: {ended:?}")))
}

fn one<'a>(list: &'a Value, target: &str) -> &'a Value {
    let list = list.as_array().unwrap();
    let found = list.iter().find(|one| one["target"].as_str().unwrap().starts_with(target));
    found.unwrap_or_else(|| panic!("no {target} in {list:?}"))
}

#[test]
fn a_deployment_group_is_offered_and_the_rule_that_it_moves_is_not() {
    let (_, document) = document(&["--scenario", "canary", "--seed", "7"]);
    assert_eq!(document["schema"], "cutover.targets/1");
    assert_eq!(document["owners_known"], true);
    let group = one(&document["targets"], "codedeploy:");
    assert_eq!(group["target"], "codedeploy:shop/checkout");
    assert_eq!((&group["platform"], &group["running"]), (&"ECS".into(), &true.into()));
    assert!(group["rollout"].as_str().unwrap().starts_with("d-"), "{group}");
    for rule in document["owned"].as_array().unwrap() {
        assert_eq!(rule["owner"], "codedeploy:shop/checkout");
    }
    let targets = document["targets"].as_array().unwrap();
    assert!(targets.iter().all(|one| one["control_plane"] != "alb"), "{targets:?}");
}

#[test]
fn a_service_that_ecs_deploys_is_found_with_its_strategy() {
    let (_, document) = document(&["--scenario", "ecs-canary"]);
    let service = one(&document["targets"], "ecs:");
    assert_eq!(service["strategy"], "CANARY");
    let rules = document["owned"].as_array().unwrap();
    assert!(rules.iter().all(|rule| rule["owner"] == service["target"]), "{rules:?}");
}

#[test]
fn what_a_person_moves_is_offered_as_one_types_it() {
    for (scenario, target, plane) in [
        ("alb", "alb:arn:aws:elasticloadbalancing:", "alb"),
        ("alb-worse", "alb:arn:aws:elasticloadbalancing:", "alb"),
        ("route53", "route53:Z", "route53"),
    ] {
        let (_, document) = document(&["--scenario", scenario]);
        let found = one(&document["targets"], target);
        assert_eq!(found["control_plane"], plane, "{scenario}");
        assert_eq!(found["shares"].as_array().unwrap().len(), 2, "{scenario}");
        found["target"].as_str().unwrap().parse::<cutover::domain::Target>().unwrap();
    }
}

#[test]
fn a_missing_permission_is_named_and_hides_nothing_of_the_others() {
    let options = ["--scenario", "canary", "--fault", "ecs.ListClusters=deny"];
    let (code, document) = document(&options);
    assert_eq!((code, &document["complete"]), (Some(1), &false.into()));
    assert_eq!(document["owners_known"], false);
    let gaps = document["gaps"].as_array().unwrap();
    let gap = gaps.iter().find(|gap| gap["control_plane"] == "ecs").unwrap();
    assert_eq!((&gap["kind"], &gap["permission"]), (&"denied".into(), &"ecs:ListClusters".into()));
    one(&document["targets"], "codedeploy:shop/checkout");
    let ended = listed(&options, &[]);
    assert!(ended.stdout.starts_with("NOW "), "{}", ended.stdout);
    assert!(ended.stderr.contains("no permission for ecs:ListClusters"), "{}", ended.stderr);
}

#[test]
fn a_login_that_is_over_is_one_error() {
    let ended = listed(&["--fault", "all=expired"], &[]);
    ended.is_error(&["login expired", "hint: renew the login"]);
}
