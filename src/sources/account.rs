//! One account and Region: who watches, lists and sends orders in it.

use crate::domain::{
    Fault, FaultKind, Identity, LogPage, LogQuestion, OneTimeCode, Order, Progress, RolloutSummary,
    Snapshot, Target,
};

use super::argo::{self, Place};
use super::aws::Aws;
use super::backend::Account;
use super::error::fault;
use super::order::{read_only, unknown_call};
use super::watcher::Watcher;
use super::{beanstalk, codedeploy, ecs, logs, pipeline, weighted};

impl Account for Aws {
    type Backend = Watcher;

    fn watch(&self, target: &Target) -> Watcher {
        Watcher::new(self, target)
    }

    async fn list(&self) -> Result<Vec<RolloutSummary>, Fault> {
        let (codedeploy, ecs) =
            tokio::join!(codedeploy::list::active(self), ecs::list::active(self));
        both(codedeploy, ecs)
    }

    async fn log(&self, question: &LogQuestion) -> Result<LogPage, Fault> {
        logs::read(self, question).await
    }

    async fn read_again(&self, order: &Order) -> Snapshot {
        if let Some(place) = Place::of(&order.target) {
            return Box::pin(argo::orders::read_again(self, &place, order.action)).await;
        }
        if weighted::is_for(&order.target) {
            return Box::pin(weighted::read_again(self, order)).await;
        }
        match order.call.service.as_str() {
            "codepipeline" => Box::pin(pipeline::orders::read_again(self, order)).await,
            "ecs" => Box::pin(ecs::orders::read_again(self, order)).await,
            "elasticbeanstalk" => Box::pin(beanstalk::orders::read_again(self, order)).await,
            _ => Box::pin(codedeploy::orders::read_again(self, order)).await,
        }
    }

    async fn send(&self, order: &Order) -> Progress {
        let Some(changes) = self.changes() else { return read_only(order) };
        self.note_order();
        match order.call.service.as_str() {
            "codedeploy" => Box::pin(codedeploy::orders::send(self, changes, order)).await,
            "codepipeline" => Box::pin(pipeline::orders::send(changes, order)).await,
            "ecs" => Box::pin(ecs::orders::send(changes, order)).await,
            "elasticloadbalancing" | "route53" => {
                Box::pin(weighted::send(self, changes, order)).await
            }
            "elasticbeanstalk" => Box::pin(beanstalk::orders::send(changes, order)).await,
            "kubernetes" => match Place::of(&order.target) {
                Some(place) => Box::pin(argo::orders::send(self, &place, order)).await,
                None => unknown_call(order),
            },
            _ => unknown_call(order),
        }
    }

    fn present(&self, code: OneTimeCode) {
        Aws::present(self, code);
    }

    async fn reconcile(&self, order: &Order, lost: Fault) -> Progress {
        if let Some(place) = Place::of(&order.target) {
            return Box::pin(argo::orders::reconcile(self, &place, order, lost)).await;
        }
        if weighted::is_for(&order.target) {
            return Box::pin(weighted::reconcile(self, order, lost)).await;
        }
        match order.call.service.as_str() {
            "codepipeline" => Box::pin(pipeline::orders::reconcile(self, order, lost)).await,
            "ecs" => Box::pin(ecs::orders::reconcile(self, order, lost)).await,
            "elasticbeanstalk" => Box::pin(beanstalk::orders::reconcile(self, order, lost)).await,
            _ => Box::pin(codedeploy::orders::reconcile(self, order, lost)).await,
        }
    }
}

/// What two control planes run, newest first. One that cannot be asked hides nothing of the other;
/// nothing at all is only said when both have said it.
fn both(a: Listed, b: Listed) -> Listed {
    let (mut found, fault) = match (a, b) {
        (Ok(a), Ok(b)) => ([a, b].concat(), None),
        (Ok(list), Err(fault)) | (Err(fault), Ok(list)) => (list, Some(fault)),
        (Err(fault), Err(_)) => return Err(fault),
    };
    match fault {
        Some(fault) if found.is_empty() => Err(fault),
        Some(_) | None => {
            found.sort_by(|a, b| b.created.cmp(&a.created).then_with(|| a.id.cmp(&b.id)));
            Ok(found)
        }
    }
}

type Listed = Result<Vec<RolloutSummary>, Fault>;

impl Aws {
    /// In whose name the clients speak. Nobody can be denied this call.
    pub(super) async fn identity(&self) -> Result<Identity, Fault> {
        const OPERATION: &str = "sts:GetCallerIdentity";
        let call = self.reads().sts.get_caller_identity();
        let answer = call.send().await.map_err(|error| fault(OPERATION, &error))?;
        let garbled = || Fault::new(FaultKind::Garbled, OPERATION, "the answer names no caller");
        Ok(Identity {
            account: answer.account().ok_or_else(garbled)?.to_owned(),
            arn: answer.arn().ok_or_else(garbled)?.to_owned(),
            region: self.region().to_owned(),
        })
    }
}
