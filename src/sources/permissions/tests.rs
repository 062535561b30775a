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
    let balanced = vec!["cloudwatch:GetMetricData", "elasticloadbalancing:DescribeTargetGroups"];
    assert_eq!(actions(Vec::new()).unwrap(), [(balanced, vec!["*".to_owned()])]);
    let url = "https://aps-workspaces.eu-central-1.amazonaws.com/workspaces/ws-1";
    let amazon = PrometheusAddress::Amazon { url: url.into(), region: "eu-central-1".into() };
    let workspace = "arn:aws:aps:eu-central-1:111122223333:workspace/ws-1".to_owned();
    let asked = (vec!["aps:QueryMetrics"], vec![workspace]);
    assert_eq!(actions(vec![amazon]).unwrap(), [asked]);
    assert_eq!(actions(vec![PrometheusAddress::Url("http://prometheus".into())]), None);
}
