//! The tasks that ask the world: one for the target, one for the list, one for a log, one for each order.
//!
//! They share nothing but the way into the inbox. What the person wants of the readings (window,
//! pause, "now") is one value that the watching task looks at whenever it is free; an order never
//! waits behind a reading, nor a reading behind an order.

use jiff::SignedDuration;
use tokio::sync::watch;
use tokio::task::AbortHandle;

use super::perform::{Desk, carry_out};
use super::settle::{Settled, open_orders, settle_open_orders, told};
use super::{Hands, Incoming, send, sleep};
use crate::app::{Effect, Event, WINDOWS};
use crate::domain::{LogQuestion, OneTimeCode, Order, Target};
use crate::sources::{Account, Backend, Wish};

/// How often the account is searched while nothing is watched, in AWS time.
const SEARCH: SignedDuration = SignedDuration::from_secs(15);

/// When an order that an earlier run left open is looked at: at once, and again once its call cannot
/// be on its way any more, in AWS time.
const LOOKS: [SignedDuration; 2] = [SignedDuration::ZERO, SignedDuration::from_secs(70)];

/// What the person wants of the readings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Wants {
    window: u32,
    rests: bool,
    /// How often "ask again now" was said.
    asked_now: u64,
}

/// The account, once it is known; every task waits for it.
type Known<A> = watch::Receiver<Option<A>>;

/// All tasks that ask or act, in the hands of the loop.
pub struct Worker<A> {
    desk: Desk,
    account: Known<A>,
    wants: watch::Sender<Wants>,
    watching: Option<AbortHandle>,
    listing: Option<AbortHandle>,
    reading: Option<AbortHandle>,
}

impl<A: Account> Worker<A> {
    /// Begins to connect; the screen never waits for it. A connection that cannot be made says why.
    pub fn start(
        desk: Desk,
        connect: impl Future<Output = Result<A, String>> + Send + 'static,
    ) -> Self {
        let (known, account) = watch::channel(None);
        let at_work = desk.clone();
        tokio::spawn(async move {
            let left_open = report_open_orders(&at_work).await;
            match connect.await {
                Ok(account) => {
                    known.send_replace(Some(account.clone()));
                    if left_open {
                        settle(&account, &at_work).await;
                    }
                }
                Err(why) => {
                    let _ = at_work.outbox.send(Incoming::NotConnected(why));
                    return;
                }
            }
            // The account stays known for as long as somebody may ask for it.
            known.closed().await;
        });
        let wants = Wants { window: WINDOWS[1], rests: false, asked_now: 0 };
        let (wants, _) = watch::channel(wants);
        Self { desk, account, wants, watching: None, listing: None, reading: None }
    }

    fn watch(&mut self, target: Target) {
        stop(&mut self.watching);
        stop(&mut self.listing);
        stop(&mut self.reading);
        let (account, desk) = (self.account.clone(), self.desk.clone());
        let wants = self.wants.subscribe();
        let watching = tokio::spawn(async move {
            let Some(account) = known(account).await else { return };
            follow(account.watch(&target), wants, &desk).await;
        });
        self.watching = Some(watching.abort_handle());
    }

    /// Lists the account: until something is watched, or once while something is.
    fn list(&mut self) {
        stop(&mut self.listing);
        let (account, desk) = (self.account.clone(), self.desk.clone());
        let once = self.watching.is_some();
        let listing = tokio::spawn(async move {
            let Some(account) = known(account).await else { return };
            loop {
                send(&desk.outbox, Event::Listed(account.list().await));
                if once {
                    return;
                }
                sleep(desk.clock.real_time(SEARCH)).await;
            }
        });
        self.listing = Some(listing.abort_handle());
    }

    /// Hands over a code and asks again whatever is being asked.
    fn present(&mut self, code: OneTimeCode) {
        let account = self.account.borrow().clone();
        if let Some(account) = account {
            account.present(code);
        }
        self.wants.send_modify(|wants| wants.asked_now += 1);
        if self.listing.is_some() {
            self.list();
        }
    }

    /// Reads a log; whatever of it was asked before is not waited for any more.
    fn read_log(&mut self, question: Box<LogQuestion>, after: SignedDuration) {
        stop(&mut self.reading);
        let (account, desk) = (self.account.clone(), self.desk.clone());
        let reading = tokio::spawn(async move {
            if after.is_positive() {
                sleep(desk.clock.real_time(after)).await;
            }
            let Some(account) = known(account).await else { return };
            let page = account.log(&question).await;
            send(&desk.outbox, Event::LogRead { question, page });
        });
        self.reading = Some(reading.abort_handle());
    }

    fn act(&self, order: Order) {
        let (account, desk) = (self.account.clone(), self.desk.clone());
        let wants = self.wants.clone();
        tokio::spawn(async move {
            let Some(account) = known(account).await else { return };
            carry_out(&account, &order, &desk).await;
            wants.send_modify(|wants| wants.asked_now += 1);
        });
    }
}

impl<A: Account> Hands for Worker<A> {
    fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Act(order) => self.act(*order),
            Effect::Watch(target) => self.watch(target),
            Effect::List => self.list(),
            Effect::Refresh => self.wants.send_modify(|wants| wants.asked_now += 1),
            Effect::Rest(rests) => self.wants.send_modify(|wants| wants.rests = rests),
            Effect::ReadLog { question, after } => self.read_log(question, after),
            Effect::Present(code) => self.present(code),
            Effect::Window(minutes) => self.wants.send_modify(|wants| wants.window = minutes),
            // The loop's own business.
            Effect::Copy(_) | Effect::Bell | Effect::Redraw | Effect::Suspend | Effect::Quit => {}
        }
    }
}

/// Looks at a target again and again, until the task is stopped. The backend itself waits until a
/// source is due; what the person wants in the meantime interrupts only the waiting.
async fn follow(mut backend: impl Backend, mut wants: watch::Receiver<Wants>, desk: &Desk) {
    let mut asked_now = wants.borrow().asked_now;
    let mut all = true;
    loop {
        let want = *wants.borrow_and_update();
        all |= want.asked_now != asked_now;
        asked_now = want.asked_now;
        let wish = Wish { window: want.window, all };
        tokio::select! {
            changed = wants.changed() => {
                if changed.is_err() {
                    return;
                }
            }
            snapshot = backend.observe(wish), if !want.rests || all => {
                all = false;
                send(&desk.outbox, Event::Observed(Box::new(snapshot)));
            }
        }
    }
}

/// Tells at once of the orders of earlier runs whose end was never written down; whether there are
/// any.
async fn report_open_orders(desk: &Desk) -> bool {
    match open_orders(&desk.audit).await {
        Ok(open) => {
            for open in &open {
                say(desk, told(open));
            }
            !open.is_empty()
        }
        Err(why) => {
            send(&desk.outbox, Event::Broken(why));
            false
        }
    }
}

/// Finds out by reading what became of them. What reading does not show yet is looked at again.
async fn settle(account: &impl Account, desk: &Desk) {
    for wait in LOOKS {
        if wait.is_positive() {
            sleep(desk.clock.real_time(wait)).await;
        }
        let settled = match settle_open_orders(account, &desk.audit, &desk.clock).await {
            Ok(settled) => settled,
            Err(why) => return send(&desk.outbox, Event::Broken(why)),
        };
        let more = settled.iter().any(|settled| settled.open);
        for settled in settled {
            say(desk, settled);
        }
        if !more {
            return;
        }
    }
}

fn say(desk: &Desk, settled: Settled) {
    let Settled { target, text, .. } = settled;
    if let Some(target) = target {
        send(&desk.outbox, Event::Unresolved { target, text });
    }
}

/// The account as soon as it is known; nothing when it never will be.
async fn known<A: Account>(mut account: Known<A>) -> Option<A> {
    account.wait_for(Option::is_some).await.ok()?.clone()
}

fn stop(task: &mut Option<AbortHandle>) {
    if let Some(task) = task.take() {
        task.abort();
    }
}
