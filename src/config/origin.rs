//! `[targets.NAME.blue]` and `.green`: where a side is measured, when a person knows it better.

use serde::Deserialize;

use crate::domain::{At, Origin};

/// The table, checked.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Written")]
pub struct OriginTable(pub Origin);

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
}

const CHOICE: &str = "a side is measured at one of `load-balancer`, `rest-api` and `http-api`";

impl TryFrom<Written> for OriginTable {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let Written { region, load_balancer, target_group, rest_api, http_api, stage } = written;
        let beside = |name: &str, whose: &str| Err(format!("`{name}` needs `{whose}` beside it"));
        if target_group.is_some() && load_balancer.is_none() {
            return beside("target-group", "load-balancer");
        }
        let mut found = None;
        let at = match (load_balancer, rest_api, http_api, stage) {
            (Some(_), None, None, Some(_)) => return beside("stage", "rest-api"),
            (Some(balancer), None, None, None) => {
                found = region_of(&balancer);
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
        Ok(Self(Origin { region, at }))
    }
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

/// The Region that an ARN names.
fn region_of(arn: &str) -> Option<String> {
    arn.starts_with("arn:").then(|| arn.split(':').nth(3).map(str::to_owned))?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str) -> Result<Origin, String> {
        toml::from_str(text).map(|table: OriginTable| table.0).map_err(|e| e.message().to_owned())
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
        ] {
            let error = table(text).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
