//! Weights that a person sets: what the question before says.

use crate::app::select;
use crate::domain::{Action, Means, Side, Split, Standing};
use crate::ui::format::{age, clean, planned, rate, share};

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
    if let Some(beside) = &told.beside {
        lines.push(runs(beside));
        lines.extend(load(beside));
    }
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

/// What runs on both sides: the same, or not, and how much of it.
fn runs(beside: &select::Beside) -> String {
    let image = |half: &select::Half| {
        half.image
            .as_deref()
            .map_or("what is not known".to_owned(), |name| clean(name).into_owned())
    };
    let tasks = |half: &select::Half| match half.tasks {
        Some(1) => "1 task".to_owned(),
        Some(tasks) => format!("{tasks} tasks"),
        None => "tasks that nobody has counted".to_owned(),
    };
    let ([blue, green], [b, g]) =
        (beside.sides.each_ref().map(image), beside.sides.each_ref().map(tasks));
    if beside.same_image {
        let apart = if beside.templates_differ { ", from templates that differ" } else { "" };
        return format!("Both run {blue}{apart}: blue in {b}, green in {g}.");
    }
    format!("Blue runs {blue} in {b}, green {green} in {g}.")
}

/// What comes to each task afterwards.
fn load(beside: &select::Beside) -> Option<String> {
    let [Some(blue), Some(green)] = beside.sides.each_ref().map(|half| half.each) else {
        return None;
    };
    Some(format!(
        "Then about {} requests a second come to each of blue's tasks and {} to each of green's.",
        rate(blue),
        rate(green)
    ))
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
        select::Warning::TooFew(side, has, needs) => {
            let other = side.other().word();
            format!(
                "! {} has {has} tasks for what takes {needs} by the number of {other}'s.",
                capital(*side)
            )
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
