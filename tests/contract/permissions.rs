//! The IAM policy holds what the program calls, all of it and nothing else.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use cutover::app::log::source;
use cutover::domain::{FaultKind, GapReason, LogQuestion, Side};
use cutover::sim::services::Service;
use cutover::sources::permissions::{Where, policy};

use super::*;

/// AWS asks for it in the name of a call, so that no call bears its name.
const NEVER_CALLED: [&str; 1] = ["codedeploy:RegisterApplicationRevision"];
/// A call that nobody needs a permission for.
const FREE: &str = "sts:GetCallerIdentity";

fn allowed(target: Option<&str>, read_only: bool) -> BTreeSet<String> {
    let target = target.map(|text| text.parse::<Target>().unwrap());
    let statements = policy(target.as_ref(), &Where::default(), read_only).unwrap();
    statements.iter().flat_map(|one| &one.actions).map(|action| (*action).to_owned()).collect()
}

/// Every operation of the simulator, as IAM spells it.
fn simulated() -> impl Iterator<Item = String> {
    let named = |service: Service| {
        service.operations().iter().map(move |name| format!("{}:{name}", service.name()))
    };
    let of_aws = |service: &Service| !matches!(service, Service::Kubernetes | Service::Prometheus);
    Service::ALL.into_iter().filter(of_aws).flat_map(named)
}

impl Bench {
    /// From now on nothing is permitted but this.
    fn permit_only(&self, allowed: &BTreeSet<String>) {
        for action in simulated().filter(|action| !allowed.contains(action) && action != FREE) {
            self.fault(&format!("{}=deny", action.replacen(':', ".", 1)));
        }
    }

    /// What has arrived, as IAM spells it.
    fn called(&self) -> BTreeSet<String> {
        let calls = self.simulator.calls();
        calls.iter().map(|call| format!("{}:{}", call.service.name(), call.operation)).collect()
    }
}

/// Nothing in the picture was refused for want of a permission.
#[track_caller]
fn nothing_denied(picture: &Snapshot) {
    let text = serde_json::to_string(picture).unwrap();
    let denied = text.find("\"kind\":\"denied\"").map(|at| &text[at..(at + 200).min(text.len())]);
    assert_eq!(denied, None);
}

/// Watches until the rollout stands there, gives the order, and watches on; what was called.
async fn play(scenario: &str, target: &str, phase: Phase, action: Action) -> BTreeSet<String> {
    let mut bench = Bench::target(scenario, target).await;
    bench.permit_only(&allowed(Some(target), false));
    let picture = bench.reach(&phase).await;
    nothing_denied(&picture);
    let order = bench.order(&picture, action);
    let sent = bench.carry_out(&order).await;
    assert!(matches!(sent, Ok(Progress::Accepted { .. })), "{scenario} {action:?}: {sent:?}");
    for _ in 0..3 {
        bench.pass(20);
        nothing_denied(&bench.look().await);
    }
    if let Ok((place, tasks)) = source(&picture, Side::Green) {
        let (place, target) = (place.clone(), picture.target.clone());
        let question = LogQuestion { target, side: Side::Green, place, tasks, since: None };
        bench.aws.log(&question).await.unwrap();
    }
    bench.called()
}

/// What a policy lists is called by one of these; the rest is for what these worlds do not show.
fn nothing_unused(target: &str, called: &BTreeSet<String>, beside: &[&str]) {
    let unused = allowed(Some(target), false).into_iter().filter(|action| {
        let excused = beside.iter().chain(&NEVER_CALLED).any(|name| name == action);
        !called.contains(action) && !excused
    });
    assert_eq!(unused.collect::<Vec<_>>(), Vec::<String>::new());
}

#[tokio::test]
async fn the_policy_of_a_deployment_group_is_enough_for_every_order_and_no_more() {
    const GROUP: &str = "codedeploy:shop/checkout";
    let mut called = BTreeSet::new();
    for (scenario, phase, action) in [
        ("approval", Phase::AwaitingApproval, Action::Continue),
        ("canary", Phase::Shifting, Action::RollBack),
        ("canary", Phase::Shifting, Action::Stop),
        ("canary", Phase::Baking, Action::Finish),
        ("finished", Phase::Succeeded, Action::RollBack),
    ] {
        called.extend(Box::pin(play(scenario, GROUP, phase, action)).await);
    }
    // Asked only where a group does not name its last deployment, and where that has other targets
    // than one service on ECS.
    // Only where a pipeline deploys it, or where it deploys a function or instances.
    let beside = [
        "codedeploy:ListDeployments",
        "codedeploy:ListDeploymentTargets",
        "codepipeline:GetPipeline",
        "codepipeline:GetPipelineState",
        "codepipeline:ListPipelineExecutions",
        "codepipeline:PutApprovalResult",
        "codepipeline:RollbackStage",
        "lambda:GetAlias",
    ];
    nothing_unused(GROUP, &called, &beside);
}

#[tokio::test]
async fn the_policy_of_a_service_is_enough_for_every_order_and_no_more() {
    const SERVICE: &str = "ecs:prod/checkout";
    let mut called = BTreeSet::new();
    for (scenario, phase, action) in [
        ("ecs-canary", Phase::AwaitingApproval, Action::Continue),
        ("ecs-bluegreen", Phase::Baking, Action::RollBack),
        ("ecs-bluegreen", Phase::Succeeded, Action::RollBack),
    ] {
        called.extend(Box::pin(play(scenario, SERVICE, phase, action)).await);
    }
    // What CodeDeploy needs is the other test's; a service is searched for in its groups only before
    // its first deployment, and only a network load balancer's listener is asked itself.
    let codedeploy = allowed(Some("codedeploy:shop/checkout"), false);
    let mut beside: Vec<_> = codedeploy.iter().map(String::as_str).collect();
    beside.extend([
        "codedeploy:ListApplications",
        "codedeploy:ListDeploymentGroups",
        "elasticloadbalancing:DescribeListeners",
    ]);
    nothing_unused(SERVICE, &called, &beside);
}

#[tokio::test]
async fn the_policy_of_a_rollout_behind_an_alb_is_enough_to_count_it_and_no_more() {
    const ROLLOUT: &str = "argo:shop/checkout";
    let mut bench = Bench::target("argo-alb", ROLLOUT).await;
    bench.permit_only(&allowed(Some(ROLLOUT), false));
    bench.pass(300);
    let picture = bench.look().await;
    nothing_denied(&picture);
    assert!(picture.metrics.value().is_some_and(|metrics| metrics.minutes() > 100));
    nothing_unused(ROLLOUT, &bench.called(), &[]);
}

#[tokio::test]
async fn looking_at_everything_needs_the_policy_without_a_target() {
    for scenario in ["canary", "ecs-canary"] {
        let bench = Bench::target(scenario, "codedeploy:shop/checkout").await;
        bench.permit_only(&allowed(None, true));
        assert_eq!(bench.aws.list().await.unwrap().len(), 1, "{scenario}");
        let listing = Box::pin(bench.aws.targets()).await.unwrap();
        for gap in listing.gaps {
            let denied = matches!(&gap.why, GapReason::Failed(fault)
                if matches!(fault.kind, FaultKind::Denied { .. }));
            assert!(!denied, "{:?}", gap.why);
        }
    }
}

/// The text of every file below `src/sources` but the table's own.
fn sources() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/sources");
    let mut folders = vec![root];
    let mut text = String::new();
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(folder).unwrap();
        for path in entries.map(|entry| entry.unwrap().path()) {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            match path {
                _ if name == "permissions.rs" || name == "argo" => {}
                path if path.is_dir() => folders.push(path),
                path => text.push_str(&read(path)),
            }
        }
    }
    text
}

fn read(path: PathBuf) -> String {
    std::fs::read_to_string(path).unwrap()
}

/// `DescribeServices` as the SDK's method is called.
fn method(operation: &str) -> String {
    let mut name = String::new();
    let mut small = false;
    for c in operation.chars() {
        if c.is_ascii_uppercase() && small {
            name.push('_');
        }
        small = c.is_ascii_lowercase();
        name.push(c.to_ascii_lowercase());
    }
    name
}

/// The words of calls that have no parameters in the brackets, as the SDK's operations have none.
fn methods(text: &str) -> BTreeSet<&str> {
    const VERBS: [&str; 16] = [
        "abort", "batch", "change", "continue", "create", "delete", "describe", "filter", "get",
        "list", "modify", "put", "register", "stop", "swap", "update",
    ];
    /// What is read from an answer, and what is built.
    const OTHER: [&str; 3] = ["change_info", "create_time", "stop_code"];
    /// A call among many words that begin like it.
    const CALL: &str = "rollback_stage";
    let ends = text.match_indices("()").map(|(at, _)| &text[..at]);
    let words = ends.filter_map(|before| {
        let start =
            before.rfind(|c: char| !(c.is_ascii_lowercase() || c == '_' || c.is_ascii_digit()))?;
        before[start..].strip_prefix('.')
    });
    words
        .filter(|word| {
            *word == CALL || word.split_once('_').is_some_and(|(verb, _)| VERBS.contains(&verb))
        })
        .filter(|word| !OTHER.contains(word))
        .collect()
}

#[test]
fn the_table_names_what_the_sources_call_and_nothing_else() {
    let text = sources();
    let called = methods(&text);
    let allowed = allowed(None, false);
    let operations = allowed.iter().filter(|action| !NEVER_CALLED.contains(&action.as_str()));
    let mut listed: BTreeSet<String> =
        operations.map(|action| method(action.split_once(':').unwrap().1)).collect();
    listed.insert(method("GetCallerIdentity"));
    let listed: BTreeSet<&str> = listed.iter().map(String::as_str).collect();
    let missing: Vec<_> = called.difference(&listed).collect();
    assert!(missing.is_empty(), "called, but not in src/sources/permissions.rs: {missing:?}");
    let unused: Vec<_> = listed.difference(&called).collect();
    assert!(unused.is_empty(), "in src/sources/permissions.rs, but not called: {unused:?}");
}
