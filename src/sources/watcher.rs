//! Which backend watches which target.

use crate::domain::{Snapshot, Target};

use super::argo::{Argo, Place};
use super::aws::Aws;
use super::backend::{Backend, Wish};
use super::beanstalk::Beanstalk;
use super::codedeploy::CodeDeploy;
use super::ecs::Ecs;
use super::poll::Poller;
use super::weighted::{Alb, Joined, Route53};

/// The backend of one target.
pub struct Watcher(Kind);

/// One for each control plane. Boxed: they are large and of different sizes.
enum Kind {
    /// An ECS service that CodeDeploy deploys.
    CodeDeploy(Box<Poller<CodeDeploy>>),
    /// An ECS service that ECS deploys, or of which nobody knows yet who does.
    Ecs(Box<Poller<Ecs>>),
    /// A rule of a load balancer, and what runs behind it.
    Alb(Box<Joined<Alb>>),
    /// Weighted records, and what runs behind them.
    Route53(Box<Joined<Route53>>),
    /// Elastic Beanstalk environments.
    Beanstalk(Box<Poller<Beanstalk>>),
    /// A Rollout in a cluster.
    Argo(Box<Argo>),
}

impl Watcher {
    /// Begins to watch; nothing is asked yet.
    pub(super) fn new(aws: &Aws, target: &Target) -> Self {
        match target {
            Target::CodeDeploy { .. } | Target::Deployment(_) => Self::codedeploy(aws, target),
            Target::Alb(place) => {
                let kind = Alb::new(aws, place.clone());
                Self(Kind::Alb(Box::new(Joined::new(aws, target, kind))))
            }
            Target::Route53 { zone, name, kind, blue } => {
                let kind = Route53::new(aws, (zone, name, kind, blue.as_deref()));
                Self(Kind::Route53(Box::new(Joined::new(aws, target, kind))))
            }
            Target::Beanstalk { application, blue } => {
                let kind = Beanstalk::new(application.clone(), blue.clone());
                Self(Kind::Beanstalk(Box::new(Poller::new(aws.clone(), kind))))
            }
            Target::Ecs { cluster, service } => {
                let kind = Ecs::new(cluster.clone(), service.clone());
                Self(Kind::Ecs(Box::new(Poller::new(aws.clone(), kind))))
            }
            Target::Argo { context, namespace, name } => {
                let place = Place::new(context.as_deref(), namespace, name);
                Self(Kind::Argo(Box::new(Argo::new(aws.clone(), place))))
            }
        }
    }

    fn codedeploy(aws: &Aws, target: &Target) -> Self {
        let kind = CodeDeploy::new(target.clone());
        Self(Kind::CodeDeploy(Box::new(Poller::new(aws.clone(), kind))))
    }

    /// Only the service itself says who deploys it: one question to it, then the watch is handed
    /// over to CodeDeploy's backend, if need be also later.
    fn hand_over(&mut self, target: &Target) -> bool {
        let Kind::Ecs(poller) = &self.0 else { return false };
        if !poller.kind().is_codedeploys() {
            return false;
        }
        *self = Self::codedeploy(poller.aws(), target);
        true
    }
}

impl Backend for Watcher {
    async fn observe(&mut self, wish: Wish) -> Snapshot {
        loop {
            let picture = match &mut self.0 {
                Kind::CodeDeploy(poller) => return poller.observe(wish).await,
                Kind::Alb(joined) => return Box::pin(joined.observe(wish)).await,
                Kind::Route53(joined) => return Box::pin(joined.observe(wish)).await,
                Kind::Beanstalk(poller) => return poller.observe(wish).await,
                Kind::Argo(argo) => return argo.observe(wish).await,
                Kind::Ecs(poller) => poller.observe(wish).await,
            };
            if !self.hand_over(&picture.target) {
                return picture;
            }
        }
    }

    async fn observe_whole(&mut self, wish: Wish) -> Snapshot {
        loop {
            let picture = match &mut self.0 {
                Kind::CodeDeploy(poller) => return poller.observe_whole(wish).await,
                Kind::Alb(joined) => return Box::pin(joined.observe_whole(wish)).await,
                Kind::Route53(joined) => return Box::pin(joined.observe_whole(wish)).await,
                Kind::Beanstalk(poller) => return poller.observe_whole(wish).await,
                Kind::Argo(argo) => return argo.observe_whole(wish).await,
                Kind::Ecs(poller) => poller.observe_whole(wish).await,
            };
            if !self.hand_over(&picture.target) {
                return picture;
            }
        }
    }
}
