//! A scripted account: it answers when it is allowed to, and writes down what it was asked.

use std::sync::{Arc, Mutex};

use cutover::domain::{
    Fault, LogPage, LogQuestion, OneTimeCode, Order, Progress, RolloutSummary, Snapshot, Target,
};
use cutover::journal::Audit;
use cutover::runtime::{Clock, Desk, Inbox, Incoming, Worker, channel};
use cutover::sources::{Account, Backend, Wish};
use tokio::sync::{Semaphore, mpsc};

use crate::harness::fixtures::{noon, summary};

/// What was asked, in order.
pub(crate) type Asked = mpsc::UnboundedReceiver<String>;

/// The account.
#[derive(Clone)]
pub(crate) struct Bed {
    asked: mpsc::UnboundedSender<String>,
    /// A reading takes one permit; none means that it hangs.
    pub(crate) answers: Arc<Semaphore>,
    /// What every reading shows.
    pub(crate) picture: Arc<Mutex<Snapshot>>,
    /// Looked at when the call arrives.
    audit: Audit,
}

/// One watched target.
pub(crate) struct Eye(Bed, Target);

impl Bed {
    fn note(&self, text: String) {
        let _ = self.asked.send(text);
    }
}

impl Account for Bed {
    type Backend = Eye;

    fn watch(&self, target: &Target) -> Eye {
        Eye(self.clone(), target.clone())
    }

    async fn list(&self) -> Result<Vec<RolloutSummary>, Fault> {
        self.note("list".into());
        Ok(vec![summary("d-AAAAAAAAA")])
    }

    async fn log(&self, question: &LogQuestion) -> Result<LogPage, Fault> {
        self.note(format!("log of {}", question.side.word()));
        Ok(LogPage::default())
    }

    fn present(&self, _: OneTimeCode) {
        self.note("present".into());
    }

    async fn read_again(&self, _: &Order) -> Snapshot {
        self.note("read again".into());
        self.picture.lock().unwrap().clone()
    }

    async fn send(&self, order: &Order) -> Progress {
        let written = self.audit.verify().unwrap().len();
        self.note(format!("send {} with {written} line written", order.call.operation));
        Progress::Accepted { request_id: None, answer: "Pending".into(), rollout: None }
    }

    async fn reconcile(&self, _: &Order, lost: Fault) -> Progress {
        Progress::Unknown { fault: lost }
    }
}

impl Backend for Eye {
    async fn observe_whole(&mut self, wish: Wish) -> Snapshot {
        self.observe(wish).await
    }

    async fn observe(&mut self, wish: Wish) -> Snapshot {
        self.0.note(format!("observe {} for {} min, all {}", self.1, wish.window, wish.all));
        self.0.answers.acquire().await.unwrap().forget();
        let mut picture = self.0.picture.lock().unwrap().clone();
        picture.target = self.1.clone();
        picture
    }
}

impl Drop for Eye {
    fn drop(&mut self) {
        self.0.note(format!("leave {}", self.1));
    }
}

/// The worker with a scripted account behind it and a test in front.
pub(crate) struct Stage {
    pub(crate) worker: Worker<Bed>,
    pub(crate) bed: Bed,
    pub(crate) asked: Asked,
    pub(crate) inbox: Inbox,
    pub(crate) audit: Audit,
}

impl Stage {
    /// A worker whose account shows `picture` and whose audit file is at `audit`.
    pub(crate) fn set(picture: Snapshot, audit: Audit) -> Self {
        let (outbox, inbox) = channel();
        let (asks, asked) = mpsc::unbounded_channel();
        let bed = Bed {
            asked: asks,
            answers: Arc::new(Semaphore::new(0)),
            picture: Arc::new(Mutex::new(picture)),
            audit: audit.clone(),
        };
        // A clock that stands still: nothing is due by itself.
        let clock = Clock::simulated(|| noon(182), 0.0);
        let (account, desk) = (bed.clone(), Desk { outbox, clock, audit: audit.clone() });
        let worker = Worker::start(desk, async move { Ok(account) });
        Self { worker, bed, asked, inbox, audit }
    }

    /// The next thing that the account is asked.
    pub(crate) async fn next_asked(&mut self) -> String {
        self.asked.recv().await.unwrap()
    }

    /// The next event for the loop.
    pub(crate) async fn next_event(&mut self) -> cutover::app::Event {
        match self.inbox.recv().await.unwrap() {
            Incoming::Event(event) => event,
            other => panic!("{other:?} is no event"),
        }
    }
}
