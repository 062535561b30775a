//! `[targets.NAME.blue]` and `.green`: where a side is measured and what runs it, when a person knows
//! it better.

use serde::Deserialize;
use toml::Value;

use crate::domain::{At, CountedBy, Origin, Prometheus, SideSettings, Workload, region_of};

use super::prometheus::PrometheusTable;

/// The table, checked.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(try_from = "Written")]
pub struct SideTable(pub SideSettings);

/// The table as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Written {
    region: Option<String>,
    load_balancer: Option<String>,
    target_group: Option<String>,
    rest_api: Option<String>,
    http_api: Option<String>,
    stage: Option<String>,
    runs: Option<String>,
    /// A table, or an address that stands for the usual names there.
    prometheus: Option<Value>,
}

const CHOICE: &str = "a side is measured at one of `load-balancer`, `rest-api` and `http-api`";

impl TryFrom<Written> for SideTable {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let runs = written.runs.as_deref().map(str::parse::<Workload>).transpose();
        let runs = runs.map_err(|error| error.to_string())?;
        let counting = written.prometheus.clone().map(counting).transpose()?;
        if counting.is_some() && runs.is_none() {
            return Err("`prometheus` needs `runs` beside it".to_owned());
        }
        let says_where = [
            &written.region,
            &written.load_balancer,
            &written.target_group,
            &written.rest_api,
            &written.http_api,
            &written.stage,
        ];
        let says_where = says_where.into_iter().any(Option::is_some);
        if counting.is_some() && says_where {
            return Err(
                "a side is measured by its `prometheus` or where CloudWatch does".to_owned()
            );
        }
        let origin = (says_where || runs.is_none()).then(|| origin(written)).transpose()?;
        Ok(Self(SideSettings { origin, runs, prometheus: counting }))
    }
}

/// Where its requests are counted.
fn counting(written: Value) -> Result<Prometheus, String> {
    let table = match written {
        Value::String(address) => PrometheusTable::usual(&address),
        table => table.try_into().map_err(|error| error.message().to_owned()),
    };
    match table?.0 {
        one if one.counted_by == CountedBy::Pod => Ok(one),
        _ => Err("behind weights requests are counted by pods: preset = \"http\", \"istio\" or \
                  \"linkerd\", or selectors with $pods"
            .to_owned()),
    }
}

/// Where it is measured.
fn origin(written: Written) -> Result<Origin, String> {
    let Written { region, load_balancer, target_group, rest_api, http_api, stage, .. } = written;
    let beside = |name: &str, whose: &str| Err(format!("`{name}` needs `{whose}` beside it"));
    if target_group.is_some() && load_balancer.is_none() {
        return beside("target-group", "load-balancer");
    }
    let mut found = None;
    let at = match (load_balancer, rest_api, http_api, stage) {
        (Some(_), None, None, Some(_)) => return beside("stage", "rest-api"),
        (Some(balancer), None, None, None) => {
            found = region_of(&balancer).map(str::to_owned);
            let name = part(&balancer, ":loadbalancer/", &["app/", "net/"]);
            let name = name.ok_or_else(|| {
                format!("`{balancer}` is no load balancer: write its ARN, or app/NAME/ID")
            })?;
            At::Balancer { name, group: target_group.as_deref().map(group).transpose()? }
        }
        (None, Some(_), None, None) => return beside("rest-api", "stage"),
        (None, Some(name), None, Some(stage)) => At::RestApi { name, stage },
        (None, None, Some(id), stage) => {
            let stage = stage.unwrap_or_else(|| "$default".to_owned());
            At::HttpApi { id, stage }
        }
        (_, _, _, _) => return Err(CHOICE.to_owned()),
    };
    let region = region.or(found).filter(|region| !region.is_empty());
    Ok(Origin { region, at })
}

/// `targetgroup/NAME/ID` of an ARN, or as it is.
fn group(text: &str) -> Result<String, String> {
    let name = text.rsplit_once(':').map_or(text, |(_, name)| name);
    let is_one = name.starts_with("targetgroup/") && name.split('/').count() == 3;
    is_one.then(|| name.to_owned()).ok_or_else(|| {
        format!("`{text}` is no target group: write its ARN, or targetgroup/NAME/ID")
    })
}

/// What follows `mark` in an ARN, or the text itself where it begins in one of these ways.
fn part(text: &str, mark: &str, begins: &[&str]) -> Option<String> {
    let name = text.split_once(mark).map_or(text, |(_, name)| name);
    let is_one = begins.iter().any(|begin| name.starts_with(begin)) && name.split('/').count() == 3;
    is_one.then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn side(text: &str) -> Result<SideSettings, String> {
        toml::from_str(text).map(|table: SideTable| table.0).map_err(|e| e.message().to_owned())
    }

    fn table(text: &str) -> Result<Origin, String> {
        side(text).map(|side| side.origin.unwrap())
    }

    #[test]
    fn a_load_balancer_is_named_by_its_arn_which_holds_the_region_or_by_its_dimension() {
        let balancer = |group: Option<&str>| At::Balancer {
            name: "app/shop/0123456789abcdef".to_owned(),
            group: group.map(str::to_owned),
        };
        let arn = "arn:aws:elasticloadbalancing:eu-west-1:1:loadbalancer/app/shop/0123456789abcdef";
        let there = table(&format!("load-balancer = '{arn}'")).unwrap();
        assert_eq!((there.region.as_deref(), there.at), (Some("eu-west-1"), balancer(None)));
        let here = table(
            "load-balancer = 'app/shop/0123456789abcdef'\n\
             target-group = 'arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/shop/12'",
        );
        assert_eq!(here, Ok(Origin::here(balancer(Some("targetgroup/shop/12")))));
    }

    #[test]
    fn an_api_is_named_with_its_stage() {
        let rest = table("rest-api = 'shop'\nstage = 'prod'\nregion = 'eu-north-1'").unwrap();
        assert_eq!(rest.region.as_deref(), Some("eu-north-1"));
        assert_eq!(rest.at, At::RestApi { name: "shop".into(), stage: "prod".into() });
        let http = table("http-api = 'a1b2c3'").unwrap();
        assert_eq!(http.at, At::HttpApi { id: "a1b2c3".into(), stage: "$default".into() });
    }

    #[test]
    fn what_runs_a_side_is_named_alone_or_beside_where_it_is_measured() {
        let alone = side("runs = 'deployment:eks-a/shop/checkout'").unwrap();
        assert_eq!(alone.runs.unwrap().to_string(), "deployment:eks-a/shop/checkout");
        assert_eq!(alone.origin, None);
        let both = side("runs = 'argo:shop/checkout'\nhttp-api = 'a1b2c3'").unwrap();
        assert!(both.runs.is_some() && both.origin.is_some());
        let counted = "runs = 'argo:shop/checkout'\nprometheus = 'monitoring/prometheus:9090'";
        let address = side(counted).unwrap().prometheus.unwrap().address.to_string();
        assert_eq!(address, "monitoring/prometheus:9090");
        let table = "runs = 'argo:a/b'\nprometheus = { address = 'm/p:80', preset = 'istio' }";
        assert!(side(table).unwrap().prometheus.unwrap().requests.starts_with("istio_"));
    }

    #[test]
    fn what_makes_no_sense_is_said() {
        for (text, why) in [
            ("", CHOICE),
            ("region = 'eu-west-1'", CHOICE),
            ("load-balancer = 'app/a/1'\nhttp-api = 'x'", CHOICE),
            ("load-balancer = 'shop'", "`shop` is no load balancer"),
            ("load-balancer = 'app/a/1'\ntarget-group = 'shop'", "`shop` is no target group"),
            ("target-group = 'targetgroup/a/1'", "`target-group` needs `load-balancer`"),
            ("rest-api = 'shop'", "`rest-api` needs `stage`"),
            ("load-balancer = 'app/a/1'\nstage = 'x'", "`stage` needs `rest-api`"),
            ("balancer = 'app/a/1'", "unknown field `balancer`"),
            ("runs = 'deployment/checkout'", "`deployment/checkout` is nothing that runs in a"),
            ("runs = 'argo:a/b'\nstage = 'x'", CHOICE),
            ("prometheus = 'a/b:1'", "`prometheus` needs `runs`"),
            ("runs = 'argo:a/b'\nprometheus = 'nowhere'", "`nowhere` is no address"),
            ("runs = 'argo:a/b'\nprometheus = 'a/b:1'\nhttp-api = 'x'", "by its `prometheus` or"),
        ] {
            let error = side(text).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
