//! A function: both versions, and what its alias gives each.

use crate::domain::{
    At, Environment, Fact, Fault, FaultKind, ListenerSplit, Origin, Revision, Side, Split, Traffic,
    Weight,
};
use crate::sources::logs;
use crate::sources::metrics::Measured;

use super::super::function::Alias;
use super::super::raw::Raw;
use super::sides::lacking;

/// A function, its alias, and the versions of both sides.
///
/// During a rollback blue stays what served before the rollout that is undone, and green what is
/// undone, whatever the rollback calls them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Versions {
    /// The function's name.
    pub(crate) function: String,
    /// The alias that clients call.
    pub(crate) alias: String,
    blue: Option<String>,
    green: Option<String>,
}

impl Versions {
    /// As far as CodeDeploy has named them.
    pub(crate) fn of(raw: &Raw) -> Option<Self> {
        let control = raw.control.value()?;
        let told = |undone: bool| {
            let of = if undone { control.undone.as_ref() } else { control.deployment.as_ref() };
            of?.destination()?.function()
        };
        let own = told(false);
        let labels = told(true).or(own)?;
        let named = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
        Some(Self {
            function: named(labels.function_name())?,
            alias: named(labels.function_alias())?,
            blue: named(labels.current_version()),
            green: named(labels.target_version()),
        })
    }

    fn side(&self, side: Side) -> Option<&str> {
        match side {
            Side::Blue => self.blue.as_deref(),
            Side::Green => self.green.as_deref(),
        }
    }

    /// Green's share of what both versions get, in percent.
    fn share(&self, alias: &Alias) -> Option<f64> {
        let of = |version: &Option<String>| version.as_deref().map(|one| alias.share(one));
        let (blue, green) = (of(&self.blue)?, of(&self.green)?);
        // A third version that somebody has put there gets the rest.
        ((blue + green - 100.0).abs() < 0.05).then_some(green)
    }
}

/// Green's share in percent, by the alias.
pub(crate) fn share(raw: &Raw) -> Option<f64> {
    Versions::of(raw)?.share(raw.alias.value()?)
}

/// What the alias gives each version: it is both what was asked for and what holds.
pub(crate) fn traffic(raw: &Raw) -> Traffic {
    let Some(versions) = Versions::of(raw) else {
        return Traffic { planned: lacking(raw), listener: lacking(raw), ..Traffic::default() };
    };
    let split = raw.alias.value().and_then(|alias| versions.share(alias)).and_then(Weight::percent);
    let split = split.map(|green| Split { green });
    let elsewhere = || {
        let text = format!("alias {} leads to other versions", versions.alias);
        Fault::new(FaultKind::Absent, "lambda:GetAlias", text)
    };
    let planned = match (split, raw.alias.value()) {
        (Some(split), _) => raw.alias.map(|_| split),
        (None, Some(_)) => Fact::Unknown { fault: elsewhere() },
        (None, None) => raw.alias.map(|_| Split::ALL_BLUE),
    };
    let held = split.map_or(ListenerSplit::Elsewhere, ListenerSplit::Split);
    Traffic { planned, listener: raw.alias.map(|_| held.clone()), ..Traffic::default() }
}

/// One version. It has no tasks and no targets, and needs none.
pub(crate) fn environment(raw: &Raw, side: Side) -> Environment {
    let versions = Versions::of(raw);
    let named = versions.as_ref().and_then(|known| Some((known, known.side(side)?)));
    Environment {
        revision: match (named, raw.deployment()) {
            (Some((versions, version)), Some(deployment)) => {
                let revision = revision(raw, versions, version);
                deployment.target.map(|_| revision.clone())
            }
            _ => lacking(raw),
        },
        tasks: absent("a function has no tasks"),
        task_list: absent("a function has no tasks"),
        target_group: None,
        targets: absent("a function has no targets"),
        log: logs::unread(
            "the log of a function is not read here; hint: aws logs tail /aws/lambda/NAME",
        ),
        runs: None,
    }
}

fn revision(raw: &Raw, versions: &Versions, version: &str) -> Revision {
    let name = format!("{}:{version}", versions.function);
    let alias = raw.alias.value().and_then(|alias| alias.arn.as_deref());
    let whole = alias.and_then(|arn| arn.rsplit_once(':')).map(|(of, _)| format!("{of}:{version}"));
    Revision { arn: whole.unwrap_or_else(|| name.clone()), name, images: Vec::new(), active: None }
}

fn absent<T>(text: &str) -> Fact<T> {
    Fact::Unknown { fault: Fault::new(FaultKind::Absent, "lambda:GetAlias", text) }
}

/// What CloudWatch calls the two versions.
pub(crate) fn measured(raw: &Raw) -> Option<Measured> {
    let Versions { function, alias, blue, green } = Versions::of(raw)?;
    let at = |version: String| {
        let (function, alias) = (function.clone(), alias.clone());
        Origin::here(At::Version { function, alias, version })
    };
    Some(Measured::new(at(blue?), green.map(at)))
}
