//! Orders of earlier runs whose end was never written down: the program was killed, or the machine
//! lost its power, between the call and its answer. What became of them is found out by reading;
//! nothing is ever sent again.

use jiff::SignedDuration;

use super::Clock;
use super::perform::write;
use crate::domain::{Fault, FaultKind, Identity, Order, Progress, Target};
use crate::journal::{Audit, Entry, Open};
use crate::sources::Account;

/// For how long after an order its call may still be on its way: so long nobody says that it was
/// not carried out.
const ON_ITS_WAY: SignedDuration = SignedDuration::from_mins(1);

/// What is known of an order that was left open.
#[derive(Debug, Clone, PartialEq)]
pub struct Settled {
    /// What it was about; nothing when its line names no target of this version.
    pub target: Option<Target>,
    /// The sentence for a person.
    pub text: String,
    /// Whether there may be more to say later.
    pub open: bool,
}

/// The orders that are open, before anything was read.
pub(super) async fn open_orders(audit: &Audit) -> Result<Vec<Open>, String> {
    let audit = audit.clone();
    let open = tokio::task::spawn_blocking(move || audit.open_orders()).await;
    open.map_err(|error| error.to_string())?.map_err(|error| error.to_string())
}

/// What a person is told of an open order at once.
pub(super) fn told(open: &Open) -> Settled {
    let text = format!("the end of an earlier order was never written down: {}", open.text);
    Settled { target: open.target.parse().ok(), text, open: true }
}

/// Reads what became of every open order, writes it down, and says it.
pub async fn settle_open_orders(
    account: &impl Account,
    audit: &Audit,
    clock: &Clock,
) -> Result<Vec<Settled>, String> {
    let mut settled = Vec::new();
    for open in open_orders(audit).await? {
        settled.push(settle(account, audit, clock, open).await?);
    }
    Ok(settled)
}

async fn settle(
    account: &impl Account,
    audit: &Audit,
    clock: &Clock,
    open: Open,
) -> Result<Settled, String> {
    let target = open.target.parse().ok();
    let (progress, end) = match &open.whole {
        Some(order) => look(account, clock, order).await,
        None => (None, End::Over("it was written by another version; look at what it did")),
    };
    let (text, is_open) = match end {
        End::Over(text) => (text, false),
        End::Open(text) => (text, true),
    };
    if !is_open {
        let (at, id) = (clock.now(), open.order.clone());
        write(audit, move |audit| match &progress {
            Some(progress) => audit.write(at, &Entry::Outcome { order: &id, progress }),
            None => audit.write(at, &Entry::Reported { order: &id }),
        })
        .await?;
    }
    let text = format!("{}: its end was not written down; {text}", open.text);
    Ok(Settled { target, text, open: is_open })
}

/// Whether anything is left to find out.
enum End {
    Over(&'static str),
    Open(&'static str),
}

async fn look(account: &impl Account, clock: &Clock, order: &Order) -> (Option<Progress>, End) {
    let seen = account.read_again(order).await;
    let Some(identity) = seen.identity.value() else {
        return (None, End::Open("what became of it cannot be read: the identity is not known"));
    };
    if !is_home(order, identity) {
        return (None, End::Open("it was given in another account or Region; look there"));
    }
    if seen.rollout.fresh().is_none() {
        return (None, End::Open("what became of it cannot be read now"));
    }
    let permission = order.call.permission();
    let lost = Fault::new(FaultKind::Offline, &permission, "the program ended before the answer");
    let progress = account.reconcile(order, lost).await;
    if matches!(progress, Progress::Accepted { .. }) {
        return (Some(progress), End::Over("reading shows that it was carried out"));
    }
    if clock.now().duration_since(order.at) < ON_ITS_WAY {
        return (None, End::Open("reading does not show it yet; it may still be on its way"));
    }
    (Some(progress), End::Over("reading does not show that it was carried out"))
}

/// Whether this is the account and Region that the order was given in; a cluster has neither.
fn is_home(order: &Order, identity: &Identity) -> bool {
    let expected = &order.expected;
    identity.account == expected.account && identity.region == expected.region
}
