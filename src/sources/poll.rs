//! Asking again and again: when each part of a picture is asked for, what a failure means for the
//! others, and when the next picture is due. What is asked and what the answers mean is the
//! [`Kind`]'s.

use std::collections::{BTreeMap, HashMap};

use futures::future::{BoxFuture, FutureExt};
use jiff::{SignedDuration, Timestamp};
use tokio::task::{self, JoinError, JoinSet};

use crate::domain::{Fact, Fault, FaultKind, Identity, Phase, Reading, Snapshot, Source};

use super::aws::Aws;
use super::backend::{Backend, Wish};
use super::pace::{Pace, Slot, merge};
use super::time::later;

/// How long everything is asked more often after "ask again now", which every order ends with.
const HURRY: SignedDuration = SignedDuration::from_secs(60);
/// How often a login that failed is tried again.
const LOGIN: SignedDuration = SignedDuration::from_secs(5);
/// How often the caller is asked for while all is well.
const IDENTITY: SignedDuration = SignedDuration::from_mins(5);

/// A part of a picture that is asked for by itself: it has its own period, and none waits for
/// another.
pub(crate) trait Part: Copy + Ord + Send + 'static {
    /// All of them.
    fn all() -> impl Iterator<Item = Self>;

    /// Where it comes from.
    fn source(self) -> Source;

    /// How often it is asked for, in seconds.
    fn period(self, pace: Pace) -> f64;

    /// Whether it shows what an order has led to: after one it waits for nothing else.
    fn shows_an_order(self) -> bool {
        false
    }
}

/// One control plane's view of one target: which questions there are, and the picture that the
/// answers make.
pub(crate) trait Kind: Send + 'static {
    /// What is asked for separately.
    type Part: Part;
    /// What a question brought.
    type Answer: Send + 'static;

    /// The question; nothing while what it needs is not known. Nothing is sent before it is
    /// awaited.
    fn question(&self, aws: &Aws, part: Self::Part, ask: Ask) -> Option<Question<Self::Answer>>;

    /// Keeps an answer.
    fn keep(&mut self, answer: Self::Answer, now: Timestamp) -> Kept<Self::Part>;

    /// Where the rollout stands, which says how fast the world changes.
    fn phase(&self) -> Option<Phase>;

    /// When the part was read last, and why not since.
    fn age(&self, part: Self::Part) -> (Option<Timestamp>, Option<Fault>);

    /// The picture, without its readings.
    fn snapshot(&self, identity: &Fact<Identity>, now: Timestamp) -> Snapshot;
}

/// A question on its way.
pub(crate) type Question<A> = BoxFuture<'static, A>;

/// The circumstances of a question.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ask {
    /// How many minutes of metrics are wanted.
    pub(crate) window: u32,
    /// The moment, in AWS time.
    pub(crate) now: Timestamp,
}

/// What an answer was about.
pub(crate) struct Kept<P> {
    /// The part.
    pub(crate) part: P,
    /// Why it failed, if it did.
    pub(crate) fault: Option<Fault>,
    /// Another rollout is followed from now on: the other parts are asked for at once.
    pub(crate) anew: bool,
}

/// One target, asked again and again.
pub(crate) struct Poller<K: Kind> {
    aws: Aws,
    kind: K,
    identity: Fact<Identity>,
    slots: BTreeMap<Asked<K::Part>, Slot>,
    asked: JoinSet<Answer<K::Answer>>,
    on_the_way: HashMap<task::Id, Asked<K::Part>>,
    hurry_until: Option<Timestamp>,
}

/// What is asked for: the caller, or a part of the kind's picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Asked<P> {
    Identity,
    Part(P),
}

enum Answer<A> {
    Identity(Result<Identity, Fault>),
    Part(A),
}

impl<P: Part> Asked<P> {
    fn all() -> impl Iterator<Item = Self> {
        std::iter::once(Asked::Identity).chain(P::all().map(Asked::Part))
    }

    fn source(self) -> Source {
        match self {
            Asked::Identity => Source::Sts,
            Asked::Part(part) => part.source(),
        }
    }

    fn period(self, pace: Pace) -> SignedDuration {
        match self {
            Asked::Identity => IDENTITY,
            Asked::Part(part) => {
                SignedDuration::try_from_secs_f64(part.period(pace)).unwrap_or(LOGIN)
            }
        }
    }
}

impl<K: Kind> Poller<K> {
    /// Begins to watch; nothing is asked yet.
    pub(crate) fn new(aws: Aws, kind: K) -> Self {
        let now = aws.now();
        let slots = Asked::all().map(|what| (what, Slot::due(now))).collect();
        Self {
            aws,
            kind,
            identity: Fact::default(),
            slots,
            asked: JoinSet::new(),
            on_the_way: HashMap::new(),
            hurry_until: None,
        }
    }

    /// What is watched.
    pub(crate) fn kind(&self) -> &K {
        &self.kind
    }

    /// The account it is watched in.
    pub(crate) fn aws(&self) -> &Aws {
        &self.aws
    }

    /// Whether everything has answered at least once, or cannot be asked for.
    fn is_whole(&self, wish: Wish) -> bool {
        let ask = self.circumstances(wish);
        self.asked.is_empty()
            && Asked::all().all(|what| {
                let (at, fault) = self.age(what);
                at.is_some() || fault.is_some() || self.question(what, ask).is_none()
            })
    }

    fn circumstances(&self, wish: Wish) -> Ask {
        Ask { window: wish.window, now: self.aws.now() }
    }

    fn age(&self, what: Asked<K::Part>) -> (Option<Timestamp>, Option<Fault>) {
        match what {
            Asked::Identity => (self.identity.at(), self.identity.fault().cloned()),
            Asked::Part(part) => self.kind.age(part),
        }
    }

    /// The question about it, if it can be asked. While the caller is in doubt only the login is
    /// tried.
    fn question(&self, what: Asked<K::Part>, ask: Ask) -> Option<Question<Answer<K::Answer>>> {
        match what {
            Asked::Identity => {
                let aws = self.aws.clone();
                Some(async move { Answer::Identity(aws.identity().await) }.boxed())
            }
            Asked::Part(_) if self.identity.fault().is_some_and(Fault::concerns_identity) => None,
            Asked::Part(part) => {
                let question = self.kind.question(&self.aws, part, ask)?;
                Some(question.map(Answer::Part).boxed())
            }
        }
    }

    /// Marks everything due, and asks faster for a while.
    fn hurry(&mut self, now: Timestamp) {
        self.hurry_until = Some(later(now, HURRY));
        for slot in self.slots.values_mut() {
            slot.due = now;
        }
    }

    fn pace(&self, now: Timestamp) -> Pace {
        if self.aws.is_urgent(now) || self.hurry_until.is_some_and(|until| now < until) {
            return Pace::Hurry;
        }
        Pace::of(self.kind.phase().as_ref())
    }

    /// Begins to ask for everything that is due.
    fn ask(&mut self, ask: Ask) {
        for what in Asked::all() {
            let due = self.slots.get(&what).is_some_and(|slot| !slot.busy && slot.due <= ask.now);
            if !due {
                continue;
            }
            let Some(question) = self.question(what, ask) else { continue };
            let reserved = self.is_reserved(what, ask.now);
            if let Err(later) = self.aws.limits().admit(what.source(), ask.now, reserved) {
                if let Some(slot) = self.slots.get_mut(&what) {
                    slot.due = later;
                }
                continue;
            }
            let id = self.asked.spawn(question).id();
            self.on_the_way.insert(id, what);
            if let Some(slot) = self.slots.get_mut(&what) {
                slot.busy = true;
            }
        }
    }

    /// Whether it is let through whatever the limits say: it shows the effect of an order that was
    /// given just now.
    fn is_reserved(&self, what: Asked<K::Part>, now: Timestamp) -> bool {
        match what {
            Asked::Identity => false,
            Asked::Part(part) => part.shows_an_order() && self.aws.is_urgent(now),
        }
    }

    /// Takes what came back.
    fn take(&mut self, answer: Result<(task::Id, Answer<K::Answer>), JoinError>) {
        match answer {
            Ok((id, answer)) => {
                self.on_the_way.remove(&id);
                self.keep(answer);
            }
            // The task broke, which the person was told; it is asked for again.
            Err(broken) => {
                if let Some(what) = self.on_the_way.remove(&broken.id()) {
                    self.plan(what, None, self.aws.now());
                }
            }
        }
    }

    /// Keeps an answer and says when to ask again.
    fn keep(&mut self, answer: Answer<K::Answer>) {
        let now = self.aws.now();
        let (what, fault) = match answer {
            Answer::Identity(result) => (Asked::Identity, replace(&mut self.identity, result, now)),
            Answer::Part(answer) => {
                let kept = self.kind.keep(answer, now);
                if kept.anew {
                    self.all_due_but(kept.part, now);
                }
                (Asked::Part(kept.part), kept.fault)
            }
        };
        if let (Some(fault), Asked::Part(_)) = (&fault, what)
            && fault.concerns_identity()
        {
            // One state for all: whoever is refused first locks the others out as well.
            replace(&mut self.identity, Err(fault.clone()), now);
            if let Some(slot) = self.slots.get_mut(&Asked::Identity) {
                slot.due = now;
            }
        }
        self.plan(what, fault.as_ref(), now);
    }

    /// When to ask for it again.
    fn plan(&mut self, what: Asked<K::Part>, fault: Option<&Fault>, now: Timestamp) {
        let limits = self.aws.limits();
        let source = what.source();
        if fault.is_some_and(|fault| fault.kind == FaultKind::Throttled) {
            limits.throttled(source, now);
        }
        let usual = match what {
            Asked::Identity if fault.is_some() => LOGIN,
            _ => what.period(self.pace(now)),
        };
        let period =
            if self.is_reserved(what, now) { usual } else { limits.period(source, usual, now) };
        let place = self.slots.keys().position(|known| *known == what).unwrap_or(0);
        let seed = self.aws.seed() ^ place as u64;
        if let Some(slot) = self.slots.get_mut(&what) {
            slot.answered(now, period, seed);
        }
    }

    /// Another rollout is followed: what was known of the last one says little.
    fn all_due_but(&mut self, part: K::Part, now: Timestamp) {
        for (what, slot) in &mut self.slots {
            if *what != Asked::Identity && *what != Asked::Part(part) {
                slot.due = now;
            }
        }
    }

    /// When the next part is due; nothing while only what is being asked for is waited for.
    fn next_due(&self, ask: Ask) -> Option<Timestamp> {
        let idle = self.slots.iter().filter(|(_, slot)| !slot.busy);
        let ready = idle.filter(|(what, _)| self.question(**what, ask).is_some());
        ready.map(|(_, slot)| slot.due).min()
    }

    /// The picture as it is now.
    pub(crate) fn picture(&self, wish: Wish) -> Snapshot {
        let ask = self.circumstances(wish);
        let mut picture = self.kind.snapshot(&self.identity, ask.now);
        let pace = self.pace(ask.now);
        for what in Asked::all() {
            let (at, fault) = self.age(what);
            let slot = self.slots.get(&what).filter(|_| self.question(what, ask).is_some());
            if slot.is_none() && at.is_none() && fault.is_none() {
                continue;
            }
            let period_seconds = what.period(pace).as_secs_f64();
            let reading = Reading { at, fault, next: slot.map(|slot| slot.due), period_seconds };
            merge(&mut picture.readings, what.source(), reading);
        }
        picture
    }
}

/// Puts an attempt into its place; the fault, if it failed.
pub(crate) fn replace<T>(
    fact: &mut Fact<T>,
    result: Result<T, Fault>,
    now: Timestamp,
) -> Option<Fault> {
    let fault = result.as_ref().err().cloned();
    *fact = std::mem::take(fact).after(result, now);
    fault
}

impl<K: Kind> Backend for Poller<K> {
    async fn observe(&mut self, wish: Wish) -> Snapshot {
        if wish.all {
            self.hurry(self.aws.now());
        }
        loop {
            let ask = self.circumstances(wish);
            self.ask(ask);
            let span = self.next_due(ask).and_then(|at| self.aws.time().until(at));
            let asleep = async {
                match span {
                    Some(span) => tokio::time::sleep(span).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                Some(answer) = self.asked.join_next_with_id() => {
                    self.take(answer);
                    while let Some(answer) = self.asked.try_join_next_with_id() {
                        self.take(answer);
                    }
                    return self.picture(wish);
                }
                () = asleep => {}
            }
        }
    }

    async fn observe_whole(&mut self, wish: Wish) -> Snapshot {
        let mut picture = self.observe(wish).await;
        loop {
            self.ask(self.circumstances(wish));
            if self.is_whole(wish) {
                return picture;
            }
            picture = self.observe(Wish { all: false, ..wish }).await;
        }
    }
}
