//! A new picture comes in: what changed since the last one, and what follows from it.

use jiff::Timestamp;

use crate::domain::{
    Action, EventKind, Fault, Gate, Phase, Rollout, RolloutKind, RolloutSummary, Side, Snapshot,
    TimelineEvent,
};
use crate::input::{Command, Context, Focus};
use crate::stats::{Config, Verdict};

use super::{Cockpit, Effect, Overlay, Screen, State, confirm, diff, follow, navigate, verdict};

/// How many of its own entries the program keeps.
const SEEN: usize = 500;

/// Folds in a new picture of the watched target.
pub(super) fn snapshot(state: &mut State, new: Snapshot) -> Vec<Effect> {
    let now = state.now;
    let Some(cockpit) = state.cockpit_mut() else { return Vec::new() };
    if cockpit.snapshot.target != new.target {
        return Vec::new();
    }
    let old = std::mem::replace(cockpit.snapshot.as_mut(), new);
    let entries = diff::entries(&old, &cockpit.snapshot, now);
    for entry in entries {
        cockpit.note(entry);
    }
    if moved(old.rollout(), cockpit.snapshot.rollout()) {
        cockpit.changed = Some(now);
    }
    let gate_opened = opened_approval(old.rollout(), cockpit.snapshot.rollout());
    if cockpit.trusted.is_none() {
        cockpit.trusted = cockpit.snapshot.identity.fresh().cloned();
    }
    let failed = follow::observed(cockpit, now).or_else(|| {
        let found = cockpit.track.is_none();
        failed_rollback(old.rollout(), cockpit.snapshot.rollout()).filter(|_| found)
    });
    let mut effects = Vec::new();
    if compare(state, &old) == Some(Verdict::Worse) {
        effects.extend(alarm(state));
    }
    if gate_opened {
        effects.push(Effect::Bell);
        state.say("your turn: green waits for an approval");
    }
    if let Some(why) = failed {
        effects.push(Effect::Bell);
        state.say(why);
    }
    identity(state, &old);
    if state.confirm().is_some() {
        confirm::keep_true(state);
    }
    effects
}

/// Judges green anew when there is something new to judge by; what the conclusion is if it is
/// another than before.
fn compare(state: &mut State, old: &Snapshot) -> Option<Verdict> {
    let now = state.now;
    let target = state.cockpit()?.snapshot.configured();
    let config = state.settings.verdicts.of(target).clone();
    let cockpit = state.cockpit_mut()?;
    remember_undone(cockpit, old);
    let new = &cockpit.snapshot;
    let same_rollout = old.rollout().map(|r| &r.id) == new.rollout().map(|r| &r.id);
    if same_rollout && old.metrics.at() == new.metrics.at() {
        return None;
    }
    if new.rollout().is_some_and(|rollout| rollout.kind != RolloutKind::Rollout) {
        finish_judging(cockpit, &config, now);
        return None;
    }
    let before = cockpit.verdict.take().filter(|_| same_rollout).map(|j| j.assessment.verdict);
    cockpit.verdict = verdict::judge(new, &config);
    let judgement = cockpit.verdict.as_ref()?;
    let after = judgement.assessment.verdict;
    let text = match after {
        Verdict::Worse => worse_on(judgement),
        Verdict::NoWorse => "green is no worse than blue".to_owned(),
        Verdict::Better => "green is better than blue".to_owned(),
        Verdict::Undecided | Verdict::NoData | Verdict::CannotCompareSideBySide => return None,
    };
    if before == Some(after) {
        return None;
    }
    let key = format!("verdict {after:?} {now}");
    cockpit.note(TimelineEvent {
        at: now,
        kind: EventKind::Verdict,
        side: Some(Side::Green),
        text,
        key,
    });
    Some(after)
}

/// Keeps the rollout that a rollback has just begun to undo.
fn remember_undone(cockpit: &mut Cockpit, old: &Snapshot) {
    let is_rollout = |rollout: &&Rollout| rollout.kind == RolloutKind::Rollout;
    match (old.rollout().filter(is_rollout), cockpit.snapshot.rollout()) {
        (_, Some(new)) if is_rollout(&new) => cockpit.undone = None,
        (Some(old), Some(_)) => cockpit.undone = Some(Box::new(old.clone())),
        (None, Some(_)) | (_, None) => {}
    }
}

/// While a rollback runs, the minutes before it settle one after the other. What was proved stays.
fn finish_judging(cockpit: &mut Cockpit, config: &Config, now: Timestamp) {
    let verdict = |judgement: &Option<verdict::Judgement>| {
        judgement.as_ref().map(|judgement| judgement.assessment.verdict)
    };
    let Some(undone) = &cockpit.undone else { return };
    if verdict(&cockpit.verdict) == Some(Verdict::Worse) {
        return;
    }
    let Some(judgement) = verdict::judge_undone(&cockpit.snapshot, undone, config) else { return };
    // Where green was measured as long as it ran, it is not in the picture any more.
    let empty = judgement.assessment.verdict == Verdict::NoData;
    if empty && cockpit.verdict.is_some() {
        return;
    }
    let text = worse_on(&judgement).replacen("is", "was", 1);
    cockpit.verdict = Some(judgement);
    if verdict(&cockpit.verdict) == Some(Verdict::Worse) {
        let key = format!("verdict was worse {now}");
        let (kind, side) = (EventKind::Verdict, Some(Side::Green));
        cockpit.note(TimelineEvent { at: now, kind, side, text, key });
    }
}

/// Green has just become worse: what is said, with the way back, and whether the bell rings.
fn alarm(state: &mut State) -> Option<Effect> {
    let cockpit = state.cockpit()?;
    let text = worse_on(cockpit.verdict.as_ref()?);
    let keys = Focus { context: Context::Cockpit, typing: false };
    let key = state.settings.keymap.key(keys, Command::Ask(Action::RollBack));
    let possible = cockpit.judge(Action::RollBack, &state.settings).is_ok();
    let bell = state.settings.verdicts.of(cockpit.snapshot.configured()).bell;
    state.say(match key.filter(|_| possible) {
        Some(key) => format!("{text}: press {key} to roll back"),
        None => text,
    });
    bell.then_some(Effect::Bell)
}

/// That green is worse, and on what.
fn worse_on(judgement: &verdict::Judgement) -> String {
    match judgement.assessment.blamed() {
        Some(metric) => format!("green is worse than blue on {}", metric.name.replace('_', " ")),
        None => "green is worse than blue".to_owned(),
    }
}

/// Whether phase or split are others than before, in the rollout that was on the screen.
fn moved(old: Option<&Rollout>, new: Option<&Rollout>) -> bool {
    let (Some(old), Some(new)) = (old, new) else { return false };
    old.id != new.id
        || old.phase != new.phase
        || old.traffic.planned.value() != new.traffic.planned.value()
}

/// Whether a rollout waits for an approval and did not before.
fn opened_approval(old: Option<&Rollout>, new: Option<&Rollout>) -> bool {
    let gate = |rollout: &Rollout| {
        rollout.gate.clone().filter(|gate| matches!(gate, Gate::Approval | Gate::Hook { .. }))
    };
    let waited = |new: &Rollout| old.is_some_and(|old| old.id == new.id && gate(old) == gate(new));
    new.is_some_and(|new| gate(new).is_some() && !waited(new))
}

/// The sentence for a rollback that has just failed, whoever ordered it.
fn failed_rollback(old: Option<&Rollout>, new: Option<&Rollout>) -> Option<String> {
    let (old, new) = (old?, new?);
    let failed = matches!(new.phase, Phase::Failed | Phase::Stopped);
    let fresh = old.id == new.id && !old.phase.is_over();
    match new.kind {
        RolloutKind::Rollback { .. } if failed && fresh => {
            Some(format!("the rollback {} failed; next: look where the traffic is", new.id))
        }
        RolloutKind::Rollback { .. } | RolloutKind::Rollout => None,
    }
}

/// Says loudly that the credentials belong to somebody else now.
fn identity(state: &mut State, old: &Snapshot) {
    let now = state.now;
    let Some(cockpit) = state.cockpit_mut() else { return };
    let Some(to) = cockpit.new_identity().cloned() else { return };
    if old.identity.value() == Some(&to) {
        return;
    }
    let text = format!("identity changed: now {} in {}, {}", to.name(), to.account, to.region);
    cockpit.note(TimelineEvent {
        at: now,
        kind: EventKind::Source,
        side: None,
        key: format!("identity {now}"),
        text: text.clone(),
    });
    state.say(text);
    // What is being typed must not answer another question.
    if !state.focus().typing {
        confirm::doubt_identity(state);
    }
}

/// What runs in the account. A single rollout is watched at once when the program was started to
/// find one, and nothing else was chosen.
pub(super) fn listed(state: &mut State, found: Result<Vec<RolloutSummary>, Fault>) -> Vec<Effect> {
    let now = state.now;
    let Screen::Picker(picker) = &mut state.screen else { return Vec::new() };
    picker.rollouts = std::mem::take(&mut picker.rollouts).after(found, now);
    let rows = picker.rollouts.value().map_or(&[][..], Vec::as_slice);
    let stands = |row: &RolloutSummary| Some(&row.id) == picker.selected.as_ref();
    let stays = rows.iter().any(stands);
    let first = rows.first().map(|row| row.id.clone());
    let only = match rows {
        [row] if picker.behind.is_none() && picker.rollouts.fault().is_none() => {
            Some(row.target.clone())
        }
        _ => None,
    };
    if !stays {
        picker.selected = first;
    }
    match (only, &state.overlay) {
        (Some(target), None | Some(Overlay::Help(_) | Overlay::Field(_))) => {
            navigate::watch(state, target)
        }
        _ => Vec::new(),
    }
}

impl Cockpit {
    /// Keeps an entry of the program's own, unless it is there already.
    pub(super) fn note(&mut self, entry: TimelineEvent) {
        if self.seen.iter().any(|seen| seen.key == entry.key) {
            return;
        }
        self.seen.push_front(entry);
        self.seen.truncate(SEEN);
    }

    /// Keeps what the person did or what came of it.
    pub(super) fn note_person(&mut self, at: jiff::Timestamp, text: String) {
        let key = format!("you {at} {text}");
        self.note(TimelineEvent { at, kind: EventKind::You, side: None, text, key });
    }
}
