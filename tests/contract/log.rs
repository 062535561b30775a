//! What the tasks of a side write: found by their definition, read while somebody looks.

use cutover::app::log::{NoLog, source};
use cutover::domain::{Fault, FaultKind, LogPage, LogQuestion, Side};

use cutover::sim::world::Habit;

use super::*;

/// The question about a side as the screen asks it.
fn question(picture: &Snapshot, side: Side) -> LogQuestion {
    let (place, tasks) = source(picture, side).unwrap();
    LogQuestion { target: picture.target.clone(), side, place: place.clone(), tasks, since: None }
}

impl Bench {
    /// A look by a watch that begins now: it has heard of everything.
    async fn glance(&mut self) -> Snapshot {
        self.watch = self.aws.watch(&self.target);
        Box::pin(self.look()).await
    }

    async fn log(&self, question: &LogQuestion) -> Result<LogPage, Fault> {
        Box::pin(self.aws.log(question)).await
    }
}

/// How many rows of the minute that begins then say that a request failed.
fn failed(page: &LogPage, minute: Timestamp) -> f64 {
    let fits = |at: Timestamp| (0..60_000).contains(&at.duration_since(minute).as_millis());
    let lines = page.lines.iter().filter(|line| line.text.starts_with("ERROR") && fits(line.at));
    lines.count() as f64
}

#[tokio::test]
async fn each_side_s_rows_are_its_own_and_tell_what_its_metrics_count() {
    for (scenario, target) in [
        ("errors", "codedeploy:shop/checkout"),
        ("ecs-linear", "ecs:prod/checkout"),
        ("argo-canary", "argo:shop/checkout"),
    ] {
        let mut bench = Box::pin(Bench::target(scenario, target)).await;
        let shifted = |rollout: &Rollout| {
            rollout.traffic.planned.value().is_some_and(|split| split.green.get() > 0.0)
        };
        let mut looks = 0;
        while !bench.glance().await.rollout().is_some_and(shifted) {
            looks += 1;
            assert!(looks < 60, "{scenario}: {:?}", bench.glance().await.rollout);
            bench.pass(30);
        }
        // Whoever was started in a minute answers from the next one on.
        bench.pass(240);
        let picture = bench.glance().await;
        let minute = Timestamp::from_second(60 * (picture.taken.as_second() / 60 - 2)).unwrap();
        for side in [Side::Blue, Side::Green] {
            let question = LogQuestion { since: Some(minute), ..question(&picture, side) };
            let page = bench.log(&question).await.unwrap();
            let texts = || page.lines.iter().map(|line| &line.task);
            assert!(texts().all(|task| question.tasks.contains(task)), "{scenario} {side:?}");
            bench.pass(240);
            // In a cluster nobody has said who counts.
            if let Some(metrics) = bench.glance().await.metrics.value() {
                let index = minute.duration_since(metrics.start).as_secs() / 60;
                let errors = &metrics.side(side).errors;
                let counted = errors[usize::try_from(index).unwrap()].settled();
                assert_eq!(Some(failed(&page, minute)), counted, "{scenario} {side:?}");
            }
            assert!(!page.lines.is_empty(), "{scenario} {side:?}");
        }
    }
}

#[tokio::test]
async fn it_is_looked_back_as_far_as_it_takes() {
    let mut bench = Bench::group("canary").await;
    let picture = bench.look().await;
    let before = bench.simulator.calls().len();
    let page = bench.log(&question(&picture, Side::Blue)).await.unwrap();
    assert!(page.lines.iter().any(|line| line.text.starts_with("ERROR")));
    assert!(page.lines.is_sorted_by_key(|line| line.at), "oldest first");
    let calls = bench.simulator.calls();
    let reads: Vec<_> = calls[before..].iter().map(|call| call.operation.as_str()).collect();
    assert!(reads.iter().all(|operation| *operation == "FilterLogEvents"), "{reads:?}");
    // What follows begins a little before the newest row, because rows come late and out of order.
    let newest = page.lines.last().unwrap().at;
    let more = LogQuestion { since: Some(newest), ..question(&picture, Side::Blue) };
    let again = bench.log(&more).await.unwrap();
    assert!(again.lines.iter().all(|line| page.lines.contains(line)), "nothing new was written");
    assert!(!again.lines.is_empty() && again.lines.len() < page.lines.len());
}

#[tokio::test]
async fn a_task_that_has_not_written_anything_hides_nothing_of_the_others() {
    let mut bench = Bench::group("canary").await;
    let picture = bench.look().await;
    let whole = bench.log(&question(&picture, Side::Blue)).await.unwrap();
    let mut with_new = question(&picture, Side::Blue);
    with_new.tasks.insert(0, "00000000000000000000000000000000".to_owned());
    assert_eq!(bench.log(&with_new).await.unwrap(), whole);
}

#[tokio::test]
async fn what_may_not_be_read_names_the_permission_and_leaves_the_rest() {
    for (scenario, target, fault, permission) in [
        ("canary", "codedeploy:shop/checkout", "logs.FilterLogEvents=deny", "logs:FilterLogEvents"),
        ("argo-canary", "argo:shop/checkout", "kubernetes.get=deny", "get pods/log"),
    ] {
        let mut bench = Box::pin(Bench::target(scenario, target)).await;
        let picture = bench.glance().await;
        bench.fault(fault);
        let refused = bench.log(&question(&picture, Side::Blue)).await.unwrap_err();
        assert_eq!(refused.kind, FaultKind::Denied { permission: permission.to_owned() });
        assert!(Box::pin(bench.look()).await.rollout().is_some());
    }
}

#[tokio::test]
async fn a_crash_is_read_in_the_last_words_of_its_task() {
    for (scenario, target) in
        [("crashloop", "codedeploy:shop/checkout"), ("argo-canary", "argo:shop/checkout")]
    {
        let mut bench = Box::pin(Bench::target(scenario, target)).await;
        bench.simulator.with_world(|world| {
            let rollout = world.rollout_object().cloned().unwrap_or_default();
            let hash = rollout["status"]["currentPodHash"].as_str().unwrap_or_default();
            world.pods_do(hash, Habit::Crash);
        });
        let mut last = LogPage::default();
        for _ in 0..120 {
            let picture = bench.glance().await;
            let known = picture.rollout().is_some() && source(&picture, Side::Green).is_ok();
            if known {
                last = bench.log(&question(&picture, Side::Green)).await.unwrap();
            }
            if last.lines.iter().any(|line| line.text.starts_with("FATAL")) {
                break;
            }
            bench.pass(10);
        }
        let fatal = last.lines.iter().find(|line| line.text.starts_with("FATAL"));
        assert!(fatal.is_some_and(|line| line.text.contains("ends with code")), "{scenario}");
    }
}

#[tokio::test]
async fn where_nothing_can_be_read_it_says_why() {
    for (scenario, target) in [
        ("alb", "alb:shop/checkout"),
        ("lambda-canary", "codedeploy:shop/checkout"),
        ("ec2", "codedeploy:shop/checkout"),
        ("beanstalk", "beanstalk:shop"),
    ] {
        let target = if scenario == "alb" || scenario == "beanstalk" {
            Scenario::named(scenario).unwrap().target(7)
        } else {
            target.to_owned()
        };
        let mut bench = Box::pin(Bench::target(scenario, &target)).await;
        let picture = Box::pin(bench.look()).await;
        match source(&picture, Side::Green) {
            Err(NoLog::Unreadable(fault)) => {
                assert_eq!(fault.kind, FaultKind::Absent, "{scenario}");
            }
            other => panic!("{scenario}: {other:?}"),
        }
    }
}
