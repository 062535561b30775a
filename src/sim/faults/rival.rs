//! Another operator, at the same moment.

use super::Rival;
use crate::sim::error::ApiError;
use crate::sim::world::World;
use crate::sim::world::native::{Answer, HookStatus, StopType};
use crate::sim::world::orders::{NewDeployment, Wait};

impl Rival {
    /// Does it. A refusal is the other operator's problem.
    pub(crate) fn act(self, world: &mut World) {
        let _ = if world.native.is_some() { self.on_ecs(world) } else { self.on_codedeploy(world) };
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
