//! `cutover iam-policy`: the permissions that an AWS account has to give.

use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use super::{Outcome, Output, Surroundings, watch};
use crate::config::Flags;
use crate::domain::Prometheus;
use crate::sources::permissions::{Statement, Where, policy};

/// The least IAM policy that watching and acting on a target need, or listing, watching and acting
/// on all of them. Nothing is asked of AWS for it.
#[derive(Debug, Args)]
pub(super) struct IamPolicy {
    /// What is watched, as `cutover` takes it, or a name from the configuration file
    target: Option<String>,
    /// Only what looking needs
    #[arg(long)]
    read_only: bool,
    /// Region, e.g. eu-west-1; all of them when absent
    #[arg(long, value_name = "NAME")]
    region: Option<String>,
    /// The account's twelve digits; whichever holds the policy when absent
    #[arg(long, value_name = "ID", value_parser = account)]
    account: Option<String>,
}

fn account(text: &str) -> Result<String, String> {
    let fine = text.len() == 12 && text.chars().all(|c| c.is_ascii_digit());
    fine.then(|| text.to_owned()).ok_or_else(|| "an account is twelve digits".to_owned())
}

/// The JSON that IAM takes.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Policy {
    version: &'static str,
    statement: Vec<Allowed>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Allowed {
    sid: String,
    effect: &'static str,
    action: Vec<&'static str>,
    resource: Vec<String>,
}

impl From<Statement> for Allowed {
    fn from(Statement { sid, actions, resources }: Statement) -> Self {
        Self { sid, effect: "Allow", action: actions, resource: resources }
    }
}

impl IamPolicy {
    pub(super) fn run(self, output: &mut Output) -> Outcome {
        let Self { target, read_only, region, account } = self;
        let is_named = target.is_some();
        let flags = Flags { target, ..Flags::default() };
        let config = watch::choose(flags, &Surroundings::read()?)?;
        let target = config.target.filter(|_| is_named);
        let counters: Vec<Prometheus> = match &target {
            Some(target) if !target.is_in_cluster() => {
                let sides = config.sides.of(target).iter();
                sides.filter_map(|said| said.prometheus.clone()).collect()
            }
            Some(_) | None => config.prometheus.into_iter().collect(),
        };
        let counted_by = counters.into_iter().map(|one| one.address).collect();
        let place = Where { region, account, counted_by };
        let Some(statements) = policy(target.as_ref(), &place, read_only) else {
            return Err(
                "what runs in a cluster and is counted there needs its roles, no IAM policy\
                        \n\nhint: cutover rbac"
                    .into(),
            );
        };
        let statement = statements.into_iter().map(Allowed::from).collect();
        let policy = Policy { version: "2012-10-17", statement };
        serde_json::to_writer_pretty(&mut output.data, &policy)?;
        writeln!(output.data)?;
        Ok(ExitCode::SUCCESS)
    }
}
