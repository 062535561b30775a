//! Which IAM permissions the program needs, and on what: the one place that says so.
//!
//! Who adds a call adds a line here; a test compares this table with the calls in the sources and
//! plays with nothing else allowed. On what a permission can be given is in the service
//! authorization reference. Where it knows no resource (`StopDeployment`, all `Describe…` of the
//! load balancers), only `*` gives it: an ARN there would deny it when it is needed.

use std::collections::BTreeMap;

use crate::domain::{PrometheusAddress, Target};

/// A part of a policy: these actions on these resources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// Its name, unique in a policy.
    pub sid: String,
    /// The actions as IAM spells them, in order.
    pub actions: Vec<&'static str>,
    /// The resources' ARNs, or `*`.
    pub resources: Vec<String>,
}

/// Where a policy holds; `*` in its ARNs where it is not known.
#[derive(Debug, Clone, Default)]
pub struct Where {
    /// The Region.
    pub region: Option<String>,
    /// The account.
    pub account: Option<String>,
    /// What counts the requests of clusters.
    pub counted_by: Vec<PrometheusAddress>,
}

/// What a permission is needed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Need {
    /// To list what can be watched and what runs.
    Search,
    /// To judge: metrics and alarms.
    Judge,
    /// To count what a load balancer leads to the Services of a cluster.
    CountServices,
    /// To ask an Amazon Managed Prometheus.
    CountPods,
    /// To see the target groups of a load balancer, their weights and their health.
    WatchBalancer,
    /// To see the tasks of a service, whoever deploys it.
    WatchTasks,
    /// To watch what CodeDeploy deploys.
    WatchCodeDeploy,
    /// To find the deployment group of a service.
    FindGroup,
    /// To find out whether a deployment service has a rule's weights in hand.
    FindOwner,
    /// To watch what ECS itself deploys.
    WatchEcs,
    /// To watch a rule or a listener.
    WatchRule,
    /// To watch weighted records.
    WatchRecords,
    /// To watch environments of Elastic Beanstalk.
    WatchEnvironments,
    /// To act on what CodeDeploy deploys.
    ActCodeDeploy,
    /// To act on what ECS itself deploys.
    ActEcs,
    /// To see the alias of a function that CodeDeploy shifts.
    WatchFunction,
    /// To see the pipeline around a rollout.
    WatchPipeline,
    /// To swap environments of Elastic Beanstalk, or to abort the update of one.
    ActEnvironments,
    /// To answer an approval of a pipeline.
    ActPipeline,
    /// To set the weights of a rule or a listener.
    ActRule,
    /// To set the weights of records.
    ActRecords,
}

/// On what a permission can be given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum On {
    Anything,
    Application,
    DeploymentGroup,
    DeploymentConfig,
    Service,
    ServiceDeployment,
    ServiceRevision,
    Task,
    HostedZone,
    Workspace,
}

use Need::{
    ActCodeDeploy, ActEcs, ActEnvironments, ActPipeline, ActRecords, ActRule, CountPods,
    CountServices, FindGroup, FindOwner, Judge, Search, WatchBalancer, WatchCodeDeploy, WatchEcs,
    WatchEnvironments, WatchFunction, WatchPipeline, WatchRecords, WatchRule, WatchTasks,
};

/// Every permission. `sts:GetCallerIdentity` needs none.
const TABLE: [(&str, On, &[Need]); 58] = [
    ("aps:QueryMetrics", On::Workspace, &[CountPods]),
    ("cloudwatch:DescribeAlarms", On::Anything, &[Judge]),
    ("cloudwatch:GetMetricData", On::Anything, &[Judge, CountServices]),
    ("codedeploy:BatchGetApplications", On::Application, &[FindOwner]),
    ("codedeploy:BatchGetDeploymentGroups", On::DeploymentGroup, &[Search, FindOwner]),
    ("codedeploy:BatchGetDeployments", On::DeploymentGroup, &[Search]),
    ("codedeploy:BatchGetDeploymentTargets", On::Anything, &[WatchCodeDeploy]),
    ("codedeploy:GetApplicationRevision", On::Application, &[WatchCodeDeploy]),
    ("codedeploy:GetDeployment", On::DeploymentGroup, &[WatchCodeDeploy]),
    // CodeDeploy asks for it, too, where a deployment is created.
    ("codedeploy:GetDeploymentConfig", On::DeploymentConfig, &[WatchCodeDeploy]),
    ("codedeploy:GetDeploymentGroup", On::DeploymentGroup, &[WatchCodeDeploy]),
    ("codedeploy:ListApplications", On::Anything, &[Search, FindGroup, FindOwner]),
    ("codedeploy:ListDeploymentGroups", On::Application, &[Search, FindGroup, FindOwner]),
    ("codedeploy:ListDeploymentTargets", On::Anything, &[WatchCodeDeploy]),
    ("codedeploy:ListDeployments", On::DeploymentGroup, &[Search, WatchCodeDeploy]),
    ("codedeploy:ContinueDeployment", On::Anything, &[ActCodeDeploy]),
    ("codedeploy:CreateDeployment", On::DeploymentGroup, &[ActCodeDeploy]),
    // Never called: CodeDeploy asks for it where a deployment is created.
    ("codedeploy:RegisterApplicationRevision", On::Application, &[ActCodeDeploy]),
    ("codedeploy:StopDeployment", On::Anything, &[ActCodeDeploy]),
    ("ecs:DescribeServiceDeployments", On::ServiceDeployment, &[Search, WatchEcs]),
    ("ecs:DescribeServiceRevisions", On::ServiceRevision, &[WatchEcs]),
    ("ecs:DescribeServices", On::Service, &[Search, WatchTasks, FindOwner]),
    ("ecs:DescribeTaskDefinition", On::Anything, &[WatchTasks]),
    ("ecs:DescribeTasks", On::Task, &[WatchTasks]),
    ("ecs:ListClusters", On::Anything, &[Search, FindOwner]),
    ("ecs:ListServiceDeployments", On::Service, &[WatchEcs]),
    ("ecs:ListServices", On::Anything, &[Search, FindOwner]),
    ("ecs:ListTasks", On::Anything, &[WatchTasks]),
    ("ecs:ContinueServiceDeployment", On::ServiceDeployment, &[ActEcs]),
    ("ecs:StopServiceDeployment", On::ServiceDeployment, &[ActEcs]),
    ("ecs:UpdateService", On::Service, &[ActEcs]),
    ("elasticbeanstalk:DescribeConfigurationSettings", On::Anything, &[Search, WatchEnvironments]),
    ("elasticbeanstalk:DescribeEnvironments", On::Anything, &[Search, WatchEnvironments]),
    // A network load balancer has no rules: its listener holds the weights itself.
    ("elasticloadbalancing:DescribeListeners", On::Anything, &[Search, WatchEcs, WatchRule]),
    ("codepipeline:GetPipeline", On::Anything, &[WatchPipeline]),
    ("codepipeline:GetPipelineState", On::Anything, &[WatchPipeline]),
    ("codepipeline:ListPipelineExecutions", On::Anything, &[WatchPipeline]),
    ("codepipeline:ListPipelines", On::Anything, &[WatchPipeline]),
    ("codepipeline:PutApprovalResult", On::Anything, &[ActPipeline]),
    ("codepipeline:RollbackStage", On::Anything, &[ActPipeline]),
    ("elasticbeanstalk:DescribeEnvironmentHealth", On::Anything, &[WatchEnvironments]),
    ("elasticbeanstalk:DescribeEvents", On::Anything, &[WatchEnvironments]),
    ("elasticbeanstalk:DescribeInstancesHealth", On::Anything, &[WatchEnvironments]),
    ("elasticbeanstalk:AbortEnvironmentUpdate", On::Anything, &[ActEnvironments]),
    ("elasticbeanstalk:SwapEnvironmentCNAMEs", On::Anything, &[ActEnvironments]),
    // Only while somebody looks at the log of a side.
    ("logs:FilterLogEvents", On::Anything, &[WatchTasks]),
    ("lambda:GetAlias", On::Anything, &[WatchFunction]),
    ("elasticloadbalancing:DescribeLoadBalancers", On::Anything, &[WatchRecords]),
    ("elasticloadbalancing:DescribeRules", On::Anything, &[Search, WatchBalancer]),
    (
        "elasticloadbalancing:DescribeTargetGroups",
        On::Anything,
        &[Search, WatchBalancer, CountServices],
    ),
    ("elasticloadbalancing:DescribeTargetHealth", On::Anything, &[WatchBalancer]),
    ("elasticloadbalancing:ModifyListener", On::Anything, &[ActRule]),
    ("elasticloadbalancing:ModifyRule", On::Anything, &[ActRule]),
    ("route53:ChangeResourceRecordSets", On::HostedZone, &[ActRecords]),
    ("route53:GetChange", On::Anything, &[WatchRecords]),
    ("route53:ListHostedZones", On::Anything, &[Search]),
    ("route53:ListHostedZonesByName", On::Anything, &[WatchRecords]),
    ("route53:ListResourceRecordSets", On::HostedZone, &[Search, WatchRecords]),
];

/// The policy for a target, or for everything; nothing where the target is not in AWS.
pub fn policy(target: Option<&Target>, place: &Where, read_only: bool) -> Option<Vec<Statement>> {
    let (mut needs, names) = Names::of(target);
    if place.counted_by.iter().any(|address| matches!(address, PrometheusAddress::Amazon { .. })) {
        needs.push(CountPods);
    }
    if target.is_some_and(Target::is_in_cluster) && !place.counted_by.is_empty() {
        // Whoever counts pods does not look for load balancers.
        needs.retain(|need| *need != CountServices);
    }
    if needs.is_empty() {
        return None;
    }
    let mut statements: BTreeMap<(bool, On), Vec<&'static str>> = BTreeMap::new();
    let needed = TABLE.iter().filter(|(_, _, of)| of.iter().any(|need| needs.contains(need)));
    for (action, on, of) in needed {
        let acts = of.iter().all(|need| {
            matches!(
                need,
                ActCodeDeploy | ActEcs | ActRule | ActRecords | ActEnvironments | ActPipeline
            )
        });
        if acts && read_only {
            continue;
        }
        // To watch everything is to watch anything.
        let on = if target.is_none() && !acts { On::Anything } else { *on };
        let actions = statements.entry((acts, on)).or_default();
        if !actions.contains(action) {
            actions.push(action);
        }
    }
    let statement = |((acts, on), mut actions): ((bool, On), Vec<&'static str>)| {
        actions.sort_unstable();
        let verb = if acts { "Act" } else { "Watch" };
        let resources = on.resources(&names, place);
        Statement { sid: format!("Cutover{verb}On{on:?}"), actions, resources }
    };
    Some(statements.into_iter().map(statement).collect())
}

/// The names that a target gives; `*` where it does not.
struct Names {
    application: String,
    group: String,
    cluster: String,
    service: String,
    zone: String,
}

impl Names {
    /// What a target needs, and the names in it.
    fn of(target: Option<&Target>) -> (Vec<Need>, Self) {
        let any = || "*".to_owned();
        let names =
            Self { application: any(), group: any(), cluster: any(), service: any(), zone: any() };
        let codedeploy = vec![
            Judge,
            WatchBalancer,
            WatchTasks,
            WatchCodeDeploy,
            WatchFunction,
            ActCodeDeploy,
            WatchPipeline,
            ActPipeline,
        ];
        match target {
            None => {
                let rest = [
                    Search,
                    FindGroup,
                    WatchEcs,
                    ActEcs,
                    ActRule,
                    ActRecords,
                    FindOwner,
                    WatchRule,
                    WatchRecords,
                    WatchEnvironments,
                    ActEnvironments,
                ];
                ([codedeploy, rest.into()].concat(), names)
            }
            Some(Target::CodeDeploy { application, group }) => {
                let (application, group) = (application.clone(), group.clone());
                (codedeploy, Self { application, group, ..names })
            }
            Some(Target::Deployment(_)) => (codedeploy, names),
            // Either of the two may drive it.
            Some(Target::Ecs { cluster, service }) => {
                let (cluster, service) = (cluster.clone(), service.clone());
                let needs = [codedeploy, vec![FindGroup, WatchEcs, ActEcs]].concat();
                (needs, Self { cluster, service, ..names })
            }
            Some(Target::Alb(_)) => {
                (vec![Judge, WatchBalancer, WatchRule, FindOwner, ActRule], names)
            }
            // A zone that is named, and not given by its id, has to be found first.
            Some(Target::Route53 { zone, .. }) => {
                let is_id = zone.starts_with('Z') && !zone.contains('.');
                let zone = if is_id { zone.clone() } else { any() };
                (vec![Judge, WatchBalancer, WatchRecords, ActRecords], Self { zone, ..names })
            }
            Some(Target::Beanstalk { .. }) => (vec![WatchEnvironments, ActEnvironments], names),
            Some(Target::Argo { .. }) => (vec![CountServices], names),
        }
    }
}

impl On {
    fn resources(self, names: &Names, place: &Where) -> Vec<String> {
        let Names { application, group, cluster, service, zone } = names;
        let region = place.region.as_deref().unwrap_or("*");
        let account = place.account.as_deref().unwrap_or("*");
        let arn = |what: &str, rest: &str| {
            format!("arn:{}:{what}:{region}:{account}:{rest}", partition(region))
        };
        let codedeploy = |rest: String| arn("codedeploy", &rest);
        let ecs = |kind: &str, rest: &str| arn("ecs", &format!("{kind}/{cluster}/{rest}"));
        match self {
            On::Anything => vec!["*".to_owned()],
            On::Application => vec![codedeploy(format!("application:{application}"))],
            On::DeploymentGroup => {
                vec![codedeploy(format!("deploymentgroup:{application}/{group}"))]
            }
            On::DeploymentConfig => vec![codedeploy("deploymentconfig:*".to_owned())],
            On::Service => vec![ecs("service", service)],
            On::ServiceDeployment => {
                vec![ecs("service", service), ecs("service-deployment", &format!("{service}/*"))]
            }
            On::ServiceRevision => {
                vec![ecs("service", service), ecs("service-revision", &format!("{service}/*"))]
            }
            On::Task => vec![ecs("task", "*")],
            On::Workspace => {
                place.counted_by.iter().filter_map(|one| workspace(one, place)).collect()
            }
            // Zones are everywhere and of no account.
            On::HostedZone => {
                vec![format!("arn:{}:route53:::hostedzone/{zone}", partition(region))]
            }
        }
    }
}

/// The ARN of a workspace of Amazon Managed Prometheus.
fn workspace(address: &PrometheusAddress, place: &Where) -> Option<String> {
    let PrometheusAddress::Amazon { url, region } = address else { return None };
    let id = url.split_once("/workspaces/").map_or("*", |(_, rest)| rest.trim_end_matches('/'));
    let account = place.account.as_deref().unwrap_or("*");
    Some(format!("arn:{}:aps:{region}:{account}:workspace/{id}", partition(region)))
}

/// The part of AWS that a Region is in.
fn partition(region: &str) -> &'static str {
    match region {
        _ if region.starts_with("cn-") => "aws-cn",
        _ if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> Where {
        let (region, account) = (Some("eu-west-1".into()), Some("111122223333".into()));
        Where { region, account, ..Where::default() }
    }

    fn resources(statements: &[Statement], action: &str) -> Vec<String> {
        let with = statements.iter().filter(|one| one.actions.contains(&action));
        with.flat_map(|one| one.resources.clone()).collect()
    }

    #[test]
    fn a_target_s_names_bound_what_may_be_done() {
        let target = "codedeploy:shop/checkout".parse().unwrap();
        let policy = policy(Some(&target), &place(), false).unwrap();
        let group = "arn:aws:codedeploy:eu-west-1:111122223333:deploymentgroup:shop/checkout";
        assert_eq!(resources(&policy, "codedeploy:CreateDeployment"), [group]);
        assert_eq!(resources(&policy, "codedeploy:GetDeployment"), [group]);
        // IAM knows no resource of these: with an ARN the way back would be closed.
        for action in ["codedeploy:StopDeployment", "codedeploy:ContinueDeployment"] {
            assert_eq!(resources(&policy, action), ["*"], "{action}");
        }
        assert!(resources(&policy, "ecs:UpdateService").is_empty());
        assert!(resources(&policy, "route53:ListHostedZones").is_empty());
    }

    #[test]
    fn a_service_s_deployments_are_its_own() {
        let target = "ecs:prod/checkout".parse().unwrap();
        let place = Where { region: Some("cn-north-1".into()), ..Where::default() };
        let policy = policy(Some(&target), &place, false).unwrap();
        assert_eq!(
            resources(&policy, "ecs:StopServiceDeployment"),
            [
                "arn:aws-cn:ecs:cn-north-1:*:service/prod/checkout",
                "arn:aws-cn:ecs:cn-north-1:*:service-deployment/prod/checkout/*"
            ]
        );
    }

    #[test]
    fn looking_only_holds_nothing_that_changes_something() {
        let sids = |read_only| {
            let policy = policy(None, &Where::default(), read_only).unwrap();
            policy.into_iter().map(|one| one.sid).collect::<Vec<_>>()
        };
        assert_eq!(sids(true), ["CutoverWatchOnAnything"]);
        assert!(sids(false).contains(&"CutoverActOnService".to_owned()));
    }

    #[test]
    fn what_runs_in_a_cluster_needs_aws_only_where_something_there_counts_it() {
        let target = "argo:shop/checkout".parse().unwrap();
        let actions = |counted_by: Vec<PrometheusAddress>| {
            let place = Where { counted_by, ..place() };
            let policy = policy(Some(&target), &place, false)?;
            Some(policy.into_iter().map(|one| (one.actions, one.resources)).collect::<Vec<_>>())
        };
        let balanced =
            vec!["cloudwatch:GetMetricData", "elasticloadbalancing:DescribeTargetGroups"];
        assert_eq!(actions(Vec::new()).unwrap(), [(balanced, vec!["*".to_owned()])]);
        let url = "https://aps-workspaces.eu-central-1.amazonaws.com/workspaces/ws-1";
        let amazon = PrometheusAddress::Amazon { url: url.into(), region: "eu-central-1".into() };
        let workspace = "arn:aws:aps:eu-central-1:111122223333:workspace/ws-1".to_owned();
        let asked = (vec!["aps:QueryMetrics"], vec![workspace]);
        assert_eq!(actions(vec![amazon]).unwrap(), [asked]);
        assert_eq!(actions(vec![PrometheusAddress::Url("http://prometheus".into())]), None);
    }
}
