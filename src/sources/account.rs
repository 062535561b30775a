//! One account and Region: who watches, lists and sends orders in it.

use crate::domain::{
    Fault, FaultKind, Identity, Order, Progress, RolloutSummary, Snapshot, Target,
};

use super::aws::Aws;
use super::backend::Account;
use super::codedeploy::{list, orders};
use super::error::fault;
use super::order::{read_only, unknown_call};
use super::watcher::Watcher;

impl Account for Aws {
    type Backend = Watcher;

    fn watch(&self, target: &Target) -> Watcher {
        Watcher::new(self, target)
    }

    async fn list(&self) -> Result<Vec<RolloutSummary>, Fault> {
        list::active(self).await
    }

    async fn read_again(&self, order: &Order) -> Snapshot {
        Box::pin(orders::read_again(self, order)).await
    }

    async fn send(&self, order: &Order) -> Progress {
        let Some(changes) = self.changes() else { return read_only(order) };
        self.note_order();
        match order.call.service.as_str() {
            "codedeploy" => Box::pin(orders::send(self, changes, order)).await,
            _ => unknown_call(order),
        }
    }

    async fn reconcile(&self, order: &Order, lost: Fault) -> Progress {
        Box::pin(orders::reconcile(self, order, lost)).await
    }
}

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
