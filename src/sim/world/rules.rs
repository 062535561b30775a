//! What a rule of a listener does with requests, and who gets which share of them by that.

use super::keys::Pool;
use super::names::Names;
use crate::sim::value::{Value, map};

/// One thing that a rule does with a request; the last one answers it.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Sends it to a target group.
    Forward(Forward),
    /// Anything else, as it was given and is shown.
    Other(Value),
}

/// Target groups and their weights, and whether clients stick to one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forward {
    /// The position among the actions, if one was given.
    pub order: Option<i64>,
    /// Target group ARN and weight (0-999), in order.
    pub weights: Vec<(String, u32)>,
    /// Whether a client stays with its target group.
    pub sticky: bool,
    /// How many seconds it stays, when it stays.
    pub stickiness_seconds: Option<i64>,
}

impl Action {
    /// Where it forwards requests, if that is what it does.
    pub fn forward(&self) -> Option<&Forward> {
        match self {
            Self::Forward(forward) => Some(forward),
            Self::Other(_) => None,
        }
    }
}

/// The weights of the two pools in a rule, and the rule's actions where somebody set them.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Weights {
    pairs: Vec<(Pool, u32)>,
    /// The weight of groups without targets.
    elsewhere: Vec<(String, u32)>,
    /// Absent: a forward that a deployment service wrote.
    given: Option<Vec<Action>>,
}

impl Weights {
    /// Everything to one group, the other one not in the rule.
    pub(crate) fn single(pool: Pool) -> Self {
        Self::of(vec![(pool, 1)])
    }

    /// `percent` to `pool`, the rest to the other one.
    pub(crate) fn split(pool: Pool, percent: u8) -> Self {
        let percent = u32::from(percent.min(100));
        let weight = |side: Pool| if side == pool { percent } else { 100 - percent };
        Self::of(Pool::ALL.map(|side| (side, weight(side))).into())
    }

    /// These weights, in the order of the pools.
    pub(crate) fn both(weights: [u32; 2]) -> Self {
        Self::of(Pool::ALL.map(|pool| (pool, weights[pool.index()])).into())
    }

    /// A redirect to the start page: nobody gets the requests.
    pub(crate) fn redirect() -> Self {
        let config = [
            ("Protocol", "HTTPS"),
            ("Port", "443"),
            ("Host", "#{host}"),
            ("Path", "/"),
            ("Query", ""),
            ("StatusCode", "HTTP_301"),
        ];
        let action = map([
            ("Type", Value::from("redirect")),
            ("Order", Value::from(1_i64)),
            ("RedirectConfig", map(config.map(|(name, value)| (name, Value::from(value))))),
        ]);
        Self { given: Some(vec![Action::Other(action)]), ..Self::of(Vec::new()) }
    }

    fn of(pairs: Vec<(Pool, u32)>) -> Self {
        Self { pairs, elsewhere: Vec::new(), given: None }
    }

    /// What somebody set.
    pub(crate) fn given(actions: Vec<Action>, names: &Names) -> Self {
        let mut weights = Self::of(Vec::new());
        let forward = actions.iter().find_map(Action::forward);
        for (arn, weight) in forward.into_iter().flat_map(|forward| &forward.weights) {
            match names.pool(arn) {
                Some(pool) => weights.pairs.push((pool, *weight)),
                None => weights.elsewhere.push((arn.clone(), *weight)),
            }
        }
        weights.given = Some(actions);
        weights
    }

    /// The share of requests for `pool`, 0-1.
    pub(crate) fn share(&self, pool: Pool) -> f64 {
        let own = self.pairs.iter().filter(|(side, _)| *side == pool);
        let own: u32 = own.map(|(_, weight)| weight).sum();
        f64::from(own) / f64::from(self.whole().max(1))
    }

    /// The share of requests that find no target, 0-1: a group without any, or no weight at all.
    pub(crate) fn lost(&self) -> f64 {
        let forwards = !self.pairs.is_empty() || !self.elsewhere.is_empty();
        let elsewhere: u32 = self.elsewhere.iter().map(|(_, weight)| weight).sum();
        match self.whole() {
            0 => f64::from(u8::from(forwards)),
            whole => f64::from(elsewhere) / f64::from(whole),
        }
    }

    fn whole(&self) -> u32 {
        let pools = self.pairs.iter().map(|(_, weight)| weight);
        pools.chain(self.elsewhere.iter().map(|(_, weight)| weight)).sum()
    }

    /// Whether `pool` is in the rule, with whatever weight.
    pub(crate) fn uses(&self, pool: Pool) -> bool {
        self.pairs.iter().any(|(side, _)| *side == pool)
    }

    /// Whether the group with this ARN, which is none of the pools, is in the rule.
    pub(crate) fn uses_spare(&self, arn: &str) -> bool {
        self.elsewhere.iter().any(|(one, _)| one == arn)
    }

    /// How many seconds a client sticks to its group, if at all; as usual where nobody set that.
    pub(crate) fn stickiness(&self, usual: Option<i64>) -> Option<i64> {
        let set = self.given.iter().flatten().find_map(Action::forward);
        set.map_or(usual, |set| set.stickiness_seconds.filter(|_| set.sticky))
    }

    /// The actions, of which a deployment service writes one, with the stickiness that was there.
    pub(crate) fn actions(&self, names: &Names, stickiness: Option<i64>) -> Vec<Action> {
        let written = || {
            let pair = |(pool, weight): &(Pool, u32)| (names.target_group(*pool), *weight);
            vec![Action::Forward(Forward {
                order: Some(1),
                weights: self.pairs.iter().map(pair).collect(),
                sticky: stickiness.is_some(),
                stickiness_seconds: stickiness,
            })]
        };
        self.given.clone().unwrap_or_else(written)
    }
}
