//! A scenario: one rollout as data, from `assets/scenarios/*.toml`.
//!
//! `canary.toml` comments every field. A scenario says what is true (releases, traffic, guards,
//! durations); the world decides what happens from that, so a person may stop, continue or redeploy
//! at any moment of any scenario.

mod alarm;
mod argo;
mod check;
mod native;
mod platform;
mod release;
mod schema;
mod weighted;

pub use alarm::{AlarmMetric, AlarmRule, Missing};
pub use argo::{Alb, Analysis, Argo, ArgoStrategy, CanaryStep, Cluster};
pub use native::{Asks, LifecycleHook, Native, OnTimeout, Stage, Strategy};
pub use platform::{Answered, Beanstalk, Ec2, Failing, Lambda, Pipeline, Split};
pub use release::{ColdStart, Crash, CrashWhen, Hook, HookOutcome, Lifecycle, Release, Unhealthy};
pub use schema::{
    CustomConfig, Past, Place, RollbackOn, Rollout, Routing, Scenario, Timing, Traffic,
};
pub use weighted::{HeldBy, Records, Weighted};

/// The embedded scenarios, in the order in which people should meet them.
const EMBEDDED: [(&str, &str); 48] = [
    ("canary", include_str!("../../assets/scenarios/canary.toml")),
    ("errors", include_str!("../../assets/scenarios/errors.toml")),
    ("latency", include_str!("../../assets/scenarios/latency.toml")),
    ("linear", include_str!("../../assets/scenarios/linear.toml")),
    ("all-at-once", include_str!("../../assets/scenarios/all-at-once.toml")),
    ("approval", include_str!("../../assets/scenarios/approval.toml")),
    ("alarm", include_str!("../../assets/scenarios/alarm.toml")),
    ("crashloop", include_str!("../../assets/scenarios/crashloop.toml")),
    ("out-of-memory", include_str!("../../assets/scenarios/out-of-memory.toml")),
    ("stuck", include_str!("../../assets/scenarios/stuck.toml")),
    ("hook-failure", include_str!("../../assets/scenarios/hook-failure.toml")),
    ("ab", include_str!("../../assets/scenarios/ab.toml")),
    ("finished", include_str!("../../assets/scenarios/finished.toml")),
    ("errors-small", include_str!("../../assets/scenarios/errors-small.toml")),
    ("aa", include_str!("../../assets/scenarios/aa.toml")),
    ("low-traffic", include_str!("../../assets/scenarios/low-traffic.toml")),
    ("cold-start", include_str!("../../assets/scenarios/cold-start.toml")),
    ("sticky", include_str!("../../assets/scenarios/sticky.toml")),
    ("ecs-bluegreen", include_str!("../../assets/scenarios/ecs-bluegreen.toml")),
    ("ecs-canary", include_str!("../../assets/scenarios/ecs-canary.toml")),
    ("ecs-linear", include_str!("../../assets/scenarios/ecs-linear.toml")),
    ("ecs-alarm", include_str!("../../assets/scenarios/ecs-alarm.toml")),
    ("ecs-breaker", include_str!("../../assets/scenarios/ecs-breaker.toml")),
    ("ecs-hook-failure", include_str!("../../assets/scenarios/ecs-hook-failure.toml")),
    ("ecs-rolling", include_str!("../../assets/scenarios/ecs-rolling.toml")),
    ("alb", include_str!("../../assets/scenarios/alb.toml")),
    ("alb-worse", include_str!("../../assets/scenarios/alb-worse.toml")),
    ("alb-sticky", include_str!("../../assets/scenarios/alb-sticky.toml")),
    ("route53", include_str!("../../assets/scenarios/route53.toml")),
    ("route53-worse", include_str!("../../assets/scenarios/route53-worse.toml")),
    ("regions", include_str!("../../assets/scenarios/regions.toml")),
    ("lambda-canary", include_str!("../../assets/scenarios/lambda-canary.toml")),
    ("lambda-errors", include_str!("../../assets/scenarios/lambda-errors.toml")),
    ("ec2", include_str!("../../assets/scenarios/ec2.toml")),
    ("ec2-validate-fails", include_str!("../../assets/scenarios/ec2-validate-fails.toml")),
    ("beanstalk", include_str!("../../assets/scenarios/beanstalk.toml")),
    ("beanstalk-split", include_str!("../../assets/scenarios/beanstalk-split.toml")),
    ("argo-bluegreen", include_str!("../../assets/scenarios/argo-bluegreen.toml")),
    ("argo-canary", include_str!("../../assets/scenarios/argo-canary.toml")),
    ("argo-alb", include_str!("../../assets/scenarios/argo-alb.toml")),
    ("argo-experiment", include_str!("../../assets/scenarios/argo-experiment.toml")),
    ("argo-kept", include_str!("../../assets/scenarios/argo-kept.toml")),
    ("argo-workloadref", include_str!("../../assets/scenarios/argo-workloadref.toml")),
    ("argo-analysis-failed", include_str!("../../assets/scenarios/argo-analysis-failed.toml")),
    ("argo-abort", include_str!("../../assets/scenarios/argo-abort.toml")),
    ("clusters", include_str!("../../assets/scenarios/clusters.toml")),
    ("clusters-alb", include_str!("../../assets/scenarios/clusters-alb.toml")),
    ("pipeline", include_str!("../../assets/scenarios/pipeline.toml")),
];

/// Why a scenario cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScenarioError {
    /// No embedded scenario has this name.
    #[error("unknown scenario `{name}`\nhint: {hint}")]
    Unknown {
        /// The name asked for.
        name: String,
        /// The nearest name, or all of them.
        hint: String,
    },
    /// The text is no scenario: TOML syntax, an unknown field, a wrong type.
    #[error("scenario field `{field}`: {reason}{hint}")]
    Field {
        /// The dotted path of the field, e.g. `green.error_rate`; `.` for the whole file.
        field: String,
        /// What is wrong with it.
        reason: String,
        /// Empty, or a line that starts with `hint:`.
        hint: String,
    },
}

impl Scenario {
    /// The embedded scenario called `name`.
    pub fn named(name: &str) -> Result<Self, ScenarioError> {
        match EMBEDDED.iter().find(|(known, _)| *known == name) {
            Some((_, text)) => Self::parse(text),
            None => Err(ScenarioError::Unknown { name: name.to_owned(), hint: hint_for(name) }),
        }
    }

    /// The names of the embedded scenarios, best introduction first.
    pub fn names() -> impl Iterator<Item = &'static str> {
        EMBEDDED.iter().map(|(name, _)| *name)
    }

    /// Reads a scenario from TOML; errors name the field and the nearest right name.
    pub fn parse(text: &str) -> Result<Self, ScenarioError> {
        let reader = toml::Deserializer::parse(text).map_err(|error| field_error(".", &error))?;
        let scenario: Self = serde_path_to_error::deserialize(reader)
            .map_err(|error| field_error(&error.path().to_string(), error.inner()))?;
        check::all(&scenario)?;
        Ok(scenario)
    }
}

fn hint_for(name: &str) -> String {
    match nearest(name, Scenario::names()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("one of {}", Scenario::names().collect::<Vec<_>>().join(", ")),
    }
}

fn field_error(path: &str, error: &toml::de::Error) -> ScenarioError {
    let message = error.message();
    // serde words it: unknown field `x`, expected one of `a`, `b`
    let mut quoted = message.split('`').skip(1).step_by(2);
    let hint = match (message.starts_with("unknown "), quoted.next()) {
        (true, Some(wrong)) => nearest(wrong, quoted)
            .map(|near| format!("\nhint: did you mean `{near}`?"))
            .unwrap_or_default(),
        _ => String::new(),
    };
    ScenarioError::Field { field: path.to_owned(), reason: message.to_owned(), hint }
}

/// The candidate that most resembles `word`, when one resembles it at all.
fn nearest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    const ALIKE: f64 = 0.75;
    candidates
        .map(|candidate| (strsim::jaro_winkler(word, candidate), candidate))
        .filter(|(likeness, _)| *likeness >= ALIKE)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_embedded_scenario_parses_under_its_own_name() {
        for name in Scenario::names() {
            let scenario = Scenario::named(name).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(scenario.name, name);
        }
    }

    #[test]
    fn an_unknown_name_gets_the_nearest() {
        let error = Scenario::named("canari").unwrap_err();
        assert!(error.to_string().contains("did you mean `canary`?"), "{error}");
    }

    #[test]
    fn an_unknown_field_is_named_with_its_path_and_the_nearest() {
        let text = include_str!("../../assets/scenarios/errors.toml")
            .replace("error_rate = 0.02", "eror_rate = 0.02");
        let error = Scenario::parse(&text).unwrap_err().to_string();
        assert!(error.contains("green"), "{error}");
        assert!(error.contains("did you mean `error_rate`?"), "{error}");
    }

    #[test]
    fn weights_that_nobody_could_set_are_refused() {
        let dns = include_str!("../../assets/scenarios/route53.toml");
        for (right, wrong, field) in [
            ("[255, 0]", "[256, 0]", "weighted.weights"),
            ("name = \"checkout.example.com\"", "name = \"example.net\"", "weighted.held_by"),
            ("shop-green", "shop-blue", "weighted.held_by"),
            ("held_by", "start = 1\nheld_by", "weighted"),
        ] {
            let error = Scenario::parse(&dns.replace(right, wrong)).unwrap_err().to_string();
            assert!(error.contains(field), "{wrong}: {error}");
        }
    }

    #[test]
    fn faults_are_part_of_a_story_and_a_wrong_one_is_named() {
        let text = include_str!("../../assets/scenarios/canary.toml")
            .replace("# [[faults]]", "[[faults]]")
            .replace("# fault =", "fault =")
            .replace("# from =", "from =")
            .replace("# until =", "until =");
        let faults = Scenario::parse(&text).unwrap().faults;
        assert_eq!((faults.len(), faults[0].fault.to_string()), (1, "codedeploy=throttle".into()));
        let wrong = Scenario::parse(&text.replace("=throttle", "=trottle")).unwrap_err();
        assert!(wrong.to_string().contains("did you mean `throttle`?"), "{wrong}");
    }

    #[test]
    fn a_rate_above_one_is_refused() {
        let text = include_str!("../../assets/scenarios/errors.toml")
            .replace("error_rate = 0.02", "error_rate = 2.0");
        let error = Scenario::parse(&text).unwrap_err().to_string();
        assert!(error.contains("green.error_rate"), "{error}");
    }
}
