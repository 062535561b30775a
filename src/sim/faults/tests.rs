//! The text of faults, and which of them a request meets.

use std::time::Duration;

use super::kind::KINDS;
use super::*;

fn fault(text: &str) -> Fault {
    text.parse().unwrap()
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_760_000_000 + second).unwrap()
}

#[test]
fn the_text_names_whom_what_and_how_often() {
    assert_eq!(
        fault("codedeploy.StopDeployment=drop-after*1"),
        Fault {
            service: Some(Service::CodeDeploy),
            cluster: None,
            operation: Some("StopDeployment".to_owned()),
            kind: FaultKind::DropAfter,
            share: None,
            bursts: None,
            count: Some(1),
        }
    );
    assert_eq!(fault("elbv2=delay:500ms").kind, FaultKind::Delay(Duration::from_millis(500)));
    let slow = FaultKind::DelayVirtual(SignedDuration::from_mins(2));
    assert_eq!(fault("all=delay-virtual:2m").kind, slow);
    assert_eq!(fault("ecs=error-empty").kind, FaultKind::ErrorEmpty(500));
}

#[test]
fn one_of_several_clusters_is_met_alone() {
    for text in ["kubernetes/eks-green=no-answer", "kubernetes/eks-green.list=deny"] {
        assert_eq!(fault(text).to_string(), text);
    }
    let mut faults = Faults::default();
    faults.set(fault("kubernetes/eks-green=drop-before"), at(0));
    let whom = |cluster| Whom { service: Service::Kubernetes, operation: "list", cluster };
    assert_eq!(faults.meet(whom(Some("eks-blue")), at(0), 7), None);
    assert_eq!(faults.meet(whom(None), at(0), 7), None);
    assert_eq!(faults.meet(whom(Some("eks-green")), at(0), 7), Some(FaultKind::DropBefore));
    assert_eq!(faults.cuts_off(whom(Some("eks-green")), at(0)), Some(FaultKind::DropBefore));
    assert_eq!(faults.cuts_off(whom(Some("eks-blue")), at(0)), None);
    for wrong in ["ecs/eks-green=deny", "kubernetes/=deny"] {
        assert!(wrong.parse::<Fault>().unwrap_err().to_string().contains("names no cluster"));
    }
}

#[test]
fn every_kind_is_read_from_its_own_text() {
    for (name, example) in KINDS {
        let colon = if example.is_empty() { "" } else { ":" };
        let text = format!("ecs.ListTasks={name}{colon}{example}*7");
        assert_eq!(fault(&text).to_string(), text);
    }
}

#[test]
fn a_wrong_word_is_told_with_the_nearest_right_one() {
    let error = |text: &str| text.parse::<Fault>().unwrap_err().to_string();
    for (text, said) in [
        ("cloudwatch", "there is no `=`"),
        ("cloudwach=deny", "did you mean `cloudwatch`?"),
        ("codedeploy.StopDeploymnet=deny", "did you mean `StopDeployment`?"),
        ("all.stopdeployment=deny", "did you mean `StopDeployment`?"),
        ("ecs=trottle", "did you mean `throttle`?"),
        ("ecs=zzzzzzzzz", "one of deny, revoked, throttle"),
        ("ecs=delay", "e.g. delay:2s"),
        ("ecs=delay:-2s", "e.g. delay:2s"),
        ("ecs=error:404", "500 to 599"),
        ("ecs=deny:x", "takes no parameter"),
        ("ecs=deny*0", "is no count"),
        ("ecs=throttle%100", "1 to 99"),
        ("ecs=throttle@20s", "are no bursts"),
        ("ecs=rival:stopp", "did you mean `stop`?"),
        ("sts=account:11112222333344", "e.g. account:"),
        ("sts=revoked", "needs no permission"),
        ("sts=deny", "needs no permission"),
    ] {
        assert!(error(text).contains(said), "{text}: {}", error(text));
    }
}

#[test]
fn the_fault_set_last_wins_until_it_is_used_up() {
    let mut faults = Faults::default();
    faults.set(fault("all=throttle"), at(0));
    faults.set(fault("ecs.ListTasks=expired*2"), at(0));
    let mut meet = |operation| faults.meet((Service::Ecs, operation), at(0), 7);
    assert_eq!(meet("DescribeTasks"), Some(FaultKind::Throttle));
    assert_eq!(
        [meet("ListTasks"), meet("ListTasks"), meet("ListTasks")],
        [Some(FaultKind::Expired), Some(FaultKind::Expired), Some(FaultKind::Throttle)]
    );
    faults.clear();
    assert_eq!(faults.meet((Service::Ecs, "ListTasks"), at(0), 7), None);
}

#[test]
fn a_denial_names_user_action_and_resource_and_spares_the_question_who_am_i() {
    let mut faults = Faults::default();
    faults.set(fault("all=deny"), at(0));
    assert_eq!(faults.meet((Service::Sts, "GetCallerIdentity"), at(0), 7), None);
    let met = faults.meet((Service::Elb, "DescribeRules"), at(0), 7).unwrap();
    let error = met.error((Service::Elb, "DescribeRules"), "arn:user", "*").unwrap();
    assert!(error.message.starts_with(
        "User: arn:user is not authorized to perform: elasticloadbalancing:DescribeRules on resource: *"
    ));
}

#[test]
fn a_share_and_bursts_are_the_same_in_every_run() {
    let met = |text: &str, seconds: i64| {
        let mut faults = Faults::default();
        faults.set(fault(text), at(0));
        let meet = |second| faults.meet((Service::Ecs, "ListTasks"), at(second), 7).is_some();
        (0..seconds).map(meet).collect::<Vec<bool>>()
    };
    let some = met("ecs=throttle%30", 1000);
    assert_eq!(some, met("ecs=throttle%30", 1000));
    let count = some.iter().filter(|met| **met).count();
    assert!((250..350).contains(&count), "{count}");
    let bursts = met("ecs=throttle@20s/40s", 120);
    let wanted: Vec<bool> = (0..120).map(|second| second % 60 < 20).collect();
    assert_eq!(bursts, wanted);
    let text = "ecs.ListTasks=throttle%30@20s/40s*7";
    assert_eq!(fault(text).to_string(), text);
}

#[test]
fn a_scenario_says_when_its_faults_are_in_force() {
    let planned = Planned {
        fault: fault("ecs=deny"),
        from: SignedDuration::from_secs(60),
        until: Some(SignedDuration::from_secs(90)),
    };
    let mut faults = Faults::default();
    faults.plan(&planned, at(0));
    let meet = |faults: &mut Faults, second| {
        faults.meet((Service::Ecs, "ListTasks"), at(second), 7).is_some()
    };
    let met: Vec<bool> = [59, 60, 89, 90].map(|second| meet(&mut faults, second)).into();
    assert_eq!(met, [false, true, true, false]);
    assert_eq!(faults.met(), 2);
}
