//! Every order on every control plane, and the moment it is given in.

use std::sync::LazyLock;

use cutover::domain::{ListenerSplit, Means, Order, Phase, Snapshot, Target};
use cutover::sim::scenario::Scenario;
use tokio::sync::OnceCell;

use super::night::Evening;

/// The seed of all worlds.
pub(crate) const SEED: u64 = 7;

/// An order and the moment it is given in.
pub(crate) struct Given {
    /// What is wanted, in a word or two.
    pub(crate) action: &'static str,
    /// On what.
    pub(crate) place: &'static str,
    pub(crate) scenario: &'static str,
    /// Each key with the moment it is pressed at; the last one gives the order.
    pub(crate) keys: &'static [(Moment, &'static str)],
    /// How it is carried out.
    means: Means,
    /// The call it leads to, as faults name it.
    pub(crate) call: &'static str,
    /// The call that reads the state again before it.
    pub(crate) read: &'static str,
    /// The world at that moment.
    pub(crate) evening: OnceCell<Evening>,
}

/// Where a rollout has to stand.
pub(crate) type Moment = fn(&Snapshot) -> bool;

impl Given {
    /// What is watched.
    pub(crate) fn target(&self) -> Target {
        Scenario::named(self.scenario).unwrap().target(SEED).parse().unwrap()
    }

    /// In words.
    pub(crate) fn name(&self) -> String {
        format!("{} ({})", self.action, self.place)
    }

    /// Whether its moment comes soon in the story, so that many runs are no wait.
    pub(crate) fn is_soon(&self) -> bool {
        self.keys.len() == 1 && self.means != Means::RedeployPrevious
    }

    /// Whether this is the order that the table means.
    pub(crate) fn is(&self, order: &Order) -> bool {
        let operation = self.call.split_once('.').map(|(_, operation)| operation);
        order.expected.means == self.means && operation == Some(&order.call.operation)
    }
}

fn is_at(picture: &Snapshot, phase: &Phase) -> bool {
    picture.rollout().is_some_and(|rollout| rollout.phase == *phase)
}

const APPROVAL: Moment = |picture| is_at(picture, &Phase::AwaitingApproval);
const SHIFTING: Moment = |picture| is_at(picture, &Phase::Shifting);
const BAKING: Moment = |picture| is_at(picture, &Phase::Baking);
const OVER: Moment = |picture| is_at(picture, &Phase::Succeeded);
const HELD: Moment = |picture| is_at(picture, &Phase::Held);
/// Traffic has been led to green, and follows.
const GREEN: Moment = |picture| {
    let traffic = picture.rollout().map(|rollout| &rollout.traffic);
    let held = traffic.and_then(|traffic| traffic.listener.value());
    HELD(picture) && matches!(held, Some(ListenerSplit::Split(split)) if split.green.get() > 0.0)
};
/// An approval of the pipeline waits.
const ASKED: Moment = |picture| {
    let pipeline = picture.pipeline.value().and_then(Option::as_ref);
    pipeline.is_some_and(|pipeline| pipeline.approval.is_some())
};

/// Every order that there is outside of a cluster; those have a table of their own (`contract/argo`).
pub(crate) fn orders() -> &'static [Given] {
    static ORDERS: LazyLock<Vec<Given>> = LazyLock::new(|| {
        [codedeploy(), functions_and_instances(), ecs(), weights(), environments(), pipeline()]
            .concat()
            .into_iter()
            .map(|(action, place, scenario, keys, means, (call, read))| Given {
                action,
                place,
                scenario,
                keys,
                means,
                call,
                read,
                evening: OnceCell::new(),
            })
            .collect()
    });
    &ORDERS
}

type Line = (
    &'static str,
    &'static str,
    &'static str,
    &'static [(Moment, &'static str)],
    Means,
    (&'static str, &'static str),
);

/// The calls, each with the one that reads before it.
const ONWARD: (&str, &str) = ("codedeploy.ContinueDeployment", "codedeploy.GetDeployment");
const STOP: (&str, &str) = ("codedeploy.StopDeployment", "codedeploy.GetDeployment");
const DEPLOY: (&str, &str) = ("codedeploy.CreateDeployment", "codedeploy.GetDeployment");
const ANSWER: (&str, &str) = ("ecs.ContinueServiceDeployment", "ecs.DescribeServices");
const STOP_ECS: (&str, &str) = ("ecs.StopServiceDeployment", "ecs.DescribeServices");
const UPDATE: (&str, &str) = ("ecs.UpdateService", "ecs.DescribeServices");
const RULE: (&str, &str) = ("elb.ModifyRule", "elb.DescribeRules");
const LISTENER: (&str, &str) = ("elb.ModifyListener", "elb.DescribeListeners");
const RECORDS: (&str, &str) =
    ("route53.ChangeResourceRecordSets", "route53.ListResourceRecordSets");
const SWAP: (&str, &str) = ("beanstalk.SwapEnvironmentCNAMEs", "beanstalk.DescribeEnvironments");
const ABORT: (&str, &str) = ("beanstalk.AbortEnvironmentUpdate", "beanstalk.DescribeEnvironments");
const APPROVE: (&str, &str) = ("codepipeline.PutApprovalResult", "codepipeline.GetPipelineState");
const ROLLBACK: (&str, &str) = ("codepipeline.RollbackStage", "codepipeline.GetPipelineState");

fn codedeploy() -> Vec<Line> {
    use Means::{EndBake, OpenGate, RedeployPrevious, StopAndRollBack, StopOnly};
    const AT: &str = "CodeDeploy";
    vec![
        ("continue", AT, "approval", &[(APPROVAL, "c")], OpenGate, ONWARD),
        ("roll back", AT, "canary", &[(SHIFTING, "R")], StopAndRollBack, STOP),
        ("stop", AT, "canary", &[(SHIFTING, "S")], StopOnly, STOP),
        ("finish", AT, "all-at-once", &[(BAKING, "F")], EndBake, ONWARD),
        ("redeploy", AT, "finished", &[(OVER, "R")], RedeployPrevious, DEPLOY),
    ]
}

fn functions_and_instances() -> Vec<Line> {
    use Means::{EndBake, OpenGate, RedeployPrevious, StopAndRollBack, StopOnly};
    const AT: &str = "function";
    const ON: &str = "instances";
    vec![
        ("roll back", AT, "lambda-canary", &[(SHIFTING, "R")], StopAndRollBack, STOP),
        ("stop", AT, "lambda-canary", &[(SHIFTING, "S")], StopOnly, STOP),
        ("redeploy", AT, "lambda-canary", &[(OVER, "R")], RedeployPrevious, DEPLOY),
        ("continue", ON, "ec2", &[(APPROVAL, "c")], OpenGate, ONWARD),
        ("roll back", ON, "ec2", &[(APPROVAL, "R")], StopAndRollBack, STOP),
        ("stop", ON, "ec2", &[(APPROVAL, "S")], StopOnly, STOP),
        ("finish", ON, "ec2", &[(APPROVAL, "c"), (BAKING, "F")], EndBake, ONWARD),
        ("redeploy", ON, "ec2", &[(APPROVAL, "c"), (OVER, "R")], RedeployPrevious, DEPLOY),
    ]
}

fn ecs() -> Vec<Line> {
    use Means::{OpenGate, RedeployPrevious, StopAndRollBack, TurnRound};
    const AT: &str = "ECS";
    vec![
        ("continue", AT, "ecs-canary", &[(APPROVAL, "c")], OpenGate, ANSWER),
        ("roll back", "ECS at a gate", "ecs-canary", &[(APPROVAL, "R")], StopAndRollBack, ANSWER),
        ("roll back", AT, "ecs-bluegreen", &[(BAKING, "R")], StopAndRollBack, STOP_ECS),
        ("roll back", "ECS rolling", "ecs-rolling", &[(SHIFTING, "R")], TurnRound, STOP_ECS),
        ("redeploy", AT, "ecs-bluegreen", &[(OVER, "R")], RedeployPrevious, UPDATE),
    ]
}

fn weights() -> Vec<Line> {
    use Means::SetWeights;
    const BACK: &[(Moment, &str)] = &[(HELD, "+"), (GREEN, "R")];
    vec![
        ("shift", "rule", "alb", &[(HELD, "+")], SetWeights, RULE),
        ("lead back", "rule", "alb", BACK, SetWeights, RULE),
        ("shift", "listener", "alb-worse", &[(HELD, "+")], SetWeights, LISTENER),
        ("lead back", "listener", "alb-worse", BACK, SetWeights, LISTENER),
        ("shift", "records", "route53", &[(HELD, "+")], SetWeights, RECORDS),
        ("lead back", "records", "route53", BACK, SetWeights, RECORDS),
    ]
}

fn environments() -> Vec<Line> {
    use Means::{StopAndRollBack, SwapNames};
    const AT: &str = "environments";
    vec![
        ("swap", AT, "beanstalk", &[(HELD, "c")], SwapNames, SWAP),
        ("lead back", AT, "beanstalk", &[(HELD, "c"), (GREEN, "R")], SwapNames, SWAP),
        ("roll back", "split", "beanstalk-split", &[(SHIFTING, "R")], StopAndRollBack, ABORT),
    ]
}

fn pipeline() -> Vec<Line> {
    use Means::{Approve, BringOut, Reject};
    const AT: &str = "pipeline";
    vec![
        ("approve", AT, "pipeline", &[(ASKED, "c")], Approve, APPROVE),
        ("reject", AT, "pipeline", &[(ASKED, "S")], Reject, APPROVE),
        ("undo", AT, "pipeline", &[(ASKED, "U")], BringOut, ROLLBACK),
    ]
}

#[test]
fn every_way_to_carry_out_an_order_outside_of_a_cluster_is_in_the_table() {
    use Means::{
        Approve, BringOut, EndAnalysis, EndBake, Freeze, OpenGate, RedeployPrevious, Reject,
        ReplaceTasks, SetWeights, ShipAgain, SkipToEnd, StopAndRollBack, StopOnly, SwapNames,
        SwitchOver, Thaw, TryAgain, TurnRound,
    };
    let is_in_a_cluster = |means: Means| match means {
        OpenGate | StopAndRollBack | TurnRound | RedeployPrevious | StopOnly | EndBake
        | BringOut | SetWeights | SwapNames | Approve | Reject => false,
        SkipToEnd | TryAgain | ShipAgain | Freeze | Thaw | ReplaceTasks | SwitchOver
        | EndAnalysis => true,
    };
    let all = [
        OpenGate,
        StopAndRollBack,
        TurnRound,
        RedeployPrevious,
        StopOnly,
        EndBake,
        BringOut,
        SetWeights,
        SwapNames,
        Approve,
        Reject,
        SkipToEnd,
        TryAgain,
        ShipAgain,
        Freeze,
        Thaw,
        ReplaceTasks,
        SwitchOver,
        EndAnalysis,
    ];
    for means in all {
        let is_played = orders().iter().any(|given| given.means == means);
        assert!(is_played != is_in_a_cluster(means), "{means:?}");
    }
}
