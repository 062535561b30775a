//! What a configuration file must hold beyond its types, one rule a function.

use crate::domain::{TARGET_FORMS, Target};

use super::file::File;

/// What is wrong about a text of the file.
pub(super) struct Finding {
    /// The text.
    pub(super) word: String,
    /// What is wrong about it.
    pub(super) problem: String,
    /// What to write instead.
    pub(super) hint: String,
}

impl Finding {
    fn no_target(word: &str, place: &str, why: &str) -> Self {
        Self {
            word: word.to_owned(),
            problem: format!("{place}: cannot watch `{word}`: {why}"),
            hint: format!("write {TARGET_FORMS}"),
        }
    }
}

/// Every target of `[targets]` is one, not another short name.
fn targets_are_targets(file: &File) -> Option<Finding> {
    file.targets.iter().find_map(|(name, alias)| {
        let error = alias.target.parse::<Target>().err()?;
        Some(Finding::no_target(&alias.target, &format!("targets.{name}"), &error.why))
    })
}

/// `target` is a target or a name of `[targets]`.
fn target_is_a_target(file: &File) -> Option<Finding> {
    let text = file.target.as_ref()?;
    let error = file.resolve(text).err()?;
    Some(Finding::no_target(text, "target", &error.why))
}

/// Only where two records lead anywhere can nobody but a person know where the sides are measured.
fn sides_have_places(file: &File) -> Option<Finding> {
    file.targets.iter().find_map(|(name, alias)| {
        let named = alias.sides.iter().any(|side| side.origin.is_some());
        let is_dns = matches!(alias.target.parse(), Ok(Target::Route53 { .. }));
        (named && !is_dns).then(|| Finding {
            word: alias.target.clone(),
            problem: format!(
                "targets.{name}: `{}` tells by itself where blue and green are measured",
                alias.target
            ),
            hint: "leave the places in `blue` and `green` to targets of route53:".to_owned(),
        })
    })
}

/// Only where a person sets the weights can nobody but a person know what runs behind them; blue is
/// never the same as green; and what is measured in two ways cannot be compared.
fn sides_run_somewhere(file: &File) -> Option<Finding> {
    file.targets.iter().find_map(|(name, alias)| {
        let [blue, green] = &alias.sides;
        let is_set_by_hand =
            matches!(alias.target.parse(), Ok(Target::Route53 { .. } | Target::Alb(_)));
        let named = blue.runs.is_some() || green.runs.is_some();
        let (what, hint) = if named && !is_set_by_hand {
            ("it is known what runs its sides", "leave `runs` to targets of route53: and alb:")
        } else if named && blue.runs == green.runs {
            ("both sides run the same", "name another `runs` for one of them")
        } else if blue.prometheus.is_some() != green.prometheus.is_some() {
            let hint = "name a `prometheus` for both sides, or for none of them";
            ("what is measured in two ways cannot be compared", hint)
        } else {
            return None;
        };
        let problem = format!("targets.{name}: {what}");
        Some(Finding { word: alias.target.clone(), problem, hint: hint.to_owned() })
    })
}

/// Everything that the policy makes read-only is a target or a name of `[targets]`.
fn policy_names_targets(file: &File) -> Option<Finding> {
    file.policy.read_only.iter().find_map(|text| {
        let error = file.resolve(text).err()?;
        Some(Finding::no_target(text, "policy.read-only", &error.why))
    })
}

/// Not every metric is muted: the verdict would stay undecided for ever and say nothing of it.
fn something_is_judged(file: &File) -> Option<Finding> {
    let own = file.targets.iter().map(|(name, alias)| (format!("targets.{name}."), &alias.verdict));
    let place = std::iter::once((String::new(), &file.verdict))
        .chain(own)
        .find_map(|(place, verdict)| verdict.is_mute().then_some(place))?;
    Some(Finding {
        word: "muted".to_owned(),
        problem: format!("{place}verdict: every metric is muted, so nothing would be judged"),
        hint: "leave at least one metric critical or weighted".to_owned(),
    })
}

/// The first rule that the file breaks.
pub(super) fn first(file: &File) -> Option<Finding> {
    let rules = [
        targets_are_targets,
        target_is_a_target,
        sides_have_places,
        sides_run_somewhere,
        policy_names_targets,
        something_is_judged,
    ];
    rules.into_iter().find_map(|rule| rule(file))
}
