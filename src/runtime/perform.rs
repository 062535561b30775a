//! An order on its way: read again, written down, sent once, written down again.

use std::time::Duration;

use jiff::SignedDuration;

use super::{Clock, Outbox, send};
use crate::app::Event;
use crate::domain::{Order, Progress};
use crate::journal::{Audit, AuditError, Entry};
use crate::sources::Account;

/// After a lost answer: how long until the control plane is looked at once more, in AWS time.
const LOOK_AGAIN: SignedDuration = SignedDuration::from_secs(5);

/// What every task at work has at hand.
#[derive(Clone)]
pub struct Desk {
    /// The way to the loop.
    pub outbox: Outbox,
    /// What time it is.
    pub clock: Clock,
    /// Where orders are written down.
    pub audit: Audit,
}

impl Desk {
    /// Writes to the audit file, off the tasks that wait for the network.
    async fn write(
        &self,
        entry: impl FnOnce(&Audit) -> Result<(), AuditError> + Send + 'static,
    ) -> Result<(), String> {
        let audit = self.audit.clone();
        match tokio::task::spawn_blocking(move || entry(&audit)).await {
            Ok(written) => written.map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        }
    }
}

/// Carries out an order to the control plane's answer. The order of the steps is the promise: what
/// is not the world that the person saw is not acted on, and what is not written down is not sent.
pub async fn carry_out(account: &impl Account, order: &Order, desk: &Desk) {
    let tell = |progress: Progress| {
        send(&desk.outbox, Event::Acted { order: order.id.clone(), progress });
    };
    let fresh = account.read_again(order).await;
    if let Some(change) = order.expected.change(order.action, &fresh) {
        return tell(Progress::Void { change });
    }
    let (at, intent) = (desk.clock.now(), order.clone());
    let written = desk.write(move |audit| audit.write(at, &Entry::Intent { order: &intent })).await;
    if let Err(why) = written {
        return tell(Progress::NotAudited { why });
    }
    tell(Progress::Sent);
    let mut progress = account.send(order).await;
    for wait in [None, Some(LOOK_AGAIN), Some(LOOK_AGAIN)] {
        let Progress::Unknown { fault } = &progress else { break };
        tell(progress.clone());
        super::sleep(wait.map_or(Some(Duration::ZERO), |wait| desk.clock.real_time(wait))).await;
        progress = account.reconcile(order, fault.clone()).await;
    }
    tell(progress.clone());
    let (at, id) = (desk.clock.now(), order.id.clone());
    let written = desk
        .write(move |audit| audit.write(at, &Entry::Outcome { order: &id, progress: &progress }))
        .await;
    if let Err(why) = written {
        let text = format!("what came of the order could not be written down: {why}");
        send(&desk.outbox, Event::Broken(text));
    }
}

/// Tells of the orders of earlier runs whose end was never written down, each once.
pub(super) async fn report_open_orders(desk: &Desk) {
    let (at, outbox) = (desk.clock.now(), desk.outbox.clone());
    let reported = desk
        .write(move |audit| {
            for open in audit.open_orders()? {
                audit.write(at, &Entry::Reported { order: &open.order })?;
                let text = format!(
                    "the end of an earlier order was never written down: {}; look at what the \
                     rollout did since",
                    open.text
                );
                if let Ok(target) = open.target.parse() {
                    send(&outbox, Event::Unresolved { target, text });
                }
            }
            Ok(())
        })
        .await;
    if let Err(why) = reported {
        send(&desk.outbox, Event::Broken(why));
    }
}
