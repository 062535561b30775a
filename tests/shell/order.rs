//! An order's way: read again, written down, sent once, written down again.

use cutover::app::{Effect, Event};
use cutover::domain::{Change, Order, Progress, Snapshot};
use cutover::journal::Audit;
use cutover::runtime::Hands;

use super::bed::Stage;
use crate::harness::fixtures::{Scene, target};
use crate::harness::keyboard::Desk;

/// A confirmed order to roll back.
pub(crate) fn order() -> Order {
    let mut desk = Desk::watching(Scene::shifting().shot());
    desk.presses("R").presses("y");
    desk.orders()[0].clone()
}

/// Gives the order to a worker whose account shows `picture`; what the loop is told of it.
async fn give(stage: &mut Stage, count: usize) -> Vec<Progress> {
    stage.worker.perform(Effect::Act(Box::new(order())));
    let mut told = Vec::new();
    while told.len() < count {
        if let Event::Acted { order: id, progress } = stage.next_event().await {
            assert_eq!(id, order().id);
            told.push(progress);
        }
    }
    told
}

fn stage(folder: &tempfile::TempDir, picture: Snapshot) -> Stage {
    Stage::set(picture, Audit::at(folder.path().join("audit.jsonl")))
}

#[tokio::test]
async fn an_order_is_written_down_before_it_is_sent_and_again_after() {
    let folder = tempfile::tempdir().unwrap();
    let mut stage = stage(&folder, Scene::shifting().shot());
    let told = give(&mut stage, 2).await;
    assert!(matches!(&told[..], [Progress::Sent, Progress::Accepted { .. }]), "{told:?}");
    assert_eq!(stage.next_asked().await, "read again");
    assert_eq!(stage.next_asked().await, "send StopDeployment with 1 line written");
}

#[tokio::test]
async fn an_order_does_not_wait_behind_a_reading_that_hangs_and_is_followed_by_one() {
    let folder = tempfile::tempdir().unwrap();
    let mut stage = stage(&folder, Scene::shifting().shot());
    stage.worker.perform(Effect::Watch(target()));
    assert!(stage.next_asked().await.starts_with("observe"));
    give(&mut stage, 2).await;
    assert_eq!(stage.next_asked().await, "read again");
    assert!(stage.next_asked().await.starts_with("send"));
    assert_eq!(stage.next_asked().await, "observe codedeploy:checkout/prod for 30 min, all true");
    assert_eq!(stage.audit.verify().unwrap().len(), 2);
    assert_eq!(stage.audit.open_orders().unwrap(), []);
}

#[tokio::test]
async fn nothing_is_sent_into_a_world_that_the_person_did_not_see() {
    let folder = tempfile::tempdir().unwrap();
    let mut stage = stage(&folder, Scene::shifting().blue_tasks(4, 2).shot());
    let told = give(&mut stage, 1).await;
    assert_eq!(told, [Progress::Void { change: Change::Blue { from: 4, to: 2 } }]);
    assert_eq!(stage.next_asked().await, "read again");
    assert!(stage.asked.try_recv().is_err());
    assert_eq!(stage.audit.verify().unwrap(), []);
}

#[tokio::test]
async fn nothing_is_sent_that_cannot_be_written_down() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("state"), "a file, not a folder").unwrap();
    let audit = Audit::at(folder.path().join("state/audit.jsonl"));
    let mut stage = Stage::set(Scene::shifting().shot(), audit);
    let told = give(&mut stage, 1).await;
    let [Progress::NotAudited { why }] = &told[..] else { panic!("{told:?}") };
    assert!(why.starts_with("cannot use the audit file"), "{why}");
    assert_eq!(stage.next_asked().await, "read again");
    assert!(stage.asked.try_recv().is_err());
}
