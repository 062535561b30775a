//! `cutover [TARGET]`: the screen on a real account.

use std::io::{self, BufRead, IsTerminal, Write};
use std::sync::Arc;

use clap::Args;

use super::screen::{self, Opening};
use super::{Failure, Outcome, Output, Surroundings};
use crate::config::{Config, Flags};
use crate::domain::{CodeError, Target};
use crate::runtime::Clock;
use crate::sources::{self, Aws as Account, AwsOptions};
use crate::ui::clean;

/// What to watch, and as whom.
#[derive(Debug, Args)]
pub(super) struct Watch {
    /// codedeploy:APP/GROUP, ecs:CLUSTER/SERVICE, alb:RULE_OR_LISTENER_ARN, alb:BLUE/GREEN,
    /// route53:ZONE/NAME/TYPE, beanstalk:APP, argo:[CONTEXT/]NAMESPACE/NAME, a deployment id such as
    /// d-ABC123DEF, or a name from the configuration file
    target: Option<String>,
    #[command(flatten)]
    aws: Aws,
    /// Look only: no client that could change anything is built
    #[arg(long)]
    read_only: bool,
}

/// As whom to ask AWS.
#[derive(Debug, Clone, Args)]
pub(super) struct Aws {
    /// Profile of the AWS configuration
    #[arg(long, value_name = "NAME")]
    pub(super) profile: Option<String>,
    /// Region, e.g. eu-west-1
    #[arg(long, value_name = "NAME")]
    pub(super) region: Option<String>,
}

impl Watch {
    pub(super) fn run(self, output: &mut Output) -> Outcome {
        let around = Surroundings::read()?;
        let Self { target, aws, read_only } = self;
        let flags = Flags { target, profile: aws.profile, region: aws.region, read_only };
        let config = choose(flags, &around)?;
        let clock = clock(&around)?;
        let options = options(&config, &clock);
        let opening = Opening {
            target: config.target.clone(),
            read_only: config.read_only,
            demo: None,
            audit: around.paths.audit.clone(),
            clock,
        };
        let connect = async move { sources::connect(options).await.map_err(|e| e.to_string()) };
        screen::show(opening, &config, &around, connect, output)
    }
}

/// The account, for a single question. Where a multi-factor device's code is wanted, whoever sits
/// at the terminal is asked for it first.
pub(super) async fn connect(options: AwsOptions, talk: &mut dyn Write) -> Result<Account, Failure> {
    let account = sources::connect(options).await?;
    if let Some(device) = account.device().filter(|_| io::stdin().is_terminal()) {
        write!(talk, "code of {}: ", clean(device))?;
        talk.flush()?;
        let mut answer = String::new();
        io::stdin().lock().read_line(&mut answer)?;
        account.present(answer.parse().map_err(|why: CodeError| why.to_string())?);
    }
    Ok(account)
}

/// What everything that was said comes to. A wrong target may have been meant as a command.
pub(super) fn choose(flags: Flags, around: &Surroundings) -> Result<Config, Failure> {
    let text = flags.target.clone();
    Config::choose(flags, &around.env, &around.file).map_err(|mut error| {
        if let Some(command) = text.and_then(|text| super::nearest_command(&text)) {
            error.why = format!("{}; did you mean the command `{command}`?", error.why);
        }
        error.into()
    })
}

/// The real time, or what a simulator hands over.
pub(super) fn clock(around: &Surroundings) -> Result<Clock, Failure> {
    Ok(match &around.env.clock {
        Some(text) => Clock::handed_over(text)?,
        None => Clock::real(),
    })
}

/// Where to connect to.
pub(super) fn options(config: &Config, clock: &Clock) -> AwsOptions {
    AwsOptions {
        profile: config.profile.clone(),
        region: config.region.clone(),
        loopback: None,
        cluster_only: config.target.as_ref().is_some_and(Target::is_in_cluster),
        read_only: config.read_only,
        time: Arc::new(clock.clone()),
        seed: super::random(),
        verdicts: config.verdicts.clone(),
        prometheus: config.prometheus.clone(),
        sides: config.sides.clone(),
    }
}

/// The target that has to be there.
pub(super) fn required(config: &Config) -> Result<Target, Failure> {
    config.target.clone().ok_or_else(|| {
        format!(
            "no target: what shall be read?\n\nhint: write {}, or set `target` in the \
             configuration file",
            crate::domain::TARGET_FORMS
        )
        .into()
    })
}
