//! The words for phases, stages and what comes next: a person speaks, not a log.

use std::cmp::Ordering;

use jiff::Timestamp;

use crate::app::select::Steps;
use crate::app::{Cockpit, Outcome, Ramp};
use crate::domain::{
    Due, Environment, Next, NextStep, Phase, Rollout, RolloutKind, Route, ShareOf, Source, Split,
    Stage, StageKind, StageState, Target,
};

use super::format::{clean, left, planned, share};

/// Who is being asked for alarms, until the first answer.
pub(super) fn asking(cockpit: &Cockpit) -> &'static str {
    match cockpit.snapshot.target {
        Target::Argo { .. } => "asking the cluster",
        Target::Beanstalk { .. } => "asking Elastic Beanstalk",
        Target::CodeDeploy { .. }
        | Target::Deployment(_)
        | Target::Ecs { .. }
        | Target::Alb(_)
        | Target::Route53 { .. } => "asking CloudWatch",
    }
}

/// Who is being asked for metrics, until the first answer: a Prometheus, where one counts.
pub(super) fn measuring(cockpit: &Cockpit) -> &'static str {
    let asked = |source| cockpit.snapshot.readings.contains_key(&source);
    let in_cluster = cockpit.snapshot.target.is_in_cluster();
    match () {
        () if asked(Source::Prometheus) => "asking Prometheus",
        () if in_cluster && asked(Source::Metrics) => "asking CloudWatch",
        () => asking(cockpit),
    }
}

/// The phase in one word, loud.
pub(super) fn phase(rollout: &Rollout) -> String {
    let rollback = rollout.kind != RolloutKind::Rollout;
    let word = match (&rollout.phase, rollback) {
        (Phase::Queued, false) => "QUEUED",
        (Phase::Preparing, false) => "STARTING GREEN",
        (Phase::Validating, false) => "TESTING GREEN",
        (Phase::AwaitingApproval, _) => "WAITS FOR YOU",
        (Phase::BeforeShift, false) => "ABOUT TO SHIFT",
        (Phase::Shifting, false) if rollout.traffic.of == ShareOf::Tasks => "REPLACING TASKS",
        (Phase::Shifting, false) if rollout.traffic.of == ShareOf::Instances => {
            "REPLACING INSTANCES"
        }
        (Phase::Shifting, false) => "SHIFTING",
        (Phase::AfterShift, false) => "CHECKING",
        (Phase::Baking, false) => "BAKING",
        (Phase::Finishing, false) => "REMOVING BLUE",
        (Phase::Succeeded, false) => "SUCCEEDED",
        (Phase::Succeeded, true) => "ROLLED BACK",
        (Phase::Failed, false) => "FAILED",
        (Phase::Failed, true) => "ROLLBACK FAILED",
        (Phase::Stopped, false) => "STOPPED",
        (Phase::Stopped, true) => "ROLLBACK STOPPED",
        (Phase::Finishing, true) => "REMOVING GREEN",
        (Phase::Held, _) => "HELD",
        (Phase::Other(name), _) => return clean(name).to_uppercase(),
        (_, true) => "ROLLING BACK",
    };
    word.to_owned()
}

/// Where the traffic is, in a sentence.
pub(super) fn traffic(split: Option<Split>, live: bool) -> String {
    let (is, was) = if live { ("is", "is") } else { ("was", "was") };
    match split {
        None => format!("it {is} not known where the traffic {was}"),
        Some(Split::ALL_BLUE) => format!("all traffic {is} on blue"),
        Some(Split::ALL_GREEN) => format!("all traffic {is} on green"),
        Some(split) => format!("{} % of the traffic {is} on green", share(split.green.get())),
    }
}

/// Which part of the capacity is green: a rolling update moves tasks, not traffic.
pub(super) fn capacity(split: Option<Split>) -> String {
    match split {
        None => "it is not known which tasks run".to_owned(),
        Some(split) => format!("{} % of the running tasks are green", share(split.green.get())),
    }
}

/// Which part of the registered instances is green: the load balancer knows no weights.
pub(super) fn instances(split: Option<Split>) -> String {
    match split {
        None => "it is not known which instances are registered".to_owned(),
        Some(split) => {
            format!("{} % of the instances that serve are green", share(split.green.get()))
        }
    }
}

/// Which part of the DNS answers names green: clients ask seldom and keep what they hear.
pub(super) fn answers(split: Option<Split>) -> String {
    match split {
        None => "it is not known what the name servers answer".to_owned(),
        Some(Split::ALL_BLUE) => "all DNS answers name blue".to_owned(),
        Some(Split::ALL_GREEN) => "all DNS answers name green".to_owned(),
        Some(split) => format!("{} % of the DNS answers name green", share(split.green.get())),
    }
}

/// The same in fewer words, for little room.
pub(super) fn traffic_short(split: Option<Split>) -> String {
    match split {
        None => "traffic not known".to_owned(),
        Some(Split::ALL_BLUE) => "all on blue".to_owned(),
        Some(Split::ALL_GREEN) => "all on green".to_owned(),
        Some(split) => format!("{} % on green", share(split.green.get())),
    }
}

/// What goes to green whatever the split, if anything does.
pub(super) fn routes(routes: &[Route]) -> Option<String> {
    let of = |copied: bool| {
        let own = routes.iter().filter(|route| route.copied == copied);
        let requests: Vec<String> = own.map(|route| clean(&route.requests).into_owned()).collect();
        (!requests.is_empty()).then(|| requests.join(" and "))
    };
    let led = of(false).map(|requests| format!("{requests} to green"));
    let copied = of(true).map(|requests| format!("a copy of {requests} to green"));
    let both: Vec<String> = led.into_iter().chain(copied).collect();
    (!both.is_empty()).then(|| both.join(", "))
}

/// What stands in the place of a rollout that is not there.
pub(super) fn no_rollout(cockpit: &Cockpit) -> String {
    let read = &cockpit.snapshot.rollout;
    match (read.value(), read.fault()) {
        (Some(_), _) => "no rollout yet".to_owned(),
        (None, Some(fault)) => format!("? {}", clean(&fault.brief())),
        (None, None) => match cockpit.snapshot.target {
            Target::Argo { .. } => "asking the cluster".to_owned(),
            Target::CodeDeploy { .. }
            | Target::Deployment(_)
            | Target::Ecs { .. }
            | Target::Alb(_)
            | Target::Route53 { .. }
            | Target::Beanstalk { .. } => "asking AWS".to_owned(),
        },
    }
}

/// What it means that a side has no task: green's have not come yet before its update is over.
pub(super) fn no_tasks(rollout: Option<&Rollout>, own: &Environment) -> &'static str {
    let is_to_come = rollout.is_some_and(|rollout| {
        let ends = matches!(rollout.phase, Phase::Finishing | Phase::Baking);
        let forward = rollout.kind == RolloutKind::Rollout && !ends && !rollout.phase.is_over();
        forward && *own == rollout.green
    });
    if is_to_come { "none yet" } else { "none: removed" }
}

/// What happens by itself next, and when; old data only tells what was planned.
pub(super) fn next(next: &Next, now: Timestamp, live: bool) -> String {
    let what = match &next.step {
        NextStep::Shift(Split::ALL_GREEN) => "all traffic to green".to_owned(),
        NextStep::Shift(split) => format!("{} % to green", share(split.green.get())),
        NextStep::RemoveBlue => "blue is removed".to_owned(),
        NextStep::RemoveGreen => "green is removed".to_owned(),
        NextStep::StopUnapproved => "stopped if nobody approves".to_owned(),
        NextStep::RollBackUnapproved => "rolled back if nobody approves".to_owned(),
        NextStep::ContinueUnapproved => "goes on if nobody approves".to_owned(),
        NextStep::GiveUp => "given up if not done".to_owned(),
        NextStep::Arrive => "the last client follows".to_owned(),
    };
    let plan = if live { "" } else { " if on plan" };
    format!("next: {what} in {}{plan}", left(&next.due, now))
}

/// What a ramp does next.
pub(super) fn ramp(ramp: &Ramp, now: Timestamp) -> String {
    match ramp.next() {
        Some((percent, at)) => {
            format!(
                "ramp: {percent} to green in {}",
                left(&Due { exact: true, ..Due::estimate(at) }, now)
            )
        }
        None if ramp.is_reached() => "ramp: at its end".to_owned(),
        None => format!("ramp: {} to green is under way", ramp.share()),
    }
}

/// The steps of a ramp as stages.
pub(super) fn ramp_stages(ramp: &Ramp) -> Vec<Stage> {
    let stage = |(index, percent): (usize, &crate::domain::Percent)| {
        let last = index + 1 == ramp.steps().len();
        let state = match (index + 1).cmp(&ramp.ordered()) {
            Ordering::Less => StageState::Done,
            Ordering::Equal => StageState::Running,
            Ordering::Greater => StageState::Pending,
        };
        let planned = (!last).then(|| ramp.every());
        Stage { state, planned, ..Stage::pending(StageKind::Shift(percent.split())) }
    };
    ramp.steps().iter().enumerate().map(stage).collect()
}

/// How the newest order ended or hangs, when that is not what was wanted; stays until the next.
pub(super) fn order(steps: &Steps) -> Option<String> {
    let what = steps.action.words();
    let text = match &steps.outcome {
        Outcome::OnItsWay | Outcome::Done => return None,
        Outcome::Void(change) => format!("{what} was not sent: {change}"),
        Outcome::NotAudited(why) => format!("{what} was not sent: it could not be noted: {why}"),
        Outcome::Refused(fault) => format!("{what} was refused: {}", fault.brief()),
        Outcome::Unknown(fault) => {
            format!("no answer to {what} ({}); reading what happened", fault.brief())
        }
        Outcome::Failed(why) => why.clone(),
    };
    Some(clean(&text).into_owned())
}

/// What a stage is called on the rail.
pub(super) fn stage(stage: &Stage) -> String {
    match &stage.kind {
        StageKind::Prepare => "prepare".to_owned(),
        StageKind::GreenTasks => "green tasks".to_owned(),
        StageKind::TestTraffic => "test traffic".to_owned(),
        StageKind::Approval => "approval".to_owned(),
        StageKind::BeforeShift => "hook before".to_owned(),
        StageKind::Shift(split) => match stage.planned {
            Some(span) => format!("{} % for {}", share(split.green.get()), planned(span)),
            None => format!("{} %", share(split.green.get())),
        },
        StageKind::AfterShift => "hook after".to_owned(),
        StageKind::Hook(name) => format!("hook {}", clean(name)),
        StageKind::Bake => match stage.planned {
            Some(span) => format!("bake {}", planned(span)),
            None => "bake".to_owned(),
        },
        StageKind::RemoveBlue => "remove blue".to_owned(),
        StageKind::Restore => "traffic to blue".to_owned(),
        StageKind::RemoveGreen => "remove green".to_owned(),
        StageKind::Other(name) => clean(name).into_owned(),
    }
}

/// Several shifts of the same kind are one word on the rail: `10 % every 1 min`.
///
/// Each entry is a label with its state and how many stages it stands for.
pub(super) fn rail(stages: &[Stage]) -> Vec<(String, StageState)> {
    let shifts: Vec<&Stage> =
        stages.iter().filter(|stage| matches!(stage.kind, StageKind::Shift(_))).collect();
    // A canary's two shifts are two stages of their own; a linear shift is one with many steps.
    let fold = shifts.len() > 3 && is_linear(&shifts);
    let mut rail = Vec::new();
    for stage_ in stages {
        if !matches!(stage_.kind, StageKind::Shift(_)) || !fold {
            rail.push((stage(stage_), stage_.state.clone()));
        } else if std::ptr::eq(stage_, shifts[0]) {
            rail.push(folded(&shifts));
        }
    }
    rail
}

/// Whether each shift adds the same share for the same time; the last one may be what is left.
fn is_linear(shifts: &[&Stage]) -> bool {
    let size = |stage: &Stage| match &stage.kind {
        StageKind::Shift(split) => split.green.get(),
        _ => 0.0,
    };
    let Some(first) = shifts.first() else { return false };
    let inner = shifts.get(..shifts.len() - 1).unwrap_or_default();
    let equal = |pair: &[&Stage]| (size(pair[1]) - size(pair[0]) - size(first)).abs() < 0.05;
    inner.windows(2).all(equal) && inner.iter().all(|stage| stage.planned == first.planned)
}

fn folded(shifts: &[&Stage]) -> (String, StageState) {
    let done = shifts
        .iter()
        .filter(|stage| matches!(stage.state, StageState::Done | StageState::Running))
        .count();
    let state = if shifts.iter().all(|stage| stage.state == StageState::Done) {
        StageState::Done
    } else if shifts.iter().all(|stage| stage.state == StageState::Skipped) {
        StageState::Skipped
    } else if done > 0 && shifts.iter().any(|stage| stage.state == StageState::Skipped) {
        StageState::Failed
    } else if done > 0 {
        StageState::Running
    } else {
        StageState::Pending
    };
    let size = match &shifts[0].kind {
        StageKind::Shift(split) => share(split.green.get()),
        _ => String::new(),
    };
    let every = shifts[0].planned.map(planned).unwrap_or_default();
    let text = if state == StageState::Running {
        format!("{size} % every {every}, {done} of {}", shifts.len())
    } else {
        format!("{size} % every {every}")
    };
    (text, state)
}

/// The configuration in words, from the planned shifts.
pub(super) fn plan(rollout: &Rollout) -> String {
    let shifts: Vec<&Stage> =
        rollout.stages.iter().filter(|s| matches!(s.kind, StageKind::Shift(_))).collect();
    let share_of = |stage: &Stage| match &stage.kind {
        StageKind::Shift(split) => share(split.green.get()),
        _ => String::new(),
    };
    match shifts.as_slice() {
        [] => clean(&rollout.configuration).into_owned(),
        [_] => "all at once".to_owned(),
        [first, _] => {
            // Without a time a person ends it.
            let time = first.planned.map(|span| format!(" for {}", planned(span)));
            format!("{} %{}, then all", share_of(first), time.unwrap_or_default())
        }
        all if !is_linear(all) => {
            let shares: Vec<String> = all.iter().map(|stage| share_of(stage)).collect();
            format!("{} %", shares.join(", "))
        }
        [first, ..] => {
            let span = first.planned.map(planned).unwrap_or_default();
            format!("{} % every {span}", share_of(first))
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::domain::Weight;

    fn shift(percent: f64, state: StageState) -> Stage {
        let split = Split { green: Weight::percent(percent).unwrap() };
        Stage {
            state,
            planned: Some(SignedDuration::from_mins(1)),
            ..Stage::pending(StageKind::Shift(split))
        }
    }

    #[test]
    fn a_linear_shift_is_one_word_on_the_rail() {
        let states = [StageState::Done, StageState::Running, StageState::Pending];
        let mut stages: Vec<Stage> = vec![Stage::pending(StageKind::Prepare)];
        stages.extend((1..=10).map(|step| {
            let state = states[usize::from(step > 3) + usize::from(step > 4)].clone();
            shift(10.0 * f64::from(step), state)
        }));
        stages.push(Stage::pending(StageKind::RemoveBlue));
        let labels: Vec<String> = rail(&stages).into_iter().map(|(label, _)| label).collect();
        assert_eq!(labels, ["prepare", "10 % every 1 min, 4 of 10", "remove blue"]);
    }
}
