//! What the shell asks of the world, whichever control plane is behind a target.

use std::future::Future;
use std::time::Duration;

use jiff::Timestamp;

use crate::domain::{
    Fault, LogPage, LogQuestion, OneTimeCode, Order, Progress, RolloutSummary, Snapshot, Target,
};

/// An account and Region with an identity to ask in: where targets are watched and acted on.
///
/// Orders have their own path beside the [`Backend`]s: none waits behind a reading that hangs.
pub trait Account: Clone + Send + Sync + 'static {
    /// Watches one target of it.
    type Backend: Backend;

    /// Begins to watch; nothing is asked yet.
    fn watch(&self, target: &Target) -> Self::Backend;

    /// The rollouts that run now.
    fn list(&self) -> impl Future<Output = Result<Vec<RolloutSummary>, Fault>> + Send;

    /// The newest lines of a log.
    fn log(&self, question: &LogQuestion) -> impl Future<Output = Result<LogPage, Fault>> + Send;

    /// Reads afresh what the order rests on, and nothing else.
    fn read_again(&self, order: &Order) -> impl Future<Output = Snapshot> + Send;

    /// Sends the order's call, once; a lost answer is [`Progress::Unknown`], never a second call.
    fn send(&self, order: &Order) -> impl Future<Output = Progress> + Send;

    /// Takes the code of the multi-factor device that a question has asked for.
    fn present(&self, code: OneTimeCode);

    /// Finds out by reading what became of an order whose answer was lost: accepted, refused, or
    /// still [`Progress::Unknown`]. Sends nothing.
    fn reconcile(&self, order: &Order, lost: Fault) -> impl Future<Output = Progress> + Send;
}

/// One target, asked again and again.
pub trait Backend: Send + 'static {
    /// Asks the sources that are due and gives the picture as soon as one of them has answered.
    ///
    /// What could not be read is a fault in the picture; its readings say when each source wants
    /// to be asked next. What has not answered yet goes on by itself and is in a later picture:
    /// one service that hangs never holds up the others. The future may be dropped at any time;
    /// nothing that was asked is lost by that.
    fn observe(&mut self, wish: Wish) -> impl Future<Output = Snapshot> + Send;

    /// The picture once everything that there is to ask has answered: for a single look.
    fn observe_whole(&mut self, wish: Wish) -> impl Future<Output = Snapshot> + Send;
}

/// What is wanted of one observation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wish {
    /// How many minutes of metrics.
    pub window: u32,
    /// Whether every source is asked, due or not.
    pub all: bool,
}

/// AWS time, as the shell knows it: the sources read no clock of their own.
pub trait AwsTime: Send + Sync + 'static {
    /// The moment.
    fn now(&self) -> Timestamp;

    /// How long to sleep until `at`, in real time; nothing when it never comes.
    fn until(&self, at: Timestamp) -> Option<Duration>;

    /// AWS said that it is `aws` there just now.
    fn correct(&self, aws: Timestamp);
}
