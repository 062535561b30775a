//! `cutover targets`: what can be watched in the account and Region.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::Args;
use serde::Serialize;
use unicode_width::UnicodeWidthStr;

use super::watch::{self, Aws};
use super::{Failure, Outcome, Output, Surroundings};
use crate::config::Flags;
use crate::domain::{ControlPlane, Fault, FaultKind, Found, Gap, GapReason, Listing, Share, What};
use crate::sources::AwsOptions;
use crate::ui::clean;

/// What can be watched in the account and Region. Exit code 0: everything was looked at. 1: some
/// of it could not be, standard error says what and why. 2: nothing could.
#[derive(Debug, Args)]
pub(super) struct Targets {
    #[command(flatten)]
    aws: Aws,
    /// As JSON, see docs/targets-json.md
    #[arg(long)]
    json: bool,
}

/// The JSON document.
#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    complete: bool,
    owners_known: bool,
    #[serde(flatten)]
    listing: &'a Listing,
}

impl Targets {
    pub(super) fn run(self, output: &mut Output) -> Outcome {
        let around = Surroundings::read()?;
        let Aws { profile, region } = self.aws;
        let flags = Flags { target: None, profile, region, read_only: true };
        let config = watch::choose(flags, &around)?;
        let clock = watch::clock(&around)?;
        let options = AwsOptions { cluster_only: false, ..watch::options(&config, &clock) };
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let listing = runtime.block_on(async {
            let account = watch::connect(options, &mut output.talk).await?;
            Box::pin(account.targets()).await.map_err(|fault| Failure::from(said(&fault)))
        });
        runtime.shutdown_background();
        let listing = listing?;
        if self.json {
            let document = Document {
                schema: "cutover.targets/1",
                complete: listing.gaps.is_empty(),
                owners_known: listing.knows_owners(),
                listing: &listing,
            };
            serde_json::to_writer_pretty(&mut output.data, &document)?;
            writeln!(output.data)?;
        } else {
            print(&listing, &mut output.data)?;
        }
        talk(&listing, &mut output.talk)?;
        Ok(ExitCode::from(code(&listing)))
    }
}

fn code(listing: &Listing) -> u8 {
    let failed = |gap: &&Gap| matches!(gap.why, GapReason::Failed(_));
    let planes: BTreeSet<_> =
        listing.gaps.iter().filter(failed).map(|gap| gap.control_plane).collect();
    let nothing = listing.targets.is_empty() && listing.owned.is_empty();
    match (listing.gaps.is_empty(), planes.len() == PLANES && nothing) {
        (true, _) => 0,
        (false, false) => 1,
        (false, true) => 2,
    }
}

/// How many control planes are asked.
const PLANES: usize = 5;

fn said(fault: &Fault) -> String {
    match fault.hint() {
        Some(hint) => format!("{}\n\nhint: {hint}", clean(&fault.to_string())),
        None => clean(&fault.to_string()).into_owned(),
    }
}

fn print(listing: &Listing, out: &mut dyn Write) -> io::Result<()> {
    if !listing.targets.is_empty() {
        let rows =
            listing.targets.iter().map(|one| [now(one), what(&one.what), one.target.clone()]);
        table(["NOW", "WHAT", "TARGET"], rows, out)?;
    }
    if !listing.owned.is_empty() {
        if !listing.targets.is_empty() {
            writeln!(out)?;
        }
        let owner = |one: &Found| one.owner.clone().unwrap_or_default();
        let rows = listing.owned.iter().map(|one| [now(one), what(&one.what), owner(one)]);
        table(["NOW", "WHAT", "NO TARGET: IT IS MOVED BY"], rows, out)?;
    }
    Ok(())
}

/// Columns as wide as their widest entry. The last one may be long: nothing stands beside it.
fn table(
    head: [&str; 3],
    rows: impl Iterator<Item = [String; 3]>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let clean = |row: [String; 3]| row.map(|text| clean(&text).into_owned());
    let rows: Vec<_> = std::iter::once(head.map(str::to_owned)).chain(rows.map(clean)).collect();
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|text| text.width()).max().unwrap_or(0)
    };
    let (first, second) = (width(0), width(1));
    for [a, b, c] in &rows {
        let gap = |text: &str, width: usize| " ".repeat(width.saturating_sub(text.width()) + 2);
        writeln!(out, "{a}{}{b}{}{c}", gap(a, first), gap(b, second))?;
    }
    Ok(())
}

/// What happens there now, in a few words.
fn now(one: &Found) -> String {
    if !one.running {
        return "–".to_owned();
    }
    let shares = one.what.shares();
    if !shares.is_empty() {
        return shares.iter().map(|share| share.weight.to_string()).collect::<Vec<_>>().join(" : ");
    }
    match (&one.rollout, &one.status) {
        (Some(rollout), Some(status)) => format!("{rollout} {status}"),
        (Some(_), None) => "deploys".to_owned(),
        (None, status) => status.clone().unwrap_or_else(|| "deploys".to_owned()),
    }
}

/// What it is, in a few words.
fn what(what: &What) -> String {
    match what {
        What::CodeDeploy { platform, service } => match (platform.as_str(), service) {
            (_, Some(service)) => format!("CodeDeploy, ECS service {service}"),
            ("Server", None) => "CodeDeploy, instances".to_owned(),
            (other, None) => format!("CodeDeploy, {other}"),
        },
        What::Ecs { strategy } => {
            format!("ECS, {}", strategy.to_lowercase().replace('_', "/"))
        }
        What::Alb { balancer, port, priority, conditions, shares } => {
            let port = port.map(|port| format!(":{port}")).unwrap_or_default();
            let rule = match priority {
                Some(priority) => format!("rule {priority}"),
                None => "default rule".to_owned(),
            };
            let when = if conditions.is_empty() {
                String::new()
            } else {
                format!(" ({})", conditions.join(" and "))
            };
            format!("ALB {balancer}{port}, {rule}{when}: {}", divided(shares))
        }
        What::Route53 { zone, shares } => format!("Route 53 {zone}: {}", divided(shares)),
        What::Beanstalk { environments, traffic_splitting: true } => {
            format!("Elastic Beanstalk, splits traffic: {}", environments.join(", "))
        }
        What::Beanstalk { environments, traffic_splitting: false } => {
            format!("Elastic Beanstalk, swaps {}", environments.join(" and "))
        }
    }
}

fn divided(shares: &[Share]) -> String {
    let each = shares.iter().map(|share| format!("{} {}", share.name, share.weight));
    each.collect::<Vec<_>>().join(", ")
}

fn name(plane: ControlPlane) -> &'static str {
    match plane {
        ControlPlane::CodeDeploy => "CodeDeploy",
        ControlPlane::Ecs => "ECS",
        ControlPlane::Alb => "load balancers",
        ControlPlane::Route53 => "Route 53",
        ControlPlane::Beanstalk => "Elastic Beanstalk",
    }
}

/// What is missing, and why.
fn talk(listing: &Listing, talk: &mut dyn Write) -> io::Result<()> {
    if listing.targets.is_empty() && listing.owned.is_empty() && listing.gaps.is_empty() {
        let place = listing.identity.as_ref();
        let place = place.map(|who| format!(" in {}, {}", who.account, who.region));
        writeln!(talk, "nothing that can be watched{}", clean(&place.unwrap_or_default()))?;
    }
    let mut denied = false;
    for gap in &listing.gaps {
        let plane = name(gap.control_plane);
        match &gap.why {
            GapReason::Failed(fault) => {
                denied |= matches!(fault.kind, FaultKind::Denied { .. });
                writeln!(talk, "not all of {plane}: {}", clean(&fault.to_string()))?;
            }
            GapReason::TooMany { most, things } => {
                writeln!(
                    talk,
                    "not all of {plane}: only the first {most} {things} were looked at"
                )?;
            }
        }
    }
    if !listing.knows_owners() && listing.targets.iter().any(|one| !one.what.shares().is_empty()) {
        writeln!(talk, "so an alb: target may be one that CodeDeploy or ECS moves")?;
    }
    if denied {
        writeln!(talk, "\nhint: `cutover iam-policy --read-only` prints what listing needs")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(target: &str, what: What, running: bool) -> Found {
        Found {
            target: target.to_owned(),
            what,
            running,
            rollout: running.then(|| "d-7XQ2M4KPL".to_owned()),
            status: running.then(|| "InProgress".to_owned()),
            owner: None,
        }
    }

    fn share(name: &str, weight: u32) -> Share {
        Share { name: name.to_owned(), weight }
    }

    fn everything() -> Listing {
        let group = What::CodeDeploy {
            platform: "ECS".into(),
            service: Some("prod/check\u{1b}[31mout".into()),
        };
        let rule = |priority: Option<&str>, green| What::Alb {
            balancer: "shop".into(),
            port: Some(443),
            priority: priority.map(str::to_owned),
            conditions: priority.map(|_| "path-pattern /api/*".to_owned()).into_iter().collect(),
            shares: vec![share("blue", 90), share("green", green)],
        };
        let owned = Found {
            owner: Some("codedeploy:shop/checkout".into()),
            ..found("alb:arn:x", rule(None, 0), false)
        };
        Listing {
            identity: None,
            targets: vec![
                found("codedeploy:shop/checkout", group, true),
                found("ecs:prod/search", What::Ecs { strategy: "BLUE_GREEN".into() }, false),
                found("alb:arn:aws:1", rule(Some("10"), 10), true),
                found(
                    "beanstalk:shop",
                    What::Beanstalk {
                        environments: vec!["shop-a".into(), "shop-b".into()],
                        traffic_splitting: false,
                    },
                    false,
                ),
            ],
            owned: vec![owned],
            gaps: Vec::new(),
        }
    }

    fn text(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> String {
        let mut out = Vec::new();
        write(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_table_is_aligned_and_the_longest_texts_stand_last() {
        let text = text(|out| print(&everything(), out));
        assert_eq!(
            text,
            "\
NOW                     WHAT                                                            TARGET
d-7XQ2M4KPL InProgress  CodeDeploy, ECS service prod/check<1b>[31mout                   codedeploy:shop/checkout
–                       ECS, blue/green                                                 ecs:prod/search
90 : 10                 ALB shop:443, rule 10 (path-pattern /api/*): blue 90, green 10  alb:arn:aws:1
–                       Elastic Beanstalk, swaps shop-a and shop-b                      beanstalk:shop

NOW  WHAT                                          NO TARGET: IT IS MOVED BY
–    ALB shop:443, default rule: blue 90, green 0  codedeploy:shop/checkout
"
        );
    }

    fn gap(control_plane: ControlPlane) -> Gap {
        let permission = "route53:ListHostedZones".to_owned();
        let fault = Fault::new(FaultKind::Denied { permission }, "route53:ListHostedZones", "");
        Gap { control_plane, why: GapReason::Failed(fault) }
    }

    #[test]
    fn what_is_missing_is_said_with_the_permission_and_ends_with_one() {
        let mut listing = everything();
        assert_eq!(code(&listing), 0);
        listing.gaps.push(gap(ControlPlane::Route53));
        let why = GapReason::TooMany { most: 50, things: "clusters" };
        listing.gaps.push(Gap { control_plane: ControlPlane::Ecs, why });
        let said = text(|out| talk(&listing, out));
        for part in [
            "not all of Route 53: route53:ListHostedZones failed: no permission for",
            "not all of ECS: only the first 50 clusters were looked at",
            "an alb: target may be one that CodeDeploy or ECS moves",
            "hint: `cutover iam-policy --read-only`",
        ] {
            assert!(said.contains(part), "{said}");
        }
        assert_eq!(code(&listing), 1);
    }

    #[test]
    fn nothing_at_all_is_an_error_and_nothing_there_is_none() {
        use ControlPlane::{Alb, Beanstalk, CodeDeploy, Ecs, Route53};
        let mut listing = Listing::default();
        assert_eq!(code(&listing), 0);
        assert_eq!(text(|out| talk(&listing, out)), "nothing that can be watched\n");
        listing.gaps = [CodeDeploy, Ecs, Alb, Route53, Beanstalk].map(gap).into();
        assert_eq!(code(&listing), 2);
    }
}
