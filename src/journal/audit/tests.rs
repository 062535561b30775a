use super::*;
use crate::domain::{Action, Call, Expected, Means, Phase, RolloutId};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_760_000_000 + second).unwrap()
}

fn order(count: u32) -> Order {
    Order {
        id: OrderId::new(7, count),
        target: "codedeploy:shop/checkout".parse().unwrap(),
        action: Action::RollBack,
        call: Call {
            service: "codedeploy".into(),
            operation: "StopDeployment".into(),
            params: vec![("deploymentId".into(), "d-AB12CD34E".into())],
        },
        expected: Expected {
            account: "111122223333".into(),
            region: "eu-west-1".into(),
            rollout: RolloutId::new("d-AB12CD34E"),
            phase: Phase::Shifting,
            gate: None,
            planned: None,
            means: Means::StopAndRollBack,
            dial: None,
            blue_running: Some(4),
        },
        at: at(0),
        by: "arn:aws:iam::111122223333:user/ada".into(),
        part_of: None,
    }
}

fn accepted() -> Progress {
    Progress::Accepted { request_id: Some("r-1".into()), answer: "Pending".into(), rollout: None }
}

fn audit() -> (tempfile::TempDir, Audit) {
    let folder = tempfile::tempdir().unwrap();
    let audit = Audit::at(folder.path().join("state/audit.jsonl"));
    (folder, audit)
}

#[test]
fn an_order_and_its_end_are_written_as_a_chain() {
    let (_folder, audit) = audit();
    let order = order(1);
    audit.write(at(1), &Entry::Intent { order: &order, unread: None }).unwrap();
    audit.write(at(2), &Entry::Outcome { order: &order.id, progress: &accepted() }).unwrap();
    let records = audit.verify().unwrap();
    assert_eq!(records.iter().map(|r| r.entry.as_str()).collect::<Vec<_>>(), ["intent", "outcome"]);
    assert_eq!(records[0].prev, NOTHING);
    assert_eq!(records[0].order["by"], "arn:aws:iam::111122223333:user/ada");
    assert_eq!(records[0].order["expected"]["phase"], "shifting");
    assert_eq!(records[1].progress.as_deref(), Some("accepted"));
    assert_eq!(audit.open_orders().unwrap(), []);
}

#[test]
fn an_order_without_an_end_stays_open_until_it_was_reported() {
    let (_folder, audit) = audit();
    for count in [1, 2] {
        audit
            .write(at(count.into()), &Entry::Intent { order: &order(count), unread: None })
            .unwrap();
    }
    let first = order(1).id;
    audit.write(at(3), &Entry::Outcome { order: &first, progress: &accepted() }).unwrap();
    let open = audit.open_orders().unwrap();
    assert_eq!(open.len(), 1);
    assert_eq!(open[0].order, order(2).id);
    assert_eq!(open[0].target, "codedeploy:shop/checkout");
    assert!(open[0].text.starts_with("roll back of 2025-"), "{}", open[0].text);
    audit.write(at(4), &Entry::Reported { order: &open[0].order }).unwrap();
    assert_eq!(audit.open_orders().unwrap(), []);
}

#[test]
fn a_changed_line_is_found_by_the_next_one() {
    let (_folder, audit) = audit();
    for count in [1, 2, 3] {
        audit.write(at(1), &Entry::Intent { order: &order(count), unread: None }).unwrap();
    }
    let text = fs::read_to_string(audit.path()).unwrap();
    fs::write(audit.path(), text.replacen("user/ada", "user/eve", 1)).unwrap();
    let error = audit.verify().unwrap_err().to_string();
    assert!(error.contains("audit.jsonl:2: does not follow"), "{error}");
}

#[test]
fn a_torn_last_line_is_set_aside_and_the_chain_goes_on() {
    let (_folder, audit) = audit();
    audit.write(at(1), &Entry::Intent { order: &order(1), unread: None }).unwrap();
    let mut text = fs::read(audit.path()).unwrap();
    text.extend_from_slice(b"{\"schema\":\"cutover.aud");
    fs::write(audit.path(), text).unwrap();
    assert_eq!(audit.open_orders().unwrap().len(), 1);
    audit.write(at(2), &Entry::Intent { order: &order(2), unread: None }).unwrap();
    assert_eq!(audit.verify().unwrap().len(), 2);
    let torn = fs::read_to_string(audit.path().with_extension("torn")).unwrap();
    assert_eq!(torn, "{\"schema\":\"cutover.aud\n");
}

#[test]
fn writers_side_by_side_make_one_chain() {
    let (_folder, audit) = audit();
    std::thread::scope(|scope| {
        for session in 0..4 {
            let audit = audit.clone();
            scope.spawn(move || {
                for count in 0..8 {
                    let id = OrderId::new(session, count);
                    audit.write(at(0), &Entry::Reported { order: &id }).unwrap();
                }
            });
        }
    });
    assert_eq!(audit.verify().unwrap().len(), 32);
}

#[cfg(unix)]
#[test]
fn nobody_else_can_read_it() {
    use std::os::unix::fs::PermissionsExt;
    let (_folder, audit) = audit();
    audit.write(at(1), &Entry::Intent { order: &order(1), unread: None }).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(audit.path()), 0o600);
    assert_eq!(mode(audit.path().parent().unwrap()), 0o700);
}

#[test]
fn a_place_that_cannot_be_written_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("state"), "a file, not a folder").unwrap();
    let audit = Audit::at(folder.path().join("state/audit.jsonl"));
    let error = audit.write(at(1), &Entry::Intent { order: &order(1), unread: None }).unwrap_err();
    assert!(error.to_string().starts_with("cannot use the audit file"), "{error}");
}
