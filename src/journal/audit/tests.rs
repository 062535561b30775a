use proptest::prelude::*;

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
        reason: None,
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
fn a_changed_line_is_found_itself_and_one_that_was_sealed_anew_by_the_next_one() {
    let (_folder, audit) = audit();
    for count in [1, 2, 3] {
        audit.write(at(1), &Entry::Intent { order: &order(count), unread: None }).unwrap();
    }
    let text = fs::read_to_string(audit.path()).unwrap().replacen("user/ada", "user/eve", 1);
    fs::write(audit.path(), &text).unwrap();
    let error = audit.verify().unwrap_err().to_string();
    assert!(error.contains("audit.jsonl:1: is not as it was written"), "{error}");
    let (first, rest) = text.split_once('\n').unwrap();
    let (first, _) = split_seal(first.as_bytes()).unwrap();
    let forged = [&seal([first, b"}"].concat()), &b"\n"[..], rest.as_bytes()].concat();
    fs::write(audit.path(), forged).unwrap();
    let error = audit.verify().unwrap_err().to_string();
    assert!(error.contains("audit.jsonl:2: does not follow"), "{error}");
}

#[test]
fn a_changed_last_line_is_found_although_nothing_follows_it() {
    let (_folder, audit) = audit();
    audit.write(at(1), &Entry::Intent { order: &order(1), unread: None }).unwrap();
    let text = fs::read_to_string(audit.path()).unwrap();
    fs::write(audit.path(), text.replacen("user/ada", "user/eve", 1)).unwrap();
    let error = audit.verify().unwrap_err().to_string();
    assert!(error.contains("audit.jsonl:1: is not as it was written"), "{error}");
    let unsealed = |text: &str| format!("{}}}\n", &text[..text.rfind(",\"sum\"").unwrap()]);
    fs::write(audit.path(), unsealed(&text)).unwrap();
    audit.verify().expect("lines of the first version have no hash of their own");
    fs::write(audit.path(), &text).unwrap();
    audit.write(at(2), &Entry::Intent { order: &order(2), unread: None }).unwrap();
    let two = fs::read_to_string(audit.path()).unwrap();
    fs::write(audit.path(), unsealed(&two)).unwrap();
    assert!(audit.verify().is_err(), "a hash was taken away");
}

/// What can be written, by its number: an order, its end, or that it was reported.
fn write_some(audit: &Audit, entries: &[(u8, u32)]) {
    for (kind, count) in entries {
        let (order, progress) = (order(*count), accepted());
        let entry = match kind % 3 {
            0 => Entry::Intent { order: &order, unread: None },
            1 => Entry::Outcome { order: &order.id, progress: &progress },
            _ => Entry::Reported { order: &order.id },
        };
        audit.write(at(i64::from(*count)), &entry).unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(48) })]

    #[test]
    fn whatever_was_written_is_read_back_and_a_cut_at_any_byte_loses_only_its_line(
        entries in prop::collection::vec((any::<u8>(), 0..4_u32), 1..8),
        cut: prop::sample::Index,
        more in prop::collection::vec((any::<u8>(), 0..4_u32), 1..3),
    ) {
        let (_folder, audit) = audit();
        write_some(&audit, &entries);
        let whole = fs::read(audit.path()).unwrap();
        prop_assert_eq!(audit.verify().unwrap().len(), entries.len());
        let left = &whole[..=cut.index(whole.len())];
        fs::write(audit.path(), left).unwrap();
        let lines = whole_lines(left).count();
        let torn = left.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
        let before = audit.verify().unwrap();
        prop_assert_eq!(before.len(), lines);
        audit.open_orders().unwrap();
        write_some(&audit, &more);
        let after = audit.verify().unwrap();
        prop_assert_eq!(after.len(), lines + more.len());
        prop_assert_eq!(&after[..lines], before.as_slice());
        let aside = fs::read(audit.path().with_extension("torn")).unwrap_or_default();
        let kept = if torn.is_empty() { Vec::new() } else { [torn, b"\n"].concat() };
        prop_assert_eq!(aside, kept);
    }

    #[test]
    fn no_byte_can_be_changed_without_being_found(
        entries in prop::collection::vec((any::<u8>(), 0..4_u32), 1..5),
        place: prop::sample::Index,
        other in 1..=255_u8,
    ) {
        let (_folder, audit) = audit();
        write_some(&audit, &entries);
        let mut bytes = fs::read(audit.path()).unwrap();
        let place = place.index(bytes.len());
        let last = place == bytes.len() - 1;
        bytes[place] ^= other;
        fs::write(audit.path(), &bytes).unwrap();
        let found = audit.verify();
        // Without its newline a last line is one that was torn: it is not there yet.
        let torn = last && found.as_ref().is_ok_and(|records| records.len() == entries.len() - 1);
        prop_assert!(found.is_err() || torn, "{:?}", found);
    }
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
