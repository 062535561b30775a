//! The arguments of `cutover judge`.

use std::io::Read;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::judge::{self, Format};
use super::{Failure, Outcome, Output, Surroundings};
use crate::stats::{Config, Probability, Verdict};

/// Stored minutes of blue and green, judged as they would have been judged live: exit code 1 when
/// green ends up worse.
#[derive(Debug, Args)]
pub(super) struct Judge {
    /// The file; standard input when absent or `-`
    file: Option<PathBuf>,
    /// How the file is written; by default it is looked at
    #[arg(long, value_name = "FORMAT")]
    format: Option<Written>,
    /// Judge as the configuration file says for this target; by default as its `[verdict]` says
    #[arg(long, value_name = "TARGET")]
    target: Option<String>,
    /// How often "worse" may be wrong, over all minutes; wins over the configuration file
    #[arg(long, value_name = "P", value_parser = probability)]
    alpha: Option<Probability>,
    /// How often "no worse" may be wrong, over all minutes; wins over the configuration file
    #[arg(long, value_name = "P", value_parser = probability)]
    beta: Option<Probability>,
    /// As JSON: one object for each minute
    #[arg(long)]
    json: bool,
}

/// How the input is written.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Written {
    Json,
    Csv,
}

fn probability(text: &str) -> Result<Probability, String> {
    let number = text.parse::<f64>().ok().and_then(Probability::new);
    number.ok_or_else(|| "a probability is a number above 0 and below 1".to_owned())
}

impl Judge {
    pub(super) fn run(&self, output: &mut Output) -> Outcome {
        let input = self.read()?;
        let format = match self.format {
            None => Format::detect(&input),
            Some(Written::Json) => Format::Json,
            Some(Written::Csv) => Format::Csv,
        };
        let outcome = judge::run(&input, format, &self.config()?, self.json, &mut output.data)?;
        Ok(match outcome.verdict {
            Verdict::Worse => ExitCode::FAILURE,
            Verdict::NoWorse
            | Verdict::Better
            | Verdict::Undecided
            | Verdict::NoData
            | Verdict::CannotCompareSideBySide => ExitCode::SUCCESS,
        })
    }

    /// How the target is judged, with what the flags change about it.
    fn config(&self) -> Result<Config, Failure> {
        let file = Surroundings::read()?.file;
        let mut config = match &self.target {
            Some(target) => file.verdicts().of(&file.resolve(target)?).clone(),
            None => file.verdict,
        };
        config.alpha = self.alpha.unwrap_or(config.alpha);
        config.beta = self.beta.unwrap_or(config.beta);
        Ok(config)
    }

    fn read(&self) -> Result<String, Failure> {
        if let Some(path) = self.file.as_deref().filter(|path| path.as_os_str() != "-") {
            return std::fs::read_to_string(path)
                .map_err(|error| format!("cannot read {}: {error}", path.display()).into());
        }
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text)?;
        Ok(text)
    }
}
