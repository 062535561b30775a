//! The worker looks: when it is due, when it is told to, and at one target only.

use cutover::app::{Effect, Event};
use cutover::domain::{Order, RolloutId, Target};
use cutover::journal::{Audit, Entry};
use cutover::runtime::Hands;

use super::bed::Stage;
use super::order::order;
use crate::harness::fixtures::{Scene, noon, target};

fn stage(folder: &tempfile::TempDir) -> Stage {
    Stage::set(Scene::shifting().shot(), Audit::at(folder.path().join("audit.jsonl")))
}

#[tokio::test]
async fn a_target_is_looked_at_at_once_and_again_when_told_to() {
    let folder = tempfile::tempdir().unwrap();
    let mut stage = stage(&folder);
    stage.bed.answers.add_permits(1);
    stage.worker.perform(Effect::Watch(target()));
    assert_eq!(stage.next_asked().await, "observe codedeploy:checkout/prod for 30 min, all true");
    assert!(matches!(stage.next_event().await, Event::Observed(_)));
    assert_eq!(stage.next_asked().await, "observe codedeploy:checkout/prod for 30 min, all false");
    stage.worker.perform(Effect::Refresh);
    assert_eq!(stage.next_asked().await, "observe codedeploy:checkout/prod for 30 min, all true");
    stage.bed.answers.add_permits(1);
    assert!(matches!(stage.next_event().await, Event::Observed(_)));
    assert_eq!(stage.next_asked().await, "observe codedeploy:checkout/prod for 30 min, all false");
    stage.worker.perform(Effect::Window(60));
    assert_eq!(stage.next_asked().await, "observe codedeploy:checkout/prod for 60 min, all false");
}

#[tokio::test]
async fn what_is_said_during_a_reading_holds_at_once_and_nothing_is_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let mut stage = stage(&folder);
    stage.worker.perform(Effect::Watch(target()));
    stage.next_asked().await;
    stage.worker.perform(Effect::Window(120));
    assert_eq!(stage.next_asked().await, "observe codedeploy:checkout/prod for 120 min, all true");
}

#[tokio::test]
async fn another_target_ends_the_reading_of_the_first() {
    let folder = tempfile::tempdir().unwrap();
    let mut stage = stage(&folder);
    stage.worker.perform(Effect::Watch(target()));
    stage.next_asked().await;
    stage.worker.perform(Effect::Watch(Target::Deployment(RolloutId::new("d-BBBBBBBBB"))));
    let mut both = [stage.next_asked().await, stage.next_asked().await];
    both.sort();
    assert_eq!(
        both,
        ["leave codedeploy:checkout/prod", "observe d-BBBBBBBBB for 30 min, all true"]
    );
}

#[tokio::test]
async fn the_account_is_listed_beside_the_watched_target() {
    let folder = tempfile::tempdir().unwrap();
    let mut stage = stage(&folder);
    stage.worker.perform(Effect::Watch(target()));
    stage.next_asked().await;
    stage.worker.perform(Effect::List);
    assert_eq!(stage.next_asked().await, "list");
    assert!(matches!(stage.next_event().await, Event::Listed(Ok(rows)) if rows.len() == 1));
}

#[tokio::test]
async fn an_order_whose_end_was_never_written_down_is_told_and_found_out_by_reading() {
    let folder = tempfile::tempdir().unwrap();
    let audit = Audit::at(folder.path().join("audit.jsonl"));
    let old = Order { at: noon(0), ..order() };
    audit.write(noon(0), &Entry::Intent { order: &old, unread: None }).unwrap();
    let mut stage = Stage::set(Scene::shifting().shot(), audit);
    let Event::Unresolved { target: about, text } = stage.next_event().await else {
        panic!("the open order was not told")
    };
    assert_eq!(about, target());
    assert!(text.contains("roll back of 2026-03-03T12:00:00Z"), "{text}");
    let Event::Unresolved { text, .. } = stage.next_event().await else {
        panic!("nobody looked what became of it")
    };
    assert!(text.ends_with("reading does not show that it was carried out"), "{text}");
    assert_eq!(stage.next_asked().await, "read again");
    assert_eq!(stage.audit.open_orders().unwrap(), []);
    assert_eq!(stage.audit.verify().unwrap()[1].progress.as_deref(), Some("unknown"));
}
