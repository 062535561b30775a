//! The rail: what the strategy plans, and how far it is.

use jiff::SignedDuration;

use crate::domain::{Phase, Split, Stage, StageKind, StageState, Weight};
use crate::sources::argo::raw::{BlueGreen, Canary, Step};

use super::events;
use super::phase::serves_only;
use super::routes;
use super::standing::current_step;
use super::view::View;
use crate::domain::{Side, Traffic};

/// How long an old version is kept where the strategy says nothing.
const SCALE_DOWN_DELAY: i64 = 30;

/// How far the rollout is, for its stages.
pub(crate) struct Progress<'a> {
    /// The phase as it would be if nothing had gone wrong.
    pub(crate) course: &'a Phase,
    /// It went wrong here, for this reason.
    pub(crate) broken: Option<String>,
}

/// The stages of an update.
pub(crate) fn update(view: &View<'_>, progress: &Progress<'_>) -> Vec<Stage> {
    let strategy = &view.rollout.spec.strategy;
    let (mut stages, at) = match (&strategy.blue_green, &strategy.canary) {
        (Some(blue_green), None) => blue_green_stages(view, blue_green, progress.course),
        (None, Some(canary)) => canary_stages(view, canary, progress.course),
        (Some(_), Some(_)) | (None, None) => return Vec::new(),
    };
    for (index, stage) in stages.iter_mut().enumerate() {
        stage.state = match (index.cmp(&at), &progress.broken) {
            (std::cmp::Ordering::Less, _) => StageState::Done,
            (std::cmp::Ordering::Equal, None) => StageState::Running,
            (std::cmp::Ordering::Equal, Some(why)) => {
                stage.note = Some(why.clone());
                StageState::Failed
            }
            (std::cmp::Ordering::Greater, _) => StageState::Pending,
        };
    }
    let shifted = stages.iter_mut().rev().find(|stage| {
        matches!(stage.kind, StageKind::Shift(_) | StageKind::Restore)
            && matches!(stage.state, StageState::Done | StageState::Running)
    });
    if let Some(stage) = shifted {
        stage.started = events::moved(view);
    }
    let status = &view.rollout.status;
    if let (Some(stage), Some(pause)) = (stages.get_mut(at), status.pause_conditions.first()) {
        stage.started = pause.start_time;
        stage.step = Some(pause.reason.clone());
    }
    stages
}

/// The stages after an abort.
pub(crate) fn way_back(
    view: &View<'_>,
    phase: &Phase,
    traffic: &Traffic,
    broken: Option<String>,
) -> Vec<Stage> {
    let started = view.rollout.status.aborted_at;
    let mut restore = Stage { started, ..Stage::pending(StageKind::Restore) };
    let mut remove = Stage::pending(StageKind::RemoveGreen);
    restore.state = if serves_only(traffic, Side::Blue) {
        StageState::Done
    } else if *phase == Phase::Failed {
        restore.note = broken;
        StageState::Failed
    } else {
        StageState::Running
    };
    remove.state = match phase {
        // A delay of 0 means that they are kept for good.
        Phase::Succeeded if view.set(&view.green).is_some_and(|set| set.spec.replicas > 0) => {
            StageState::Skipped
        }
        Phase::Succeeded => StageState::Done,
        Phase::Finishing => StageState::Running,
        _ => StageState::Pending,
    };
    vec![restore, remove]
}

/// The last stages: everything on the new version, then the old one goes.
fn ending(view: &View<'_>, delay: Option<i64>) -> Vec<Stage> {
    if view.is_undo {
        return vec![Stage::pending(StageKind::RemoveGreen)];
    }
    let bake = Stage {
        planned: Some(SignedDuration::from_secs(delay.unwrap_or(SCALE_DOWN_DELAY))),
        ..Stage::pending(StageKind::Bake)
    };
    vec![bake, Stage::pending(StageKind::RemoveBlue)]
}

/// All traffic to what was asked for.
fn whole(view: &View<'_>) -> StageKind {
    if view.is_undo { StageKind::Restore } else { StageKind::Shift(Split::ALL_GREEN) }
}

fn blue_green_stages(
    view: &View<'_>,
    blue_green: &BlueGreen,
    course: &Phase,
) -> (Vec<Stage>, usize) {
    let mut stages = vec![Stage::pending(StageKind::GreenTasks)];
    if blue_green.pre_promotion_analysis.is_some() {
        stages.push(Stage::pending(StageKind::BeforeShift));
    }
    if !blue_green.promotes_by_itself() || blue_green.pause().is_some() {
        let planned = blue_green.pause();
        stages.push(Stage { planned, ..Stage::pending(StageKind::Approval) });
    }
    stages.push(Stage::pending(whole(view)));
    if blue_green.post_promotion_analysis.is_some() {
        stages.push(Stage::pending(StageKind::AfterShift));
    }
    stages.extend(ending(view, blue_green.scale_down_delay_seconds));
    let wanted: &[StageKind] = match course {
        Phase::Queued | Phase::Preparing | Phase::Other(_) => &[StageKind::GreenTasks],
        Phase::Validating => &[StageKind::BeforeShift],
        // A frozen rollout waits wherever it is.
        Phase::AwaitingApproval => &[StageKind::Approval, StageKind::GreenTasks],
        Phase::BeforeShift | Phase::Shifting => &[whole(view)],
        Phase::AfterShift => &[StageKind::AfterShift, StageKind::Bake, StageKind::RemoveGreen],
        Phase::Baking => &[StageKind::Bake],
        Phase::Finishing => &[StageKind::RemoveBlue, StageKind::RemoveGreen],
        Phase::Held | Phase::Succeeded | Phase::Failed | Phase::Stopped => &[],
    };
    let at = wanted.iter().find_map(|kind| stages.iter().position(|stage| stage.kind == *kind));
    let end = stages.len();
    (stages, at.unwrap_or(end))
}

fn canary_stages(view: &View<'_>, canary: &Canary, course: &Phase) -> (Vec<Stage>, usize) {
    let reached = current_step(view.rollout, canary).map_or(canary.steps.len(), |(index, _)| index);
    let mut stages: Vec<Stage> = Vec::new();
    let mut at = None;
    let mut steps = canary.steps.iter().enumerate().peekable();
    let mut last = None;
    while let Some((index, step)) = steps.next() {
        let mut stage = Stage::pending(kind(view, canary, step));
        let mut end = index;
        if step.set_weight.is_some() {
            last = step.set_weight;
            // A weight and the timer after it are one stage.
            let timer = steps.peek().and_then(|(_, next)| next.pause.as_ref()?.duration());
            if timer.is_some() {
                stage.planned = timer;
                end = index + 1;
                steps.next();
            }
        } else if let Some(pause) = &step.pause {
            stage.planned = pause.duration();
        }
        if at.is_none() && reached <= end {
            at = Some(stages.len());
        }
        stages.push(stage);
    }
    if last != Some(canary.whole()) {
        stages.push(Stage::pending(whole(view)));
    }
    let shifted = stages.len();
    match canary.traffic_routing {
        Some(_) if !canary.dynamic_stable_scale => {
            stages.extend(ending(view, canary.scale_down_delay_seconds));
        }
        // The old pods go as the new ones come.
        Some(_) | None => {}
    }
    let end = stages.len();
    let at = match course {
        Phase::Baking => shifted,
        Phase::Finishing => end.saturating_sub(1).max(shifted),
        Phase::Succeeded => end,
        _ => at.filter(|_| view.is_in_flight()).unwrap_or(shifted - 1),
    };
    (stages, at)
}

/// What a step is about.
fn kind(view: &View<'_>, canary: &Canary, step: &Step) -> StageKind {
    let name = |what: &str, name: &str| StageKind::Other(format!("{what} {name}"));
    if let Some(weight) = step.set_weight {
        let share = Weight::ratio(f64::from(weight), f64::from(canary.whole()));
        let share = share.unwrap_or(Weight::ALL);
        let green = if view.is_undo { share.rest() } else { share };
        StageKind::Shift(Split { green })
    } else if let Some(pause) = &step.pause {
        match pause.duration() {
            Some(_) => StageKind::Other("pause".to_owned()),
            None => StageKind::Approval,
        }
    } else if step.analysis.is_some() {
        StageKind::Other("analysis".to_owned())
    } else if step.experiment.is_some() {
        StageKind::Other("experiment".to_owned())
    } else if let Some(scale) = &step.set_canary_scale {
        match (scale.replicas, scale.weight) {
            (Some(pods), _) => name("scale to", &format!("{pods} pods")),
            (None, Some(weight)) => name("scale to", &format!("{weight} %")),
            (None, None) => name("scale to", "the weight"),
        }
    } else if let Some(route) = &step.set_header_route {
        name("header route", &routes::label(canary, route, false))
    } else if let Some(route) = &step.set_mirror_route {
        name("mirror route", &routes::label(canary, route, true))
    } else if let Some(plugin) = &step.plugin {
        name("plugin", &plugin.name)
    } else {
        StageKind::Other("unknown step".to_owned())
    }
}
