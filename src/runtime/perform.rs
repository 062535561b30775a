//! An order on its way: read again, written down, sent once, written down again.

use std::time::Duration;

use jiff::SignedDuration;
use tokio::time::Instant;

use super::{Clock, Outbox, send};
use crate::app::Event;
use crate::domain::{Action, Change, Order, Progress};
use crate::journal::{Audit, AuditError, Entry};
use crate::sources::Account;

/// After a lost answer: how long until the control plane is looked at once more, in AWS time.
const LOOK_AGAIN: SignedDuration = SignedDuration::from_secs(5);

/// How long the state is tried to be read again before an order, and how long to wait between two
/// tries, in real time: a person waits.
const PATIENCE: Duration = Duration::from_secs(3);
const PAUSE: Duration = Duration::from_millis(400);

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

/// Writes to the audit file, off the tasks that wait for the network.
pub(super) async fn write(
    audit: &Audit,
    entry: impl FnOnce(&Audit) -> Result<(), AuditError> + Send + 'static,
) -> Result<(), String> {
    let audit = audit.clone();
    match tokio::task::spawn_blocking(move || entry(&audit)).await {
        Ok(written) => written.map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    }
}

/// Carries out an order to the control plane's answer. The order of the steps is the promise: what
/// is not the world that the person saw is not acted on, and what is not written down is not sent.
pub async fn carry_out(account: &impl Account, order: &Order, desk: &Desk) {
    let tell = |progress: Progress| {
        send(&desk.outbox, Event::Acted { order: order.id.clone(), progress });
    };
    let unread = match look_again(account, order).await {
        Ok(unread) => unread,
        Err(change) => return tell(Progress::Void { change }),
    };
    let (at, intent) = (desk.clock.now(), order.clone());
    let entry = move |audit: &Audit| {
        audit.write(at, &Entry::Intent { order: &intent, unread: unread.as_deref() })
    };
    let written = write(&desk.audit, entry).await;
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
    let entry =
        move |audit: &Audit| audit.write(at, &Entry::Outcome { order: &id, progress: &progress });
    if let Err(why) = write(&desk.audit, entry).await {
        let text = format!("what came of the order could not be written down: {why}");
        send(&desk.outbox, Event::Broken(text));
    }
}

/// Reads the state again. What has changed, if that makes the order void; else why it could not be
/// read, if so: only a roll back by a call that names the rollout itself is sent all the same.
///
/// A service that throttles or hangs is no reason to leave users on a bad revision: the call would
/// be refused if it made no sense any more. Everything else waits for a state that can be read.
async fn look_again(account: &impl Account, order: &Order) -> Result<Option<String>, Change> {
    let until = Instant::now() + PATIENCE;
    let goes_unread = order.action == Action::RollBack && order.expected.goes_back_at_once();
    let mut why = "no answer".to_owned();
    loop {
        let reading = account.read_again(order);
        let fresh = if goes_unread {
            match tokio::time::timeout_at(until, reading).await {
                Ok(fresh) => fresh,
                Err(_) => return Ok(Some(why)),
            }
        } else {
            reading.await
        };
        let Some(change) = order.expected.change(order.action, &fresh) else { return Ok(None) };
        let passing = match (&change, order.expected.unread(&fresh)) {
            (Change::Unreadable(_), Some(fault)) => fault.to_string(),
            _ => return Err(change),
        };
        why = passing;
        if Instant::now() + PAUSE >= until {
            return if goes_unread { Ok(Some(why)) } else { Err(change) };
        }
        tokio::time::sleep(PAUSE).await;
    }
}
