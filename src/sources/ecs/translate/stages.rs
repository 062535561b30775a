//! The rail: what is done, what runs, what comes.

use aws_sdk_ecs::types as ecs;
use aws_sdk_ecs::types::{DeploymentLifecycleHook, DeploymentLifecycleHookDetail as Detail};

use jiff::SignedDuration;

use crate::domain::{Phase, Stage, StageKind, StageState};
use crate::sources::forward::split;
use crate::sources::routing::steps;

use super::super::raw::{Control, Raw};
use super::super::seen::{Seen, plain};
use super::phase::STAGES;
use super::schedule::{bake, minutes, routing};

/// Shares that differ by less are the same.
const SAME: f64 = 0.05;

/// The two stages of one step of the shift.
const STEP: [&str; 2] = ["PRE_PRODUCTION_TRAFFIC_SHIFT", "PRODUCTION_TRAFFIC_SHIFT"];

/// What the rail is drawn from.
pub(crate) struct Rail<'a> {
    /// The followed deployment.
    pub(crate) control: &'a Control,
    /// What was seen of it.
    pub(crate) seen: Option<&'a Seen>,
    /// Where it stands.
    pub(crate) phase: &'a Phase,
    /// What ECS was asked to give green, in percent.
    pub(crate) share: Option<f64>,
    /// Whether there is test traffic.
    pub(crate) tests: bool,
}

impl<'a> Rail<'a> {
    /// From what was read.
    pub(crate) fn of(
        raw: &'a Raw,
        control: &'a Control,
        phase: &'a Phase,
        share: Option<f64>,
    ) -> Self {
        let balancers = raw.service.value().map(ecs::Service::load_balancers);
        let mut advanced =
            balancers.into_iter().flatten().filter_map(|b| b.advanced_configuration());
        let tests = advanced.any(|config| config.test_listener_rule().is_some());
        Self { control, seen: raw.seen.as_ref(), phase, share, tests }
    }

    /// The stages of a rollout that brings something new.
    pub(crate) fn forward(&self) -> Vec<Stage> {
        let mut stages: Vec<Stage> = Vec::new();
        if self.control.strategy() == "ROLLING" && self.control.stage().is_empty() {
            stages.push(self.stage("", StageKind::GreenTasks));
        } else {
            for name in STAGES {
                self.add(name, &mut stages);
            }
            if !STAGES.contains(&self.control.stage()) && !self.control.stage().is_empty() {
                let unknown = StageKind::Other(plain(self.control.stage()));
                stages.push(self.stage(self.control.stage(), unknown));
            }
        }
        if self.phase.is_over() {
            close(&mut stages);
        }
        stages
    }

    /// The stages of the way back; `restored` is whether ECS has led all traffic back.
    pub(crate) fn back(&self, restored: bool) -> Vec<Stage> {
        let failed = self.control.deployment.lifecycle_hook_details().iter();
        let mut stages: Vec<Stage> = failed
            .filter(|detail| answer(detail) == StageState::Failed)
            .map(|detail| self.unplanned(detail))
            .collect();
        let succeeded = *self.phase == Phase::Succeeded;
        let restore = match self.phase {
            _ if restored || succeeded => StageState::Done,
            Phase::Failed => StageState::Failed,
            _ => StageState::Running,
        };
        let remove = match self.phase {
            Phase::Succeeded => StageState::Done,
            phase if restored && !phase.is_over() => StageState::Running,
            _ => StageState::Pending,
        };
        let rollback = self.control.deployment.rollback();
        let started = crate::sources::time::moment(rollback.and_then(|r| r.started_at()));
        let step = Some(self.control.stage().to_owned()).filter(|step| !step.is_empty());
        let note = self.control.deployment.status_reason().map(str::to_owned);
        stages.push(Stage {
            state: restore.clone(),
            started,
            step,
            note: note.filter(|_| restore == StageState::Failed),
            ..Stage::pending(StageKind::Restore)
        });
        stages.push(Stage { state: remove, ..Stage::pending(StageKind::RemoveGreen) });
        if self.phase.is_over() {
            close(&mut stages);
        }
        stages
    }

    /// One lifecycle stage with its hooks.
    fn add(&self, name: &str, stages: &mut Vec<Stage>) {
        if is_step(name) {
            // The two stages of a step come again for every share.
            if name == STEP[1] {
                self.steps(stages);
            }
            return;
        }
        let is_here = self.control.stage() == name;
        let hooks = self.hooks(name);
        let own = match name {
            "PRE_SCALE_UP" => Some(StageKind::Prepare),
            "SCALE_UP" => Some(StageKind::GreenTasks),
            "TEST_TRAFFIC_SHIFT" if self.tests || is_here => Some(StageKind::TestTraffic),
            "BAKE_TIME" => Some(StageKind::Bake),
            "CLEAN_UP" => Some(StageKind::RemoveBlue),
            // Passed through in a moment, unless a hook holds it.
            other if is_here && hooks.is_empty() => Some(StageKind::Other(plain(other))),
            _ => None,
        };
        if let Some(kind) = own {
            let mut stage = self.stage(name, kind);
            // Its own work is done when its hooks run.
            if hooks.iter().any(|hook| hook.state == StageState::Running) {
                stage.state = StageState::Done;
            }
            stages.push(stage);
        }
        stages.extend(hooks);
    }

    /// The shares that green gets, and before the next one the hooks that are asked at each.
    fn steps(&self, stages: &mut Vec<Stage>) {
        let mut shifts = self.shifts();
        let open = |stage: &Stage| stage.state == StageState::Pending;
        let place = shifts.iter().position(open).unwrap_or(shifts.len());
        shifts.splice(place..place, STEP.into_iter().flat_map(|name| self.hooks(name)));
        stages.extend(shifts);
    }

    fn stage(&self, name: &str, kind: StageKind) -> Stage {
        let is_here = self.control.stage() == name;
        Stage {
            state: self.state(name),
            started: self.seen.and_then(|seen| seen.entered(name)),
            planned: bake(self.control).filter(|_| kind == StageKind::Bake),
            step: is_here.then(|| name.to_owned()).filter(|name| !name.is_empty()),
            note: self
                .control
                .deployment
                .status_reason()
                .map(str::to_owned)
                .filter(|_| is_here && *self.phase == Phase::Stopped),
            ..Stage::pending(kind)
        }
    }

    /// How far a lifecycle stage is, by where the deployment stands.
    fn state(&self, name: &str) -> StageState {
        let rank = |name: &str| STAGES.iter().position(|stage| *stage == name);
        match self.phase {
            Phase::Succeeded => return StageState::Done,
            Phase::Queued => return StageState::Pending,
            _ => {}
        }
        match (rank(name), rank(self.control.stage())) {
            _ if self.control.stage() == name => match self.phase {
                Phase::Stopped | Phase::Failed => StageState::Failed,
                _ => StageState::Running,
            },
            (Some(own), Some(here)) if own < here => StageState::Done,
            _ => StageState::Pending,
        }
    }

    /// One stage for each share that green gets.
    fn shifts(&self) -> Vec<Stage> {
        let steps = routing(self.control).map(steps).unwrap_or_default();
        let finished = self.state("PRODUCTION_TRAFFIC_SHIFT") == StageState::Done;
        let reached =
            |percent: f64| finished || self.share.is_some_and(|share| share + SAME >= percent);
        let stage = |(index, (offset, percent)): (usize, &(SignedDuration, f64))| {
            let next = steps.get(index + 1);
            let left = finished || next.is_some_and(|(_, percent)| reached(*percent));
            let moving = matches!(self.phase, Phase::Shifting);
            let state = match (reached(*percent), left) {
                (false, _) => StageState::Pending,
                (true, false) if moving => StageState::Running,
                (true, _) => StageState::Done,
            };
            let begun = |percent: f64| self.seen.and_then(|seen| seen.reached(percent));
            Stage {
                started: begun(*percent),
                ended: next.and_then(|(_, percent)| begun(*percent)),
                planned: next.map(|(until, _)| until.saturating_sub(*offset)),
                step: (state == StageState::Running).then(|| self.control.stage().to_owned()),
                state,
                ..Stage::pending(StageKind::Shift(split(*percent)))
            }
        };
        steps.iter().enumerate().map(stage).collect()
    }

    /// The hooks of a lifecycle stage: those that are configured, and one that is at work here
    /// although the configuration does not name it.
    fn hooks(&self, name: &str) -> Vec<Stage> {
        let config = self.control.deployment.deployment_configuration();
        let configured =
            config.map(ecs::DeploymentConfiguration::lifecycle_hooks).unwrap_or_default();
        let here: Vec<&DeploymentLifecycleHook> = configured
            .iter()
            .filter(|hook| hook.lifecycle_stages().iter().any(|stage| stage.as_str() == name))
            .collect();
        let is_here = self.control.stage() == name;
        let details = self.control.deployment.lifecycle_hook_details();
        let found = |hook: &DeploymentLifecycleHook| {
            let same = |detail: &&Detail| {
                is_pause(detail) == pauses(hook) && detail.target_arn() == hook.hook_target_arn()
            };
            // Of several answers the one that is still open is this stage's.
            let mut own = details.iter().filter(|_| is_here).filter(same);
            let last = own.clone().next_back();
            own.find(|detail| answer(detail) == StageState::Running).or(last)
        };
        let mut stages: Vec<Stage> =
            here.iter().map(|hook| self.hook(name, hook, found(hook))).collect();
        let open = details.iter().filter(|detail| answer(detail) == StageState::Running);
        if is_here && !stages.iter().any(|stage| stage.state == StageState::Running) {
            stages.extend(open.map(|detail| self.unplanned(detail)));
        }
        stages
    }

    fn hook(&self, name: &str, hook: &DeploymentLifecycleHook, now: Option<&Detail>) -> Stage {
        let timeout = hook
            .timeout_configuration()
            .and_then(ecs::DeploymentLifecycleHookTimeoutConfiguration::timeout_in_minutes);
        let kind = if pauses(hook) {
            StageKind::Approval
        } else {
            StageKind::Hook(function(hook.hook_target_arn()))
        };
        let comes_again = is_step(name)
            && is_step(self.control.stage())
            && self.share.is_none_or(|share| share + SAME < 100.0);
        let state = match (now.map(answer), self.state(name)) {
            (Some(StageState::Done) | None, StageState::Running | StageState::Done)
                if comes_again =>
            {
                StageState::Pending
            }
            (None, StageState::Running) => StageState::Pending,
            (Some(state), StageState::Running | StageState::Failed) | (_, state) => state,
        };
        Stage {
            state,
            planned: timeout.map(minutes),
            step: now.map(|_| name.to_owned()),
            ..Stage::pending(kind)
        }
    }

    /// A hook at work that the configuration does not name.
    fn unplanned(&self, detail: &Detail) -> Stage {
        let kind = if is_pause(detail) {
            StageKind::Approval
        } else {
            StageKind::Hook(function(detail.target_arn()))
        };
        let status = detail.status().map(|status| plain(status.as_str()));
        let state = answer(detail);
        Stage {
            note: status.filter(|_| state == StageState::Failed),
            step: Some(self.control.stage().to_owned()),
            state,
            ..Stage::pending(kind)
        }
    }
}

/// Whether the stage comes again for each step of the shift.
fn is_step(name: &str) -> bool {
    STEP.contains(&name)
}

fn is_pause(detail: &Detail) -> bool {
    detail.target_type().map(ecs::DeploymentLifecycleHookTargetType::as_str) == Some("PAUSE")
}

fn pauses(hook: &DeploymentLifecycleHook) -> bool {
    hook.target_type().map(ecs::DeploymentLifecycleHookTargetType::as_str) == Some("PAUSE")
}

/// How far a hook is; a state this program does not know is at work.
fn answer(detail: &Detail) -> StageState {
    match detail.status().map(ecs::DeploymentLifecycleHookStatus::as_str) {
        Some("SUCCEEDED") => StageState::Done,
        Some("FAILED" | "TIMED_OUT") => StageState::Failed,
        Some(_) => StageState::Running,
        None => StageState::Pending,
    }
}

/// The name of the function in its ARN `arn:…:function:NAME[:VERSION]`.
fn function(arn: Option<&str>) -> String {
    arn.and_then(|arn| arn.split(':').nth(6)).unwrap_or("?").to_owned()
}

/// Nothing runs or comes in a rollout that is over.
fn close(stages: &mut [Stage]) {
    for stage in stages {
        match stage.state {
            StageState::Pending | StageState::Running => stage.state = StageState::Skipped,
            StageState::Done | StageState::Failed | StageState::Skipped => {}
        }
    }
}
