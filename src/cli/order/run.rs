//! The screen's path without a screen: state, events, effects.

use std::future::ready;
use std::time::Duration;

use jiff::SignedDuration;

use super::confirm::Wanted;
use super::report::{End, Report, why_not};
use super::{Asked, Failure, How, Output};
use crate::app::{
    Cockpit, DEAF, Effect, Event, Overlay, Settings, Stamped, State, Track, select, update,
};
use crate::domain::{Action, Candidate, Means, Percent, Permit, Snapshot, Strength, Target};
use crate::input::Command;
use crate::journal::Audit;
use crate::runtime::{Clock, Desk, Hands, Inbox, Incoming, Outbox, Worker, carry_out, channel};
use crate::sources::{Account, Backend, Wish};
use crate::ui;

/// How many minutes of metrics are read.
const WINDOW: u32 = 15;

/// So that a key comes after the time in which a question is deaf, and not at its very end.
const AFTER: Duration = Duration::from_millis(10);

/// One run of a subcommand that orders something.
pub(super) struct Run<A> {
    account: A,
    state: State,
    clock: Clock,
    audit: Audit,
    outbox: Outbox,
    inbox: Inbox,
}

impl<A: Account> Run<A> {
    /// Reads the whole picture once.
    pub(super) async fn begin(
        account: &A,
        settings: Settings,
        target: Target,
        clock: Clock,
        audit: Audit,
    ) -> Result<Self, Failure> {
        let wish = Wish { window: WINDOW, all: true };
        let snapshot = account.watch(&target).observe_whole(wish).await;
        if let Some(fault) = snapshot.rollout.fault() {
            let hint = fault.hint().map(|hint| format!("\n\nhint: {hint}")).unwrap_or_default();
            return Err(format!("{fault}{hint}").into());
        }
        let (outbox, inbox) = channel();
        let state = State::new(settings, Some(target), clock.now());
        let mut run = Self { account: account.clone(), state, clock, audit, outbox, inbox };
        run.happens(Event::Observed(Box::new(snapshot)));
        Ok(run)
    }

    fn happens(&mut self, event: Event) -> Vec<Effect> {
        update(&mut self.state, Stamped { at: self.clock.now(), event })
    }

    fn snapshot(&self) -> Option<&Snapshot> {
        self.state.cockpit().map(|cockpit| cockpit.snapshot.as_ref())
    }

    /// What ends the run before anything was sent.
    fn nothing_sent(
        &self,
        end: End,
        why: Option<String>,
        action: Action,
    ) -> Result<Report, Failure> {
        let snapshot = self.snapshot().ok_or("nothing is watched")?;
        Ok(Report::nothing_sent(end, why, action, snapshot))
    }

    /// Asks, confirms, sends, and follows as far as is wanted.
    pub(super) async fn order(
        mut self,
        asked: Asked,
        wanted: &How,
        output: &mut Output,
    ) -> Result<Report, Failure> {
        let action = self.action(asked);
        let permit = match self.permit(action, wanted) {
            Ok(permit) if is_meant(asked, permit.means) => permit,
            Ok(_) => {
                let why = "there is nothing of the kind to answer here".to_owned();
                return self.nothing_sent(End::NotPermitted, Some(why), action);
            }
            Err(why) => return self.nothing_sent(End::NotPermitted, Some(why), action),
        };
        self.happens(Event::Command(Command::Ask(action)));
        for line in ui::question(&self.state).unwrap_or_default() {
            writeln!(output.talk, "{line}")?;
        }
        let report = self.nothing_sent(End::DryRun, None, action)?;
        let report = match self.snapshot() {
            Some(snapshot) => report.with(&permit, snapshot),
            None => report,
        };
        if wanted.dry_run {
            return Ok(report);
        }
        // Words that are sent along are the reason themselves.
        let wants_reason = permit.wants_reason && permit.strength != Strength::Words;
        match wanted.reason(wants_reason, &mut output.talk) {
            Ok(reason) => self.because(reason),
            Err(why) => return self.nothing_sent(End::NotConfirmed, Some(why), action),
        }
        let confirm = self.state.confirm().ok_or("the question is gone")?;
        let text = match confirm.permit.strength {
            Strength::Key => wanted.is_confirmed(&Wanted::Yes, &mut output.talk),
            Strength::TypedName => {
                wanted.is_confirmed(&Wanted::Name(&confirm.name), &mut output.talk)
            }
            Strength::Words => wanted.is_confirmed(&Wanted::Words, &mut output.talk),
        };
        let text = match text {
            Ok(text) => text,
            Err(why) => return self.nothing_sent(End::NotConfirmed, Some(why), action),
        };
        let Some(order) = self.confirmed(&text).await else {
            let why = self.state.confirm().and_then(|confirm| confirm.complaint.clone());
            let notice = self.state.notice.as_ref().map(|notice| notice.text.clone());
            return self.nothing_sent(End::Void, why.or(notice), action);
        };
        let in_time = self.follow(order, wanted, output).await?;
        let track = self.track().ok_or("the order was lost from sight")?;
        Ok(report.of(track, in_time))
    }

    /// The action that is asked for, in the light of what was read.
    fn action(&self, asked: Asked) -> Action {
        let cockpit = self.state.cockpit();
        let share = cockpit.and_then(Cockpit::share);
        match asked {
            Asked::Action(action) | Asked::Answer(action) => action,
            // Of several none is meant: the kind itself stands for that.
            Asked::Only(kind) => match self.candidates(kind)[..] {
                [only] => only.action,
                _ => kind,
            },
            Asked::Next => {
                let step = self.state.shifting().step;
                Action::Shift(share.map_or(step, |share| share.more(step)))
            }
            Asked::Swap => match share {
                Some(share) if share > Percent::NONE => Action::RollBack,
                Some(_) | None => Action::Continue,
            },
        }
    }

    /// The judge's word; else why not.
    fn permit(&self, action: Action, wanted: &How) -> Result<Permit, String> {
        let cockpit = self.state.cockpit().ok_or("nothing is watched")?;
        let id = cockpit.snapshot.rollout().map(|rollout| rollout.id.as_str());
        match (&wanted.expect, id) {
            (Some(expected), Some(id)) if expected != id => {
                return Err(format!("the rollout is {id}, not {expected}"));
            }
            (Some(expected), None) => return Err(format!("there is no rollout {expected}")),
            (Some(_), Some(_)) | (None, _) => {}
        }
        let judged = cockpit.judge(action, &self.state.settings);
        judged.map_err(|why| why_not(&why, &self.candidates(action)))
    }

    /// What an action of this kind can be about.
    fn candidates(&self, kind: Action) -> Vec<&Candidate> {
        let rollout = self.snapshot().and_then(Snapshot::rollout);
        rollout.into_iter().flat_map(|rollout| rollout.candidates(kind)).collect()
    }

    /// Says in the open question why the order is given.
    fn because(&mut self, reason: Option<String>) {
        if let Some(Overlay::Confirm(confirm)) = &mut self.state.overlay {
            confirm.reason = reason;
        }
    }

    /// The keys of somebody who means it; the order that they give.
    async fn confirmed(&mut self, text: &str) -> Option<crate::domain::Order> {
        tokio::time::sleep(DEAF.unsigned_abs() + AFTER).await;
        for c in text.chars() {
            self.happens(Event::Typed(c));
        }
        let effects = self.happens(Event::Command(Command::Confirm));
        effects.into_iter().find_map(|effect| match effect {
            Effect::Act(order) => Some(*order),
            _ => None,
        })
    }

    fn track(&self) -> Option<&Track> {
        self.state.cockpit()?.track.as_ref()
    }

    /// Carries the order out and follows it: to the control plane's answer, or to its effect. False
    /// when the time was up before that.
    async fn follow(
        &mut self,
        order: crate::domain::Order,
        wanted: &How,
        output: &mut Output,
    ) -> Result<bool, Failure> {
        let (outbox, clock, audit) = (self.outbox.clone(), self.clock.clone(), self.audit.clone());
        let desk = Desk { outbox, clock, audit };
        let mut watching = wanted.wait.then(|| {
            let mut worker = Worker::start(desk.clone(), ready(Ok(self.account.clone())));
            for effect in self.state.opening() {
                worker.perform(effect);
            }
            worker
        });
        // Its end is written down before the program ends: it is waited for in every case.
        let (account, at_work) = (self.account.clone(), desk);
        let mut acting = tokio::spawn(async move { carry_out(&account, &order, &at_work).await });
        let deadline = tokio::time::sleep(real(&self.clock, wanted.timeout));
        tokio::pin!(deadline);
        let (mut acted, mut told) = (false, 0);
        loop {
            tokio::select! {
                biased;
                Some(incoming) = self.inbox.recv() => {
                    if let Incoming::Event(event) = incoming {
                        for effect in self.happens(event) {
                            if let Some(worker) = &mut watching {
                                worker.perform(effect);
                            }
                        }
                    }
                    told = self.tell(told, output)?;
                }
                _ = &mut acting, if !acted => acted = true,
                () = &mut deadline, if acted => return Ok(false),
            }
            let is_final = self.track().is_none_or(|track| track.outcome.is_final());
            if acted && self.inbox.is_empty() && (is_final || !wanted.wait) {
                return Ok(true);
            }
        }
    }

    /// Says which steps were reached since.
    fn tell(&self, told: usize, output: &mut Output) -> std::io::Result<usize> {
        let Some(steps) = select::steps(&self.state) else { return Ok(told) };
        let done = ui::steps(&steps);
        for line in done.iter().skip(told) {
            writeln!(output.talk, "  {line}")?;
        }
        Ok(done.len().max(told))
    }
}

/// Whether an action would be carried out in the way that was asked for.
fn is_meant(asked: Asked, means: Means) -> bool {
    match asked {
        Asked::Action(_) | Asked::Next | Asked::Only(_) => true,
        Asked::Swap => means == Means::SwapNames,
        Asked::Answer(_) => matches!(means, Means::Approve | Means::Reject),
    }
}

/// This much AWS time in real time; a clock that stands still is taken at its word.
fn real(clock: &Clock, span: SignedDuration) -> Duration {
    clock.real_time(span).unwrap_or_else(|| Duration::try_from(span).unwrap_or_default())
}
