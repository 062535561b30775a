//! Which backend watches which target.

use crate::domain::{Snapshot, Target};

use super::aws::Aws;
use super::backend::{Backend, Wish};
use super::codedeploy::CodeDeploy;
use super::poll::Poller;

/// The backend of one target.
pub struct Watcher(Kind);

/// One for each control plane. Boxed: they are large and of different sizes.
enum Kind {
    /// An ECS service that CodeDeploy deploys.
    CodeDeploy(Box<Poller<CodeDeploy>>),
}

impl Watcher {
    /// Begins to watch; nothing is asked yet.
    pub(super) fn new(aws: &Aws, target: &Target) -> Self {
        match target {
            Target::CodeDeploy { .. } | Target::Deployment(_) | Target::Ecs { .. } => {
                let kind = CodeDeploy::new(target.clone());
                Self(Kind::CodeDeploy(Box::new(Poller::new(aws.clone(), kind))))
            }
        }
    }
}

impl Backend for Watcher {
    async fn observe(&mut self, wish: Wish) -> Snapshot {
        match &mut self.0 {
            Kind::CodeDeploy(poller) => poller.observe(wish).await,
        }
    }

    async fn observe_whole(&mut self, wish: Wish) -> Snapshot {
        match &mut self.0 {
            Kind::CodeDeploy(poller) => poller.observe_whole(wish).await,
        }
    }
}
