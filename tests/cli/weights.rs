//! Weights that a person sets, ordered from a script.

use cutover::sim::scenario::Scenario;
use serde_json::Value;

use super::order::Bench;
use super::process::Ended;

/// The target of a scenario in the simulator's own first world.
fn target(scenario: &str) -> String {
    Scenario::named(scenario).unwrap().target(1)
}

fn bench(scenario: &str) -> Bench {
    Bench::new(&["--scenario", scenario, "--speed", "60"])
}

fn report(ended: &Ended) -> Value {
    serde_json::from_str(&ended.stdout).unwrap_or_else(|_| panic!("{ended:?}"))
}

impl Bench {
    /// Green's share that was asked for, and the one in force.
    fn shares(&self, target: &str) -> (f64, f64) {
        let ended = self.run(&["status", target, "--json"]);
        let traffic = &report(&ended)["rollout"]["value"]["traffic"];
        let planned = traffic["planned"]["value"]["green"].as_f64();
        let held = traffic["listener"]["value"]["split"]["green"].as_f64();
        (
            planned.unwrap_or_else(|| panic!("{traffic}")),
            held.unwrap_or_else(|| panic!("{traffic}")),
        )
    }
}

#[test]
fn a_script_shifts_a_rule_step_by_step_and_back() {
    let (bench, target) = (bench("alb"), target("alb"));
    let dry = bench.run(&["shift", &target, "25", "--dry-run"]);
    assert_eq!(dry.code, Some(0), "{dry:?}");
    assert!(dry.stderr.contains("aws elbv2 modify-rule --rule-arn arn:aws:"), "{}", dry.stderr);
    assert_eq!((bench.shares(&target), bench.audit().len()), ((0.0, 0.0), 0));
    for (share, wanted) in [("25", 25.0), ("next", 35.0)] {
        // Of a rule with traffic on both sides nobody knows which is blue, but by the larger share.
        let confirm = ["shift", &target, share, "--wait", "--json", "--confirm", "shop/checkout/*"];
        let yes = ["shift", &target, share, "--wait", "--json", "--yes"];
        let ended = bench.run(if wanted > 25.0 { &confirm } else { &yes });
        assert_eq!(
            (ended.code, report(&ended)["outcome"].as_str()),
            (Some(0), Some("done")),
            "{ended:?}"
        );
        assert_eq!(bench.shares(&target), (wanted, wanted));
    }
    let said = target.replace("alb:", "alb:checkout-a@");
    let ended = bench.run(&["rollback", &said, "--yes", "--wait", "--json"]);
    assert_eq!(report(&ended)["outcome"], "done", "{ended:?}");
    assert_eq!(report(&ended)["means"], "set_weights");
    assert_eq!(bench.shares(&said), (0.0, 0.0));
    assert_eq!(bench.audit().len(), 6);
    let again = bench.run(&["rollback", &said, "--yes"]);
    assert_eq!(again.code, Some(1), "{again:?}");
    assert!(again.stderr.contains("the traffic is there already"), "{}", again.stderr);
}

#[test]
fn a_guess_about_the_sides_wants_the_name_and_a_named_blue_does_not() {
    let (bench, target) = (bench("alb"), target("alb"));
    bench.run(&["shift", &target, "40", "--yes"]);
    let guessed = bench.run(&["shift", &target, "50", "--yes"]);
    assert_eq!(guessed.code, Some(1), "{guessed:?}");
    assert!(guessed.stderr.contains("Nobody has said which side is blue"), "{}", guessed.stderr);
    assert!(guessed.stderr.contains("hint: --confirm"), "{}", guessed.stderr);
    let said = target.replace("alb:", "alb:checkout-a@");
    let ended = bench.run(&["shift", &said, "50", "--yes"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(bench.shares(&said), (50.0, 50.0));
}

#[test]
fn records_are_waited_for_until_all_name_servers_answer_with_them() {
    let (bench, target) = (bench("route53"), target("route53"));
    let ended = bench.run(&["shift", &target, "10", "--yes", "--wait", "--json"]);
    let report = report(&ended);
    assert_eq!((ended.code, report["outcome"].as_str()), (Some(0), Some("done")), "{ended:?}");
    let line = report["cli"].as_str().unwrap();
    assert!(
        line.starts_with("aws route53 change-resource-record-sets --hosted-zone-id Z"),
        "{line}"
    );
    assert!(report["steps"]["restored"].as_f64().unwrap() >= 25.0, "{report}");
    assert_eq!(bench.audit(), ["intent", "outcome accepted"]);
}

#[test]
fn what_is_not_a_persons_to_set_is_refused_with_its_owner() {
    let bench = Bench::new(&["--scenario", "canary"]);
    let owned = report(&bench.run(&["targets", "--json"]))["owned"].clone();
    let owned = owned.as_array().unwrap().iter().filter_map(|one| one["target"].as_str());
    let rules: Vec<&str> = owned.filter(|target| target.starts_with("alb:")).collect();
    assert!(!rules.is_empty());
    for rule in rules {
        let ended = bench.run(&["shift", rule, "50", "--yes"]);
        let words = "the CodeDeploy deployment group shop/checkout owns this rollout";
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert!(ended.stderr.contains(words), "{}", ended.stderr);
    }
    // Production and test listener divide between the same two.
    let ended = bench.run(&["shift", "alb:checkout-a/checkout-b", "50", "--yes"]);
    ended.is_error(&["several rules divide between the two", ":listener/app/shop/"]);
    assert_eq!(bench.audit().len(), 0);
    let bench = Bench::new(&["--scenario", "alb"]);
    let ended = bench.run(&["shift", "alb:checkout-a/cart", "50", "--yes"]);
    ended.is_error(&["no rule divides between checkout-a and cart"]);
}

#[test]
fn a_lost_answer_is_cleared_up_by_reading_the_weights() {
    let fault = "elbv2.ModifyRule=drop-after*1";
    let bench = Bench::new(&["--scenario", "alb", "--fault", fault]);
    let target = target("alb");
    let ended = bench.run(&["shift", &target, "10", "--yes"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(bench.audit(), ["intent", "outcome accepted"]);
    assert_eq!(bench.shares(&target), (10.0, 10.0));
}
