//! What CloudWatch calls the things that are measured.

use crate::domain::{At, Origin};

use super::metrics::Measured;

/// What CloudWatch calls the two groups behind a listener; `route` is the ARN of the listener or of
/// one of its rules.
pub(crate) fn groups(route: &str, blue: &str, green: &str) -> Option<Measured> {
    let name = load_balancer(route)?;
    let behind = |group| behind(&name, group);
    Some(Measured::new(behind(blue)?, Some(behind(green)?)))
}

/// What it calls a load balancer that is all one side's, by its ARN.
pub(crate) fn whole(arn: &str) -> Option<Origin> {
    Some(Origin::here(At::Balancer { name: balancer(arn)?, group: None }))
}

/// The same with what both sides run, by the ARNs of their task definitions.
pub(crate) fn running(measured: Measured, blue: Option<&str>, green: Option<&str>) -> Measured {
    // arn:…:task-definition/FAMILY:REVISION
    let name = |arn: &str| arn.rsplit('/').next().map(str::to_owned);
    Measured { blue_runs: blue.and_then(name), green_runs: green.and_then(name), ..measured }
}

/// What it calls the only group behind a load balancer; `before` is the ARN of the load balancer, of
/// a listener or of one of its rules.
pub(crate) fn group(before: &str, only: &str) -> Option<Origin> {
    behind(&balancer(before).or_else(|| load_balancer(before))?, only)
}

fn behind(load_balancer: &str, group: &str) -> Option<Origin> {
    let (name, group) = (load_balancer.to_owned(), Some(dimension(group)?));
    Some(Origin::here(At::Balancer { name, group }))
}

/// `KIND/NAME/HEX` in `arn:…:loadbalancer/KIND/NAME/HEX`.
fn balancer(arn: &str) -> Option<String> {
    arn.split_once(":loadbalancer/").map(|(_, name)| name.to_owned())
}

/// `targetgroup/NAME/HEX` in `arn:…:targetgroup/NAME/HEX`.
fn dimension(group: &str) -> Option<String> {
    group.rsplit_once(':').map(|(_, dimension)| dimension.to_owned())
}

/// `KIND/NAME/HEX` in `arn:…:listener/KIND/NAME/HEX/HEX` or `arn:…:listener-rule/…/HEX/HEX`.
fn load_balancer(route: &str) -> Option<String> {
    let path = route.split_once(":listener/").or_else(|| route.split_once(":listener-rule/"))?.1;
    let parts: Vec<&str> = path.split('/').take(3).collect();
    (parts.len() == 3).then(|| parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_load_balancer_is_in_the_arn_of_whatever_routes() {
        for (route, name) in [
            ("arn:aws:elasticloadbalancing:r:1:listener/app/shop/11/22", Some("app/shop/11")),
            (
                "arn:aws:elasticloadbalancing:r:1:listener-rule/app/shop/11/22/33",
                Some("app/shop/11"),
            ),
            ("arn:aws:elasticloadbalancing:r:1:listener/net/shop/11/22", Some("net/shop/11")),
            ("arn:aws:elasticloadbalancing:r:1:listener/app", None),
            ("", None),
        ] {
            assert_eq!(load_balancer(route).as_deref(), name, "{route}");
        }
    }
}
