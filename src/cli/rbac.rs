//! `cutover rbac`: the roles that a cluster has to give.

use std::process::ExitCode;

use clap::Args;

use super::{Outcome, Output};

/// What watching needs, and what ordering needs beside it.
const READ: &str = include_str!("../../assets/kubernetes/read.yaml");
const ACT: &str = include_str!("../../assets/kubernetes/act.yaml");

/// The Kubernetes roles that watching and acting on Argo Rollouts need, for `kubectl apply -f -`.
#[derive(Debug, Args)]
pub(super) struct Rbac {
    /// Only what watching needs
    #[arg(long)]
    read_only: bool,
}

impl Rbac {
    pub(super) fn run(&self, output: &mut Output) -> Outcome {
        output.data.write_all(READ.as_bytes())?;
        if !self.read_only {
            writeln!(output.data, "---")?;
            output.data.write_all(ACT.as_bytes())?;
        }
        Ok(ExitCode::SUCCESS)
    }
}
