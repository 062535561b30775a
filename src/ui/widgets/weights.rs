//! Weights that a person sets: what the question before says, and the field for a share.

use crate::app::{Cockpit, ShareField, State, select};
use crate::domain::{Action, Means, Side, Split, Standing};
use crate::input::Command;
use crate::ui::format::{age, clean, planned, share};
use crate::ui::pen::Pen;
use crate::ui::theme::Role;

/// The widest the field gets.
const WIDEST: u16 = 66;

/// What setting the weights will do, in sentences.
pub(crate) fn sentences(
    action: Action,
    means: Means,
    told: &select::Consequence,
    moved: Option<&str>,
) -> Vec<String> {
    let speed = match told.speed {
        select::Speed::Within(lag) => format!("within {}, as clients follow", age(lag)),
        select::Speed::Seconds | select::Speed::Minutes => "within seconds".to_owned(),
    };
    let mut lines = vec![first(action, means, told)];
    lines.push(match moved {
        Some(moved) => format!("{moved} {speed}."),
        None => "No traffic has to move.".to_owned(),
    });
    lines.push(match (means, &told.ramp) {
        (_, Some((steps, every))) => ramp(steps, *every),
        (Means::SwapNames, None) => "Both environments stay; the same swap leads back.".to_owned(),
        (_, None) => "It stays like that until somebody sets other weights.".to_owned(),
    });
    lines
}

fn first(action: Action, means: Means, told: &select::Consequence) -> String {
    let blue = told.blue.as_deref().map(|name| format!(": {}", clean(name))).unwrap_or_default();
    let from = told.sets.map(|(now, _)| format!(", now {} %", share(now.green.get())));
    let from = from.unwrap_or_default();
    let to = told.sets.map_or(Split::ALL_BLUE, |(_, then)| then);
    match (action, means) {
        (Action::RollBack, Means::SwapNames) => {
            format!("The names are swapped back: all traffic goes to blue{blue}.")
        }
        (_, Means::SwapNames) => "The names are swapped: all traffic goes to green.".to_owned(),
        (Action::RollBack, _) => format!("All traffic goes back to blue{blue}."),
        (_, _) if to == Split::ALL_GREEN => format!("Green gets all traffic{from}."),
        (_, _) if to == Split::ALL_BLUE => format!("Green gets no traffic any more{from}."),
        (_, _) => format!("Green gets {} % of the traffic{from}.", share(to.green.get())),
    }
}

fn ramp(steps: &[crate::domain::Percent], every: jiff::SignedDuration) -> String {
    let shares: Vec<String> = steps.iter().map(|step| step.get().to_string()).collect();
    format!(
        "Then this program goes on by itself while it runs: {} %, {} each. It stops where it is \
         when green is worse, an alarm fires, somebody else sets weights, or you say so.",
        shares.join(", "),
        planned(every)
    )
}

/// What to know before weights are set.
pub(crate) fn warn(warning: &select::Warning) -> Option<String> {
    let life = |lag: &Option<jiff::SignedDuration>| {
        lag.map(|lag| format!(" for up to {}", age(lag))).unwrap_or_default()
    };
    Some(match warning {
        select::Warning::NotReady(side) => {
            format!("! {} is not known to be healthy.", capital(*side))
        }
        select::Warning::Unsettled(side, kind, standing) => {
            unsettled(*side, kind.word(), standing)
        }
        select::Warning::Unread(side, old, fault) => {
            let old = old.map(|old| format!(": what is known of it is {} old", age(old)));
            let old = old.unwrap_or_default();
            format!("! {}'s cluster cannot be read{old}; {}.", capital(*side), clean(&fault.brief()))
        }
        select::Warning::SidesAreGuessed => {
            "! Nobody has said which side is blue: the one with more traffic is taken for it. A target \
             written as KIND:BLUE@PLACE says it."
                .to_owned()
        }
        select::Warning::Sticky(lag) => format!(
            "! Sticky sessions: clients with a cookie stay on their side{}, whatever the weights.",
            life(lag)
        ),
        select::Warning::Answers(lag) => format!(
            "! This is the share of DNS answers, not of requests; clients keep an answer{}.",
            life(lag)
        ),
        _ => return None,
    })
}

/// A side that is on its way, or broken.
fn unsettled(side: Side, kind: &str, standing: &Standing) -> String {
    let side = capital(side);
    let why = match standing.message.as_str() {
        "" => String::new(),
        message => format!(": {}", clean(message.trim_end_matches('.'))),
    };
    match &standing.update {
        Some(update) => format!(
            "! {side}'s {kind} is in the middle of an update to {}, {}{why}.",
            clean(update),
            standing.word.text()
        ),
        None => format!("! {side}'s {kind} is {}{why}.", standing.word.text()),
    }
}

fn capital(side: Side) -> &'static str {
    match side {
        Side::Blue => "Blue",
        Side::Green => "Green",
    }
}

/// Draws the field for the share that green shall have.
pub(crate) fn field(pen: &mut Pen<'_>, state: &State, cockpit: &Cockpit, field: &ShareField) {
    let width = pen.width().min(WIDEST);
    let left = pen.width().saturating_sub(width) / 2;
    let mut pen = pen.part(left, 0, width, pen.height().min(6));
    pen.clear();
    pen.frame(&[(" Which share shall green have? ", Role::Title)], &[], Role::Focus);
    let now = cockpit.share().map(|share| format!("{share} now; ")).unwrap_or_default();
    let x = pen.left(3, 1, "green, in percent: ", Role::Text);
    pen.left(x, 1, &format!("{}_", clean(&field.typed)), Role::Selected);
    let note = field.complaint.as_deref();
    let (note, role) = match note {
        Some(complaint) => (complaint.to_owned(), Role::Warning),
        None => (format!("{now}a whole number from 0 to 100; nothing is sent yet"), Role::Dim),
    };
    pen.cut(3, 2, width.saturating_sub(6), &clean(&note), role);
    let key = |command| state.settings.keymap.key(state.focus(), command).unwrap_or_default();
    let keys = format!("go on ({})   keep going ({})", key(Command::Choose), key(Command::Back));
    pen.cut(3, 4, width.saturating_sub(6), &keys, Role::Text);
}
