//! What two pictures tell between them: entries that no API writes.

use jiff::Timestamp;

use super::measured;

use crate::domain::{
    Environment, EventKind, Guard, GuardState, ListenerSplit, Rollout, RolloutKind, ShareOf, Side,
    Snapshot, Split, Targets, TimelineEvent,
};

/// What changed from `old` to `new`, as entries of the moment `now`.
pub(super) fn entries(old: &Snapshot, new: &Snapshot, now: Timestamp) -> Vec<TimelineEvent> {
    let mut found = Vec::new();
    let mut say = |kind: EventKind, side: Option<Side>, text: String| {
        let key = format!("{} {now} {text}", kind.word());
        found.push(TimelineEvent { at: now, kind, side, text, key });
    };
    sources(old, new, &mut |text| say(EventKind::Source, None, text));
    guards(old, new, &mut |text| say(EventKind::Alarm, None, text));
    match (old.rollout(), new.rollout()) {
        (Some(old), Some(new)) if old.id == new.id => {
            if old.kind != new.kind {
                say(EventKind::Deploy, None, follows(new));
            }
            // Where one group holds the targets of both, they are nobody's own.
            let shared =
                new.blue.target_group.is_some() && new.blue.target_group == new.green.target_group;
            let sides: &[Side] = if shared { &[Side::Blue] } else { &[Side::Blue, Side::Green] };
            for side in sides {
                if let Some(text) = targets(old, new, *side) {
                    let side = (!shared).then_some(*side);
                    let who = side.map_or("both", Side::word);
                    say(EventKind::Targets, side, format!("{who}: {text}"));
                }
            }
            for side in [Side::Blue, Side::Green] {
                if let Some(text) = standing(old.side(side), new.side(side)) {
                    say(EventKind::Deploy, Some(side), format!("{}: {text}", side.word()));
                }
            }
            if let Some(text) = listener(old, new) {
                say(EventKind::Traffic, None, text);
            }
        }
        (Some(_), Some(new)) => say(EventKind::Deploy, None, follows(new)),
        (None | Some(_), None) | (None, Some(_)) => {}
    }
    found
}

/// Another rollout took the place of the one before.
fn follows(new: &Rollout) -> String {
    match &new.kind {
        RolloutKind::Rollout => format!("{} is a new rollout", new.id),
        RolloutKind::Rollback { .. } if new.is_abort() => new.id.to_string(),
        RolloutKind::Rollback { undoes: Some(undone) } => format!("{} undoes {undone}", new.id),
        RolloutKind::Rollback { undoes: None } => format!("{} leads the traffic back", new.id),
    }
}

/// Sources that stopped or began to answer. One entry for a bad time, however often it is tried.
fn sources(old: &Snapshot, new: &Snapshot, say: &mut impl FnMut(String)) {
    for (source, reading) in &new.readings {
        let before = old.readings.get(source).and_then(|reading| reading.fault.as_ref());
        match (before, &reading.fault) {
            (None, Some(fault)) => say(format!("{}: {}", source.word(), fault.brief())),
            (Some(before), Some(fault)) if before.kind != fault.kind => {
                say(format!("{}: {}", source.word(), fault.brief()));
            }
            (Some(_), None) => say(format!("{} answers again", source.word())),
            (None | Some(_), _) => {}
        }
    }
}

/// Alarms that changed.
fn guards(old: &Snapshot, new: &Snapshot, say: &mut impl FnMut(String)) {
    let (Some(old), Some(new)) = (old.guards.value(), new.guards.fresh()) else { return };
    let before = |guard: &Guard| old.iter().find(|other| other.name == guard.name);
    for guard in new {
        let Some(before) = before(guard) else { continue };
        let text = match (&before.measured, &guard.measured) {
            (Some(before), Some(now)) => measured::news(&guard.name, before, now),
            (None, _) | (_, None) => (before.state != guard.state)
                .then(|| format!("{}: {}", guard.name, state_words(guard.state))),
        };
        if let Some(text) = text {
            say(text);
        }
    }
}

fn state_words(state: GuardState) -> &'static str {
    match state {
        GuardState::Ok => "OK",
        GuardState::Alarm => "in alarm",
        GuardState::InsufficientData => "not enough data",
        GuardState::Missing => "does not exist",
    }
}

/// How a side's targets stand, when that is not as before.
fn targets(old: &Rollout, new: &Rollout, side: Side) -> Option<String> {
    let before = old.side(side).targets.value()?;
    let now = new.side(side).targets.fresh()?;
    if before.by_state() == now.by_state() {
        return None;
    }
    let group = new.side(side).target_group.as_deref();
    let place = group.map(|group| format!(" in {group}")).unwrap_or_default();
    Some(format!("{}{place}", health(now)))
}

/// `4 of 4 healthy`, or each state with its number.
fn health(targets: &Targets) -> String {
    let all = targets.list.len();
    if all == 0 {
        return "no targets".to_owned();
    }
    let mut words = vec![format!("{} of {all} healthy", targets.healthy())];
    let others = targets.by_state().into_iter().filter(|(state, _)| *state != "healthy");
    words.extend(others.map(|(state, number)| format!("{number} {state}")));
    words.join(", ")
}

/// How what keeps a side's tasks now stands, when that is not as before.
fn standing(old: &Environment, new: &Environment) -> Option<String> {
    let runs = new.runs.as_ref()?;
    let (before, now) = (old.runs.as_ref()?.standing.value()?, runs.standing.fresh()?);
    if (before.word, &before.update) == (now.word, &now.update) {
        return None;
    }
    let why = match (now.message.as_str(), &now.update) {
        ("", None) => String::new(),
        ("", Some(update)) => format!(": {update} comes"),
        (message, _) => format!(": {message}"),
    };
    Some(format!(
        "{} {} is {}{why}",
        runs.workload.kind.word(),
        runs.workload.name,
        now.word.text()
    ))
}

/// The split that the listener now holds, when it is another.
fn listener(old: &Rollout, new: &Rollout) -> Option<String> {
    let before = old.traffic.listener.value()?;
    let now = new.traffic.listener.fresh()?;
    if before == now {
        return None;
    }
    Some(match now {
        ListenerSplit::Split(split) if new.traffic.of == ShareOf::Answers => {
            format!("DNS answers: {}", shares(*split))
        }
        ListenerSplit::Split(split) => format!("listener: {}", shares(*split)),
        ListenerSplit::Mixed(_) => "listener: its rules disagree".to_owned(),
        ListenerSplit::Elsewhere => "listener: forwards to neither side".to_owned(),
    })
}

fn shares(split: Split) -> String {
    format!("blue {}, green {}", percent(split.blue().get()), percent(split.green.get()))
}

/// A share without needless digits: `90`, `12.5`.
fn percent(share: f64) -> String {
    let rounded = (share * 10.0).round() / 10.0;
    format!("{rounded}")
}
