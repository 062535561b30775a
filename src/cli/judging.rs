//! The arguments of `cutover judge`.

use std::io::Read;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::judge::{self, Format};
use super::{Failure, Outcome, Output};
use crate::stats::Verdict;

/// Stored minutes of blue and green, judged as they would have been judged live: exit code 1 when
/// green ends up worse.
#[derive(Debug, Args)]
pub(super) struct Judge {
    /// The file; standard input when absent or `-`
    file: Option<PathBuf>,
    /// How the file is written; by default it is looked at
    #[arg(long, value_name = "FORMAT")]
    format: Option<Written>,
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

impl Judge {
    pub(super) fn run(&self, output: &mut Output) -> Outcome {
        let input = self.read()?;
        let format = match self.format {
            None => Format::detect(&input),
            Some(Written::Json) => Format::Json,
            Some(Written::Csv) => Format::Csv,
        };
        let outcome = judge::run(&input, format, self.json, &mut output.data)?;
        Ok(match outcome.verdict {
            Verdict::Worse => ExitCode::FAILURE,
            Verdict::NoWorse
            | Verdict::Better
            | Verdict::Undecided
            | Verdict::NoData
            | Verdict::CannotCompareSideBySide => ExitCode::SUCCESS,
        })
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
