//! Who may only look changes nothing, proved where the requests arrive.

use cutover::domain::Progress;

use super::killed::{calls, changes};
use super::monkey::Monkey;
use crate::cli::process::{Home, Sim};

const TARGET: &str = "codedeploy:shop/checkout";

/// Everything that a subcommand could be told to do with a rollout.
const ORDERS: [&[&str]; 8] = [
    &["rollback", TARGET, "--yes"],
    &["rollback", TARGET, "--yes", "--wait", "--timeout", "5s"],
    &["rollback", TARGET, "--confirm", "checkout", "--json"],
    &["continue", TARGET, "--yes"],
    &["continue", TARGET, "--confirm", "checkout"],
    &["stop", TARGET, "--confirm", "checkout"],
    &["finish", TARGET, "--confirm", "checkout"],
    &["rollback", TARGET, "--dry-run"],
];

#[test]
fn no_subcommand_changes_anything_with_the_flag_or_with_the_line_in_the_file() {
    for scenario in ["errors", "approval", "finished"] {
        let by_flag = Home::new();
        let by_file = Home::new().config("config.toml", "read-only = true\n");
        let sim = Sim::start(&by_flag, &["--scenario", scenario]);
        for (home, flag) in [(&by_flag, &["--read-only"][..]), (&by_file, &[])] {
            for order in ORDERS {
                let mut command = home.command(&[order, flag].concat());
                let ended = Home::ended(command.envs(sim.variables.clone()));
                assert_eq!(ended.code, Some(1), "{order:?}: {ended:?}");
                assert!(ended.stderr.contains("read-only mode") || order.contains(&"--json"));
            }
            for look in [&["status", TARGET][..], &["status", TARGET, "--json"]] {
                Home::ended(home.command(look).envs(sim.variables.clone()));
            }
            assert!(!home.0.path().join("state/cutover/audit.jsonl").exists(), "{scenario}");
        }
        let arrived = calls(&sim);
        assert!(arrived.len() > 20, "nothing was read: {arrived:?}");
        assert_eq!(changes(&arrived), Vec::<&String>::new(), "{scenario}");
    }
}

#[tokio::test]
async fn random_keys_change_nothing_through_an_account_that_only_reads() {
    // The screen is made to believe that it may act: what keeps the calls away is below it.
    let mut refused = 0;
    for (index, scenario) in ["errors", "approval", "finished", "ecs-canary"].iter().enumerate() {
        let mut monkey = Monkey::at(scenario, 77 + index as u64, true).await;
        for _ in 0..100 {
            monkey.steps().await;
        }
        let only_refusals = |progress: &Progress| {
            matches!(progress, Progress::Refused { .. } | Progress::Void { .. } | Progress::Sent)
        };
        assert!(monkey.heard.iter().all(only_refusals), "{:?}", monkey.heard);
        refused += monkey.heard.len();
        assert_eq!(monkey.changes(), 0, "{scenario}");
    }
    assert!(refused > 0, "no order was given: the keys proved nothing");
}
