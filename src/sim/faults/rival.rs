//! Another operator, at the same moment.

use super::Rival;
use crate::sim::error::ApiError;
use crate::sim::world::native::{Answer, HookStatus, StopType};
use crate::sim::world::orders::{NewDeployment, Wait};
use crate::sim::world::pipeline::RunStatus;
use crate::sim::world::records::{Change, RecordSet, Verb};
use crate::sim::world::{Action, World};

impl Rival {
    /// Does it. A refusal is the other operator's problem.
    pub(crate) fn act(self, world: &mut World) {
        let _ = if world.native.is_some() {
            self.on_ecs(world)
        } else if world.beanstalk.is_some() {
            self.on_environments(world)
        } else if world.dns.is_some() {
            self.on_records(world);
            Ok(())
        } else if world.scenario.weighted.is_some() {
            self.on_rules(world);
            Ok(())
        } else if let Some(token) = waiting(world) {
            self.on_approval(world, &token)
        } else {
            self.on_codedeploy(world)
        };
    }

    /// The weights of blue and green that somebody else sets; nothing who deploys.
    fn weights(self) -> Option<[u32; 2]> {
        match self {
            Self::Stop | Self::RollBack => Some([100, 0]),
            Self::Continue => Some([40, 60]),
            Self::Deploy => None,
        }
    }

    fn on_rules(self, world: &mut World) {
        let Some(weights) = self.weights() else { return };
        let listeners = world.listeners();
        let rules = listeners.iter().flat_map(|listener| world.rules(&listener.arn));
        let divides = |action: &Action| action.forward().is_some_and(|to| to.weights.len() == 2);
        let divided = rules.filter(|rule| rule.actions.iter().any(divides));
        for rule in divided.collect::<Vec<_>>() {
            let mut actions = rule.actions.clone();
            for action in &mut actions {
                if let Action::Forward(forward) = action {
                    for ((_, weight), new) in forward.weights.iter_mut().zip(weights) {
                        *weight = new;
                    }
                }
            }
            world.change_rule(&rule, None, Some(actions));
        }
    }

    fn on_records(self, world: &mut World) {
        let (Some(weights), Some(dns)) = (self.weights(), &world.dns) else { return };
        let Some(zone) = dns.zones.first() else { return };
        let weighted = zone.records.iter().filter(|set| set.weight.is_some());
        let change = |(set, weight): (&RecordSet, u32)| {
            let set = RecordSet { weight: Some(weight), ..set.clone() };
            Change { verb: Verb::Upsert, set }
        };
        let batch: Vec<Change> = weighted.zip(weights).map(change).collect();
        let id = zone.id.clone();
        // The zone may be busy with a change: then somebody else is refused.
        let _ = world.change_records(&id, &batch, Some("somebody else".to_owned()));
    }

    fn on_environments(self, world: &mut World) -> Result<(), ApiError> {
        match self {
            Self::Continue | Self::RollBack => world.swap_cnames((0, 1)),
            Self::Stop => world.abort_update(1),
            Self::Deploy => Ok(()),
        }
    }

    fn on_approval(self, world: &mut World, token: &str) -> Result<(), ApiError> {
        let said = || ("somebody else", "somebody".to_owned());
        match self {
            Self::Continue => world.put_approval(token, true, said()).map(|_| ()),
            Self::Stop | Self::RollBack => world.put_approval(token, false, said()).map(|_| ()),
            Self::Deploy => Ok(()),
        }
    }

    fn on_codedeploy(self, world: &mut World) -> Result<(), ApiError> {
        let busy = world.deploy.busy();
        match (self, busy) {
            (Self::Stop, Some(key)) => world.stop_deployment(key, Some(false)).map(|_| ()),
            (Self::RollBack, Some(key)) => world.stop_deployment(key, Some(true)).map(|_| ()),
            (Self::Continue, Some(key)) => world
                .continue_deployment(key, Wait::Ready)
                .or_else(|_| world.continue_deployment(key, Wait::Termination)),
            (Self::Deploy, None) => {
                let Some(revision) = world.deploy.deployments.last().map(|last| last.revision)
                else {
                    return Ok(());
                };
                let description = Some("somebody else".to_owned());
                let new = NewDeployment {
                    revision,
                    config: None,
                    description,
                    auto_rollback: None,
                    alarm_override: None,
                };
                world.create_deployment(new).map(|_| ())
            }
            (Self::Deploy, Some(_)) | (_, None) => Ok(()),
        }
    }

    fn on_ecs(self, world: &mut World) -> Result<(), ApiError> {
        let Some(native) = &world.native else { return Ok(()) };
        let Some(key) = native.running() else {
            let wanted = native.revision(native.wanted()).map(|revision| revision.release);
            if let (Self::Deploy, Some(release)) = (self, wanted) {
                world.deploy_service(release);
            }
            return Ok(());
        };
        match self {
            Self::Stop => world.stop_service_deployment(key, StopType::Abort),
            Self::RollBack => world.stop_service_deployment(key, StopType::Rollback),
            Self::Continue => {
                let hooks = native.deployment(key).into_iter().flat_map(|one| &one.hooks);
                let mut waiting = hooks
                    .filter(|run| run.status == HookStatus::AwaitingAction)
                    .map(|run| run.id.clone());
                let Some(hook) = waiting.next_back() else { return Ok(()) };
                world.continue_service_deployment(key, &hook, Answer::Continue)
            }
            Self::Deploy => Ok(()),
        }
    }
}

/// What answers the approval that waits in the pipeline, if one does.
fn waiting(world: &World) -> Option<String> {
    let executions = world.pipeline.iter().flat_map(|pipeline| &pipeline.executions);
    let mut runs = executions.flat_map(|execution| &execution.runs);
    runs.find(|run| run.status == RunStatus::InProgress && run.token.is_some())?.token.clone()
}
