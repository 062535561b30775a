//! What the question says before a pause, a restart, an earlier revision, the end of an analysis.

use crate::app::select::Consequence;
use crate::domain::{Edit, Keeper};
use crate::ui::format::{clean, share};

/// Nothing goes on.
pub(super) fn freeze(told: &Consequence) -> Vec<String> {
    let stays = told.leaves.map(|split| {
        format!(
            " {} % of the traffic stays on blue, {} % on green.",
            share(split.blue().get()),
            share(split.green.get())
        )
    });
    vec![
        format!(
            "The rollout stays as it is until somebody resumes it: no further stage, no promotion.{}",
            stays.unwrap_or_default()
        ),
        "Analyses that run go on and can still roll it back; timers run on too. A roll back ends \
         the pause."
            .to_owned(),
    ]
}

/// It goes on.
pub(super) fn thaw() -> Vec<String> {
    vec![
        "The pause by hand ends, and the rollout goes on from where it is: a timer that has run out \
         meanwhile holds nothing up any more."
            .to_owned(),
        "A gate that waits for a person stays closed.".to_owned(),
    ]
}

/// New pods, the same revision.
pub(super) fn replace_tasks() -> Vec<String> {
    vec![
        "Every task is replaced by a new one of the same revision, on both sides, as many at a time \
         as the rollout allows: this takes minutes. The split of the traffic stays."
            .to_owned(),
        "Each is evicted before its successor runs: a side with a single task is without any for a \
         while."
            .to_owned(),
    ]
}

/// The one that was chosen.
fn chosen(told: &Consequence) -> String {
    told.about.as_deref().map_or("What was chosen".to_owned(), |name| clean(name).into_owned())
}

/// An update of its own.
pub(super) fn bring_out(told: &Consequence) -> Vec<String> {
    vec![
        format!(
            "{} is brought out again, as an update of its own with every stage, gate and analysis \
             that the rollout has. Its tasks have to start first: this takes minutes.",
            capital(&chosen(told))
        ),
        "What serves now stays until it is promoted.".to_owned(),
    ]
}

/// All at once.
pub(super) fn switch_over(told: &Consequence) -> Vec<String> {
    vec![
        format!(
            "{} gets all traffic at once: no gate and no analysis comes before that, and nothing \
             stops it on its way.",
            capital(&chosen(told))
        ),
        "What serves now is removed afterwards.".to_owned(),
    ]
}

/// Before its time.
pub(super) fn end_analysis(told: &Consequence) -> Vec<String> {
    vec![
        format!(
            "The analysis ends now and counts as passed, unless it has failed already: {}. The rollout \
             goes on without what it would still have measured.",
            chosen(told)
        ),
        "It cannot be taken back.".to_owned(),
    ]
}

/// Somebody may take it back.
pub(super) fn kept(keeper: &Keeper, edit: Edit) -> String {
    let keeper = clean(&keeper.to_string()).into_owned();
    match edit {
        Edit::Template => format!(
            "! {keeper}: it may take the template back, and with it the version that is left here. \
             Change it there, too."
        ),
        Edit::Field(field) => {
            format!("! {keeper}: it may take this back where its manifest sets `{field}`.")
        }
    }
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}
