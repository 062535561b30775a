//! What the user wants, from flags, environment and the configuration file.
//!
//! A flag wins over the environment, the environment over the file, the file over the default.
//! This folder is the only reader of environment variables; [`Environment`] holds what it read, so
//! that everything else is a plain function. What the AWS SDK reads for itself (`AWS_*`) is not
//! repeated here.

mod alias;
mod environment;
mod file;
mod policy;
mod prometheus;
mod shifting;
mod side;

use crate::domain::{Prometheus, Rules, Shiftings, Sides, Target, TargetError};
use crate::stats::Configs;

pub use alias::Alias;
pub use environment::{Environment, Paths};
pub use file::{ConfigError, File, Symbols, ThemeChoice};
pub use policy::PolicyTable;
pub use prometheus::PrometheusTable;
pub use shifting::ShiftTable;
pub use side::SideTable;

/// What was given on the command line; absent means that nothing was said.
#[derive(Debug, Clone, Default)]
pub struct Flags {
    /// What to watch: a target or a name from the file's `[targets]`.
    pub target: Option<String>,
    /// The profile of the AWS configuration.
    pub profile: Option<String>,
    /// The Region.
    pub region: Option<String>,
    /// Nothing may be sent.
    pub read_only: bool,
}

/// What the program does, decided.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// What to watch; nothing means to look for what runs.
    pub target: Option<Target>,
    /// The profile of the AWS configuration; the SDK's own choice when absent.
    pub profile: Option<String>,
    /// The Region; the SDK's own choice when absent.
    pub region: Option<String>,
    /// Nothing may be sent.
    pub read_only: bool,
    /// What may be ordered, where and when.
    pub rules: Rules,
    /// The colours.
    pub theme: ThemeChoice,
    /// The characters of charts and marks.
    pub symbols: Symbols,
    /// Whether the bell may ring.
    pub bell: bool,
    /// How green is judged, for each target.
    pub verdicts: Configs,
    /// How far a key shifts, where the weights are a person's to set.
    pub shifting: Shiftings,
    /// Where the request metrics of rollouts in a cluster come from.
    pub prometheus: Option<Prometheus>,
    /// Where the sides of targets are measured and what runs them, as far as that is said.
    pub sides: Sides,
}

impl Config {
    /// The choice from everything that was said.
    pub fn choose(flags: Flags, env: &Environment, file: &File) -> Result<Self, TargetError> {
        let target = flags.target.or_else(|| file.target.clone());
        Ok(Self {
            target: target.map(|text| file.resolve(&text)).transpose()?,
            profile: flags.profile.or_else(|| file.profile.clone()),
            region: flags.region.or_else(|| file.region.clone()),
            read_only: flags.read_only || file.read_only,
            rules: file.rules(),
            theme: if env.no_color { ThemeChoice::Mono } else { file.theme },
            symbols: file.symbols.unwrap_or(if env.utf8 {
                Symbols::Unicode
            } else {
                Symbols::Ascii
            }),
            bell: file.bell,
            verdicts: file.verdicts(),
            shifting: file.shiftings(),
            prometheus: file.prometheus.as_ref().map(|table| table.0.clone()),
            sides: file.sides(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> File {
        File::parse(text, "config.toml").unwrap()
    }

    fn quiet() -> Environment {
        Environment { utf8: true, ..Environment::default() }
    }

    #[test]
    fn a_flag_wins_over_the_file() {
        let file = file("region = \"eu-west-1\"\nprofile = \"prod\"");
        let flags = Flags { region: Some("us-east-1".into()), ..Flags::default() };
        let config = Config::choose(flags, &quiet(), &file).unwrap();
        assert_eq!(config.region.as_deref(), Some("us-east-1"));
        assert_eq!(config.profile.as_deref(), Some("prod"));
    }

    #[test]
    fn looking_only_cannot_be_switched_off_by_saying_nothing() {
        let config = Config::choose(Flags::default(), &quiet(), &file("read-only = true")).unwrap();
        assert!(config.read_only);
    }

    #[test]
    fn the_policy_names_targets_actions_and_hours() {
        let file = file(
            "[targets]\npay = \"ecs:prod/pay\"\n[policy]\nread-only = [\"pay\", \"d-ABC123DEF\"]\n\
             typed-name = [\"roll-back\"]\nreason = [\"continue\"]\nhours = \"mon-fri 09:00-17:00\"\ntime-zone = \"UTC\"",
        );
        let rules = Config::choose(Flags::default(), &quiet(), &file).unwrap().rules;
        let targets: Vec<String> = rules.read_only.iter().map(ToString::to_string).collect();
        assert_eq!(targets, ["ecs:prod/pay", "d-ABC123DEF"]);
        assert_eq!(
            (&*rules.typed_name, &*rules.reason),
            (&["roll back".into()][..], &["continue".into()][..])
        );
        assert_eq!(rules.hours.unwrap().text, "mon-fri 09:00-17:00");
        for (text, said) in [
            ("typed-name = [\"rol-back\"]", "did you mean `roll-back`?"),
            ("reason = [\"always\"]", "one of roll-back, continue"),
            ("hours = \"9 to 5\"", "mon-fri 09:00-17:00"),
            ("time-zone = \"Mars/Base\"", "Mars/Base"),
            ("read-only = [\"chekout\"]", "cannot watch `chekout`"),
        ] {
            let error = File::parse(&format!("[policy]\n{text}"), "c").unwrap_err().to_string();
            assert!(error.contains(said), "{text}: {error}");
        }
    }

    #[test]
    fn no_color_wins_over_the_theme_of_the_file() {
        let env = Environment { no_color: true, ..quiet() };
        let config = Config::choose(Flags::default(), &env, &file("theme = \"light\"")).unwrap();
        assert_eq!(config.theme, ThemeChoice::Mono);
    }

    #[test]
    fn a_name_of_the_file_stands_for_its_target() {
        let file = file("[targets]\ncheckout = \"codedeploy:shop/checkout\"");
        let flags = |text: &str| Flags { target: Some(text.into()), ..Flags::default() };
        let config = Config::choose(flags("checkout"), &quiet(), &file).unwrap();
        assert_eq!(config.target.unwrap().to_string(), "codedeploy:shop/checkout");
        let error = Config::choose(flags("chekout"), &quiet(), &file).unwrap_err();
        assert!(error.to_string().contains("did you mean `checkout`?"), "{error}");
    }

    #[test]
    fn without_utf8_the_symbols_are_ascii_unless_asked_for() {
        let env = Environment::default();
        let symbols = |text| Config::choose(Flags::default(), &env, &file(text)).unwrap().symbols;
        assert_eq!(symbols(""), Symbols::Ascii);
        assert_eq!(symbols("symbols = \"unicode\""), Symbols::Unicode);
    }
}
