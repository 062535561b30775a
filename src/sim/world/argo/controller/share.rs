//! How many pods a canary gives each of two versions.

use super::{Canary, Controller};

impl Controller<'_> {
    /// Gives both versions their pods; whether anything was changed.
    pub(super) fn scale_canary(&mut self, strategy: &Canary, index: usize) -> bool {
        let before = self.argo.store.version();
        let aborted = self.is_in_flight() && self.status.abort;
        let delay = strategy.abort_scale_down_delay_seconds;
        if strategy.traffic_routing.is_some() {
            let (new, stable) = self.goal(strategy, index);
            if aborted && strategy.dynamic_stable_scale {
                self.scale_back(new, delay);
            } else {
                self.scale_new(new, delay);
            }
            // Of a version that shrinks with its weight the pods go once the weight is gone.
            let stable = match &self.before.canary.weights {
                Some(weights) if strategy.dynamic_stable_scale => {
                    stable.max(self.pods_of(weights.stable.weight))
                }
                Some(_) | None => stable,
            };
            if let Some(set) = self.stable_set() {
                self.scale(&set, stable);
            }
        } else if !self.spec.paused || aborted {
            self.scale_by_pods(strategy, index);
        }
        self.argo.store.version() != before
    }

    /// The ReplicaSet of the stable version, where that is not the new one.
    fn stable_set(&self) -> Option<super::Set> {
        self.set(&self.status.stable_rs).filter(|set| set.hash != self.new.hash)
    }

    /// How many pods the new and the stable version are to have in a step.
    fn goal(&self, strategy: &Canary, index: usize) -> (u32, u32) {
        let whole = self.spec.replicas();
        if !self.is_in_flight() {
            return (whole, 0);
        }
        let asked = match () {
            () if self.status.promote_full || self.is_within_window() => 100,
            () if self.status.abort && strategy.dynamic_stable_scale => self.step_back(strategy),
            () if self.status.abort => 0,
            () => Self::asked(strategy, index),
        };
        if strategy.traffic_routing.is_some() {
            let scale = self.scale_of_its_own(strategy, index);
            let share = scale.and_then(|scale| scale.weight);
            let pods = scale.and_then(|scale| scale.replicas);
            let new = pods.unwrap_or_else(|| self.pods_of(share.unwrap_or(asked)));
            // What is stable keeps all its pods, for it may have to take everything back at once, unless
            // it is to shrink as its share does.
            let shrinks = strategy.dynamic_stable_scale;
            let rest = match (shrinks, pods, share) {
                (false, ..) | (true, Some(_), _) => whole,
                (true, None, share) => self.pods_of(100 - share.unwrap_or(asked)),
            };
            return (new, rest);
        }
        let (surge, _) = strategy.limits(whole);
        nearest(whole, asked, surge > 0)
    }

    /// Whether both versions have the pods that a step needs.
    pub(super) fn has_pods(&self, strategy: &Canary, index: usize) -> bool {
        let (new, stable) = self.goal(strategy, index);
        if strategy.traffic_routing.is_some() {
            return (self.new.wanted, self.new.ready) == (new, new);
        }
        let others = self.sets.iter().filter(|set| {
            set.hash != self.new.hash && set.hash != self.status.stable_rs && set.current > 0
        });
        self.new.ready == new
            && self.new.wanted == new
            && self.stable_set().is_none_or(|set| set.ready == stable && set.wanted == stable)
            && others.count() == 0
    }

    /// Moves pods from one version to the other within the limits: never more than may be there, never
    /// fewer ready than have to be.
    fn scale_by_pods(&mut self, strategy: &Canary, index: usize) {
        let whole = self.spec.replicas();
        let (goal, rest) = self.goal(strategy, index);
        let (surge, missing) = strategy.limits(whole);
        let new = self.new.clone();
        let stable = self.stable_set();
        let others: u32 = self.others().map(|set| set.wanted).sum();
        let has = stable.as_ref().map_or(0, |set| set.wanted);
        let mut room = (whole + surge).saturating_sub(new.wanted + has + others);
        let (mut to_new, mut to_stable) = (new.wanted, has);
        if stable.is_some() && has < rest {
            to_stable = rest.min(has + room);
            room -= to_stable - has;
        }
        if new.wanted < goal {
            to_new = goal.min(new.wanted + room);
        }
        if others == 0 {
            let least = whole.saturating_sub(missing);
            let ready = |set: &super::Set| set.ready.min(set.wanted);
            let grows = goal >= new.wanted;
            // Of the version that shrinks only those pods count that are ready.
            let there = if grows {
                new.wanted.min(new.ready) + stable.as_ref().map_or(0, ready)
            } else {
                ready(&new) + stable.as_ref().map_or(0, ready)
            };
            let dead = |set: &super::Set| set.wanted.saturating_sub(set.ready);
            let spare = there.saturating_sub(least);
            if !grows {
                let go = (spare + dead(&new)).min(new.wanted - goal);
                to_new = new.wanted - go;
            } else if let Some(set) = &stable
                && set.wanted > rest
            {
                to_stable = set.wanted - (spare + dead(set)).min(set.wanted - rest);
            }
        }
        self.keep(&new);
        self.scale(&new, to_new);
        if let Some(set) = stable {
            self.scale(&set, to_stable);
        }
    }

    fn others(&self) -> impl Iterator<Item = &super::Set> {
        let (new, stable) = (&self.new.hash, &self.status.stable_rs);
        self.sets.iter().filter(move |set| set.hash != *new && set.hash != *stable)
    }
}

/// The numbers of pods whose share comes nearest to what is asked for; never none of a version that
/// is to have some. With a surge there may be one pod more.
fn nearest(whole: u32, asked: u32, surge: bool) -> (u32, u32) {
    let none_is_right = asked == 0 || asked == 100 || (whole == 1 && !surge);
    let (up, down) = ((whole * asked).div_ceil(100), whole * asked / 100);
    let mut options = Vec::new();
    if up < whole || none_is_right {
        options.push((up, whole));
    }
    if down != 0 || none_is_right {
        options.push((down, whole));
    }
    if surge && !none_is_right {
        options.push((up, whole + 1));
        if down != 0 {
            options.push((down, whole + 1));
        }
    }
    let distance = |(new, all): &(u32, u32)| (new * 100 / (*all).max(1)).abs_diff(asked);
    let best = options.iter().min_by_key(|option| distance(option));
    best.map_or((0, whole), |(new, all)| (*new, all - new))
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn pods_come_as_near_to_a_share_as_they_can() {
        assert_eq!(nearest(4, 25, true), (1, 3));
        assert_eq!(nearest(4, 50, true), (2, 2));
        assert_eq!(nearest(3, 34, true), (1, 2));
        assert_eq!(nearest(10, 0, true), (0, 10));
        assert_eq!(nearest(10, 100, true), (10, 0));
        // One of five is nearer to a tenth than one of four, and none would be no canary.
        assert_eq!(nearest(4, 10, true), (1, 4));
        assert_eq!(nearest(1, 10, false), (0, 1));
    }
}
