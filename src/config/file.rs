//! The configuration file: what it may say, and errors that name file, line and the nearest word.

use std::collections::BTreeMap;
use std::path::Path;
use std::{fs, io};

use serde::Deserialize;

use crate::domain::{Rules, Shiftings, Sides, Target, TargetError, nearest};
use crate::stats;

use super::alias::{self, Alias};
use super::policy::PolicyTable;
use super::prometheus::PrometheusTable;
use super::shifting::ShiftTable;

/// What `config.toml` says. Every field may be left out.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct File {
    /// What a bare `cutover` watches.
    pub target: Option<String>,
    /// The profile of the AWS configuration.
    pub profile: Option<String>,
    /// The Region.
    pub region: Option<String>,
    /// Nothing may be sent.
    pub read_only: bool,
    /// The colours.
    pub theme: ThemeChoice,
    /// The characters of charts and marks; by default what the locale can show.
    pub symbols: Option<Symbols>,
    /// Whether the bell may ring.
    pub bell: bool,
    /// How green is judged, unless a target says otherwise.
    pub verdict: stats::Config,
    /// Where the request metrics of rollouts in a cluster come from.
    pub prometheus: Option<PrometheusTable>,
    /// How far a key shifts, where the weights are a person's to set.
    pub shift: ShiftTable,
    /// What may be ordered, where and when.
    pub policy: PolicyTable,
    /// Short names for targets.
    pub targets: BTreeMap<String, Alias>,
}

impl Default for File {
    fn default() -> Self {
        Self {
            target: None,
            profile: None,
            region: None,
            read_only: false,
            theme: ThemeChoice::default(),
            symbols: None,
            bell: true,
            verdict: stats::Config::default(),
            prometheus: None,
            shift: ShiftTable::default(),
            policy: PolicyTable::default(),
            targets: BTreeMap::new(),
        }
    }
}

/// The colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ThemeChoice {
    /// Colours that are readable on dark and light backgrounds.
    #[default]
    Auto,
    /// For dark backgrounds.
    Dark,
    /// For light backgrounds.
    Light,
    /// Without colour.
    Mono,
}

/// The characters of charts and marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Symbols {
    /// Braille charts and text symbols.
    Unicode,
    /// Nothing beyond ASCII.
    Ascii,
}

/// Why a configuration file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// It is there and cannot be read.
    #[error("cannot read {file}: {source}")]
    Unreadable {
        /// The file.
        file: String,
        /// Why.
        source: io::Error,
    },
    /// It says something that is not understood.
    #[error("{file}:{line}: {problem}\n\nhint: {hint}")]
    Wrong {
        /// The file.
        file: String,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong there.
        problem: String,
        /// What to write instead.
        hint: String,
    },
}

impl File {
    /// Reads the file; one that does not exist says nothing.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let file = path.display().to_string();
        match fs::read_to_string(path) {
            Ok(text) => Self::parse(&text, &file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(source) => Err(ConfigError::Unreadable { file, source }),
        }
    }

    /// Reads the text of the file called `name`.
    pub fn parse(text: &str, name: &str) -> Result<Self, ConfigError> {
        let mut file: Self = toml::from_str(text).map_err(|error| wrong(text, name, &error))?;
        alias::inherit(&mut file.targets, text).map_err(|error| wrong(text, name, &error))?;
        for check in [
            targets_are_targets,
            target_is_a_target,
            sides_have_places,
            sides_run_somewhere,
            policy_names_targets,
            something_is_judged,
        ] {
            if let Some(Finding { word, problem, hint }) = check(&file) {
                let line = line_with(text, &word);
                return Err(ConfigError::Wrong { file: name.to_owned(), line, problem, hint });
            }
        }
        Ok(file)
    }

    /// How green is judged for each target that the file names, and for all others.
    pub fn verdicts(&self) -> stats::Configs {
        stats::Configs::new(self.verdict.clone(), self.own(|alias| alias.verdict.clone()))
    }

    /// How far a key shifts at each target that the file names, and at all others.
    pub fn shiftings(&self) -> Shiftings {
        Shiftings::new(self.shift.0.clone(), self.own(|alias| alias.shift.0.clone()))
    }

    /// What the file says about the sides of targets.
    pub fn sides(&self) -> Sides {
        Sides::new(Default::default(), self.own(|alias| alias.sides.clone()))
    }

    /// What each target that the file names has of its own.
    fn own<T>(&self, what: impl Fn(&Alias) -> T) -> impl Iterator<Item = (Target, T)> {
        let all = self.targets.values();
        all.filter_map(move |alias| Some((alias.target.parse().ok()?, what(alias))))
    }

    /// What may be ordered, where and when.
    pub fn rules(&self) -> Rules {
        let policy = &self.policy;
        // Names that stand for nothing were refused when the file was read.
        let read_only = policy.read_only.iter().filter_map(|text| self.resolve(text).ok());
        Rules {
            read_only: read_only.collect(),
            typed_name: policy.typed_name(),
            reason: policy.reason(),
            hours: policy.hours(),
        }
    }

    /// The target that `text` names: one of `[targets]`, or as it is written.
    pub fn resolve(&self, text: &str) -> Result<Target, TargetError> {
        if let Some(alias) = self.targets.get(text) {
            return alias.target.parse();
        }
        text.parse().map_err(|mut error: TargetError| {
            if let Some(near) = nearest(text, self.targets.keys().map(String::as_str)) {
                error.why = format!("{}; did you mean `{near}`?", error.why);
            }
            error
        })
    }
}

/// What is wrong about a text of the file.
struct Finding {
    word: String,
    problem: String,
    hint: String,
}

impl Finding {
    fn no_target(word: &str, place: &str, why: &str) -> Self {
        Self {
            word: word.to_owned(),
            problem: format!("{place}: cannot watch `{word}`: {why}"),
            hint: format!("write {}", crate::domain::TARGET_FORMS),
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

fn wrong(text: &str, name: &str, error: &toml::de::Error) -> ConfigError {
    let message = error.message();
    // serde words it: unknown field `x`, expected one of `a`, `b`
    let mut quoted = message.split('`').skip(1).step_by(2);
    let near = quoted.next().and_then(|word| nearest(word, quoted));
    ConfigError::Wrong {
        file: name.to_owned(),
        line: error.span().map_or(1, |span| line_of(text, span.start)),
        problem: message.lines().next().unwrap_or(message).to_owned(),
        hint: match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => "assets/config.example.toml explains every line".to_owned(),
        },
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    1 + text.bytes().take(offset).filter(|byte| *byte == b'\n').count()
}

/// The first line that holds `word` as a text, or the first line.
fn line_with(text: &str, word: &str) -> usize {
    text.find(&format!("\"{word}\"")).map_or(1, |offset| line_of(text, offset))
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = include_str!("../../assets/config.example.toml");

    fn error(text: &str) -> String {
        File::parse(text, "config.toml").unwrap_err().to_string()
    }

    #[test]
    fn the_example_changes_nothing_until_its_comments_are_removed() {
        assert_eq!(File::parse(EXAMPLE, "example").unwrap(), File::default());
        let active: String = EXAMPLE
            .lines()
            .map(|line| line.strip_prefix("#: ").unwrap_or(line))
            .fold(String::new(), |all, line| all + line + "\n");
        let file = File::parse(&active, "example").unwrap();
        assert!(file.read_only && !file.bell && file.target.is_some());
        assert_eq!(file.theme, ThemeChoice::Dark);
        assert_eq!(file.symbols, Some(Symbols::Ascii));
        assert_eq!(file.targets.len(), 5);
        let target = "codedeploy:shop/search".parse().unwrap();
        let (own, verdicts) = (&file.targets["search"].verdict, file.verdicts());
        assert_eq!(verdicts.of(&target), own);
        assert_eq!((own.alpha.get(), own.p50.role), (0.01, Some(stats::Role::Muted)));
        assert_eq!(own.settle_seconds, file.verdict.settle_seconds, "inherited");
        assert_ne!(file.verdict, stats::Config::default());
        let dns = &file.targets["dns"];
        let shifting = file.shiftings();
        let shifting = shifting.of(&dns.target.parse().unwrap());
        assert_eq!((shifting.step.get(), shifting.ramp.len()), (1, 3));
        assert_eq!(shifting.every, file.shift.0.every, "inherited");
        let regions = dns.sides.each_ref().map(|side| side.origin.as_ref()?.region.as_deref());
        assert_eq!(regions, [Some("eu-west-1"), Some("eu-north-1")]);
        let clusters = &file.targets["clusters"].sides;
        let runs = clusters.each_ref().map(|side| side.runs.as_ref().unwrap().to_string());
        assert_eq!(runs, ["deployment:eks-a/shop/checkout", "argo:eks-b/shop/checkout"]);
        assert!(clusters.iter().all(|side| side.prometheus.is_some() && side.origin.is_none()));
    }

    #[test]
    fn what_runs_the_sides_has_to_make_sense() {
        let of = |target: &str, blue: &str, green: &str| {
            error(&format!("[targets.x]\ntarget = \"{target}\"\n{blue}\n{green}"))
        };
        let a = "blue.runs = \"argo:a/shop/x\"";
        let both = of("alb:a/b", a, "green.runs = \"argo:a/shop/x\"");
        assert!(both.contains("targets.x: both sides run the same"), "{both}");
        let other = of("ecs:a/b", a, "");
        assert!(other.contains("targets.x: it is known what runs its sides"), "{other}");
        let counted = "green = { runs = \"argo:b/shop/x\", prometheus = \"m/p:80\" }";
        let one = of("alb:a/b", a, counted);
        assert!(one.contains("measured in two ways cannot be compared"), "{one}");
        let text = of("alb:a/b", "blue.runs = \"deployment/checkout\"", "");
        assert!(text.contains("`deployment/checkout` is nothing that runs in a cluster"), "{text}");
        assert!(text.contains("config.toml:3"), "{text}");
    }

    #[test]
    fn a_name_is_a_text_or_a_table_and_a_target_says_only_what_differs() {
        let text = "[verdict]\nalpha = 0.01\nerrors = { role = \"weighted\", weight = 2 }\n\
                    [targets]\nplain = \"ecs:a/b\"\n[targets.own]\ntarget = \"ecs:a/c\"\n\
                    [targets.own.verdict]\nbell = false\nerrors.weight = 3";
        let file = File::parse(text, "config.toml").unwrap();
        assert_eq!(file.targets["plain"].verdict, file.verdict);
        let own = &file.targets["own"].verdict;
        assert!(!own.bell && own.alpha == file.verdict.alpha);
        assert_eq!(own.errors.role, Some(stats::Role::Weighted));
        assert_eq!(own.errors.weight, stats::Importance::new(3.0));
    }

    #[test]
    fn what_is_wrong_about_a_verdict_is_named_with_its_line_wherever_it_stands() {
        let text = error("[verdict]\nalpah = 0.1");
        assert!(text.starts_with("config.toml:2: unknown field `alpah`"), "{text}");
        assert!(text.ends_with("hint: did you mean `alpha`?"), "{text}");
        let own = "[targets.a]\ntarget = \"ecs:a/b\"\n[targets.a.verdict]\n";
        let text = error(&format!("{own}p99 = {{ role = \"critcal\" }}"));
        assert!(text.starts_with("config.toml:4: unknown variant `critcal`"), "{text}");
        assert!(text.ends_with("hint: did you mean `critical`?"), "{text}");
        let text = error(&format!("{own}settle-secnds = 60"));
        assert!(text.starts_with("config.toml:4:") && text.contains("`settle-seconds`?"), "{text}");
        let text = error(&format!("{own}alpha = 2"));
        assert!(text.starts_with("config.toml:4: a probability of 2"), "{text}");
        let text = error("[targets]\na = { verdict = { bell = false } }");
        assert!(text.starts_with("config.toml:2: missing field `target`"), "{text}");
        let text = error("[targets]\na = 5");
        assert!(
            text.starts_with("config.toml:2:") && text.contains("a target or a table"),
            "{text}"
        );
        let mute = ["errors", "p50", "p90", "p99"].map(|name| format!("{name}.role = \"muted\""));
        let text = error(&format!("[verdict]\n{}", mute.join("\n")));
        assert!(text.starts_with("config.toml:2: verdict: every metric is muted"), "{text}");
    }

    #[test]
    fn an_unknown_word_is_named_with_its_line_and_the_nearest() {
        let text = error("bell = true\nreadonly = true\n");
        assert!(text.starts_with("config.toml:2: unknown field `readonly`"), "{text}");
        assert!(text.ends_with("hint: did you mean `read-only`?"), "{text}");
        let text = error("\ntheme = \"drak\"");
        assert!(text.contains("config.toml:2:") && text.contains("`dark`?"), "{text}");
    }

    #[test]
    fn a_target_that_is_none_is_named_with_its_line() {
        let text = error("[targets]\ngood = \"ecs:a/b\"\nbad = \"shop\"");
        assert!(text.starts_with("config.toml:3: targets.bad: cannot watch `shop`"), "{text}");
        let text = error("bell = true\ntarget = \"shop\"");
        assert!(text.starts_with("config.toml:2: target: cannot watch `shop`"), "{text}");
    }

    #[test]
    fn text_that_is_no_toml_names_the_line() {
        let text = error("bell = true\nregion = \n");
        assert!(text.starts_with("config.toml:2:"), "{text}");
    }

    #[test]
    fn a_file_that_is_not_there_says_nothing_and_one_that_is_no_file_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let none = File::load(&folder.path().join("config.toml")).unwrap();
        assert_eq!(none, File::default());
        let error = File::load(folder.path()).unwrap_err();
        assert!(error.to_string().starts_with("cannot read "), "{error}");
    }
}
