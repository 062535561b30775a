//! What can be watched in the account and Region.
//!
//! All control planes are asked at the same time, each page by page, no faster than a small part of
//! its quota and no further than its bounds: people, consoles and pipelines draw from the same
//! buckets. What may not be asked is a gap in the answer and stops nobody else.

mod alb;
mod beanstalk;
mod codedeploy;
mod ecs;
mod route53;

use std::collections::BTreeMap;
use std::time::Duration;

use crate::domain::{ControlPlane, Fault, FaultKind, Found, Gap, GapReason, Listing, Share, What};

use super::aws::Aws;

impl Aws {
    /// What can be watched here. What could not be looked at is in the answer, too; it fails only
    /// where nobody may ask anything.
    pub async fn targets(&self) -> Result<Listing, Fault> {
        let identity = match self.identity().await {
            Err(fault) if fault.concerns_identity() => return Err(fault),
            answer => answer.ok(),
        };
        let (codedeploy, ecs, alb, route53, beanstalk) = tokio::join!(
            Shelf::fill(ControlPlane::CodeDeploy, async |shelf| codedeploy::list(self, shelf)
                .await),
            Shelf::fill(ControlPlane::Ecs, async |shelf| ecs::list(self, shelf).await),
            Shelf::fill(ControlPlane::Alb, async |shelf| alb::list(self, shelf).await),
            Shelf::fill(ControlPlane::Route53, async |shelf| route53::list(self, shelf).await),
            Shelf::fill(ControlPlane::Beanstalk, async |shelf| beanstalk::list(self, shelf).await),
        );
        Ok(Listing { identity, ..listing([codedeploy, ecs, alb, route53, beanstalk]) })
    }
}

/// What one control plane has brought.
struct Shelf {
    of: ControlPlane,
    found: Vec<Found>,
    gaps: Vec<Gap>,
    /// Target groups whose traffic it moves, with the target that does.
    moves: Vec<(String, String)>,
}

impl Shelf {
    async fn fill(
        of: ControlPlane,
        list: impl AsyncFnOnce(&mut Self) -> Result<(), Fault>,
    ) -> Self {
        let mut shelf = Self { of, found: Vec::new(), gaps: Vec::new(), moves: Vec::new() };
        if let Err(fault) = list(&mut shelf).await {
            shelf.failed(fault);
        }
        shelf
    }

    /// Notes a failure; of calls that fail alike one is enough.
    fn failed(&mut self, fault: Fault) {
        let known = |gap: &Gap| match &gap.why {
            GapReason::Failed(other) => {
                (&other.operation, &other.kind) == (&fault.operation, &fault.kind)
            }
            GapReason::TooMany { .. } => false,
        };
        if !self.gaps.iter().any(known) {
            self.gaps.push(Gap { control_plane: self.of, why: GapReason::Failed(fault) });
        }
    }

    /// Leaves out what is beyond `most`, and says so.
    fn bound<T>(&mut self, all: &mut Vec<T>, most: usize, things: &'static str) {
        if all.len() > most {
            all.truncate(most);
            self.too_many(most, things);
        }
    }

    fn too_many(&mut self, most: usize, things: &'static str) {
        self.gaps.push(Gap { control_plane: self.of, why: GapReason::TooMany { most, things } });
    }

    /// The answer; nothing where only this question was refused, which the next one need not be;
    /// the failure where asking on makes no sense.
    fn spare<T>(&mut self, answer: Result<T, Fault>) -> Result<Option<T>, Fault> {
        match answer {
            Ok(answer) => Ok(Some(answer)),
            // It is gone since it was listed.
            Err(Fault { kind: FaultKind::NotFound, .. }) => Ok(None),
            Err(fault) => match fault.kind {
                FaultKind::Denied { .. } | FaultKind::Rejected { .. } => {
                    self.failed(fault);
                    Ok(None)
                }
                _ => Err(fault),
            },
        }
    }
}

/// Puts together what all have brought. What another one moves is not offered: it would be moved
/// back.
fn listing(shelves: impl IntoIterator<Item = Shelf>) -> Listing {
    let mut listing = Listing::default();
    let mut movers = BTreeMap::new();
    let mut found = Vec::new();
    for shelf in shelves {
        found.extend(shelf.found);
        listing.gaps.extend(shelf.gaps);
        movers.extend(shelf.moves);
    }
    for mut one in found {
        if let What::Alb { shares, .. } = &one.what {
            one.owner = shares.iter().find_map(|share| owner(&share.name, &movers));
        }
        let place = if one.owner.is_some() { &mut listing.owned } else { &mut listing.targets };
        place.push(one);
    }
    listing
}

/// Who moves the traffic of a target group: one that was found, or one whose name is on it.
fn owner(group: &str, movers: &BTreeMap<String, String>) -> Option<String> {
    movers.get(group).cloned().or_else(|| {
        let by_name = [
            ("awseb-", "Elastic Beanstalk, by its name"),
            ("k8s-", "a controller in Kubernetes, by its name"),
        ];
        let named = by_name.iter().find(|(prefix, _)| group.starts_with(prefix));
        named.map(|(_, owner)| (*owner).to_owned())
    })
}

/// Whether more than one gets traffic.
fn divided(shares: &[Share]) -> bool {
    shares.iter().filter(|share| share.weight > 0).count() > 1
}

/// Spreads questions over time: a few at once, then one in each span.
struct Turns {
    free: u32,
    every: Duration,
}

impl Turns {
    fn new(free: u32, every: Duration) -> Self {
        Self { free, every }
    }

    /// Waits until the next question may be asked.
    async fn next(&mut self) {
        match self.free.checked_sub(1) {
            Some(left) => self.free = left,
            None => tokio::time::sleep(self.every).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shelf(of: ControlPlane) -> Shelf {
        Shelf { of, found: Vec::new(), gaps: Vec::new(), moves: Vec::new() }
    }

    fn rule(groups: [&str; 2]) -> Found {
        let shares: Vec<Share> =
            groups.map(|name| Share { name: name.to_owned(), weight: 1 }).into();
        Found {
            target: format!("alb:{}", groups[0]),
            running: divided(&shares),
            what: What::Alb {
                balancer: "shop".into(),
                port: Some(443),
                priority: None,
                conditions: Vec::new(),
                shares,
            },
            rollout: None,
            status: None,
            owner: None,
        }
    }

    #[test]
    fn a_target_group_that_another_one_moves_is_named_and_not_offered() {
        let mut codedeploy = shelf(ControlPlane::CodeDeploy);
        codedeploy.moves.push(("b-green".into(), "codedeploy:shop/b".into()));
        let mut alb = shelf(ControlPlane::Alb);
        alb.found = vec![
            rule(["a-blue", "a-green"]),
            rule(["b-blue", "b-green"]),
            rule(["k8s-shop-a", "k8s-shop-b"]),
            rule(["awseb-AWSEB-1", "awseb-AWSEB-2"]),
        ];
        let listing = listing([codedeploy, alb]);
        let targets: Vec<_> = listing.targets.iter().map(|one| one.target.as_str()).collect();
        assert_eq!(targets, ["alb:a-blue"]);
        let owners: Vec<_> = listing.owned.iter().filter_map(|one| one.owner.as_deref()).collect();
        assert_eq!(
            owners,
            [
                "codedeploy:shop/b",
                "a controller in Kubernetes, by its name",
                "Elastic Beanstalk, by its name"
            ]
        );
        assert!(listing.knows_owners());
    }

    #[test]
    fn a_refusal_is_noted_once_and_asking_goes_on_but_not_against_throttling() {
        let mut shelf = shelf(ControlPlane::Ecs);
        let denied = || {
            let permission = "ecs:ListServices".to_owned();
            Fault::new(FaultKind::Denied { permission }, "ecs:ListServices", "")
        };
        assert_eq!(shelf.spare(Ok(1)), Ok(Some(1)));
        assert_eq!(shelf.spare::<u8>(Err(denied())), Ok(None));
        assert_eq!(shelf.spare::<u8>(Err(denied())), Ok(None));
        let gone = Fault::new(FaultKind::NotFound, "ecs:ListServices", "");
        assert_eq!(shelf.spare::<u8>(Err(gone)), Ok(None));
        assert_eq!(shelf.gaps.len(), 1);
        let throttled = Fault::new(FaultKind::Throttled, "ecs:ListServices", "");
        assert_eq!(shelf.spare::<u8>(Err(throttled.clone())), Err(throttled));
        let mut many = vec![0; 30];
        shelf.bound(&mut many, 20, "clusters");
        assert_eq!((many.len(), shelf.gaps.len()), (20, 2));
    }

    #[test]
    fn owners_are_not_known_where_one_that_moves_groups_was_not_seen() {
        let mut ecs = shelf(ControlPlane::Ecs);
        ecs.too_many(500, "services");
        assert!(!listing([ecs]).knows_owners());
    }
}
