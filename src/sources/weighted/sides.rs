//! Which of two is blue, how the traffic is divided between them, and what follows for the offers.
//! Pure.

use crate::domain::{
    Action, Call, Dial, Environment, Fact, Means, Offered, Percent, Refusal, Rollout, RolloutId,
    RolloutKind, Side, Split, Traffic, Weight,
};

use super::{PHASE, absent};

/// Which of the two is blue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Roles {
    /// The name of blue.
    pub(super) blue: String,
    /// Nobody has said so, and both had weight when it was first seen.
    pub(super) guessed: bool,
}

impl Roles {
    /// What a person has said, else what this program has seen first, else who has all the weight,
    /// else who has more. A name that is neither of the two is an error, in words.
    pub(super) fn of(
        pair: [(&str, u32); 2],
        said: Option<&str>,
        seen: Option<&Roles>,
    ) -> Result<Self, String> {
        let [(first, a), (second, b)] = pair;
        let is_one = |name: &str| name == first || name == second;
        if let Some(said) = said {
            let known = is_one(said).then(|| Self { blue: said.to_owned(), guessed: false });
            return known.ok_or_else(|| {
                let pair = format!("{first} and {second}");
                format!("the target says that {said} is blue, but it is none of the two: {pair}")
            });
        }
        if let Some(seen) = seen.filter(|seen| is_one(&seen.blue)) {
            return Ok(seen.clone());
        }
        let blue = if b > a { second } else { first };
        let guessed = (a > 0) == (b > 0);
        Ok(Self { blue: blue.to_owned(), guessed })
    }

    /// The side of the one with this name.
    pub(super) fn side(&self, name: &str) -> Side {
        if name == self.blue { Side::Blue } else { Side::Green }
    }
}

/// Green's share by raw weights; nothing when both are 0.
pub(super) fn split(blue: u32, green: u32) -> Option<Split> {
    let (blue, green) = (f64::from(blue), f64::from(green));
    Weight::ratio(green, blue + green).map(|green| Split { green })
}

/// Whether somebody else has the weights in hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Owned {
    /// Nobody, as far as could be found out.
    Free,
    /// This one.
    By(String),
    /// It is being found out.
    NotKnownYet,
}

/// What can be done: any share, and everything back to blue; `dial` is `Err` where the call could not
/// be put together, with the reason.
pub(super) fn offers(dial: Result<Dial, String>, owned: &Owned) -> Vec<Offered> {
    let refused = |action, why| Offered::Refused { action, why };
    let all = |why: &Refusal| {
        let each = Action::ALL.into_iter().chain([Action::Shift(Percent::ALL)]);
        each.map(|action| refused(action, why.clone())).collect::<Vec<_>>()
    };
    let dial = match (owned, dial) {
        (Owned::By(who), _) => return all(&Refusal::ManagedBy(who.clone())),
        (Owned::NotKnownYet, _) => return all(&Refusal::StateUnknown),
        (Owned::Free, Err(why)) => return all(&Refusal::NoSuchCall(why)),
        (Owned::Free, Ok(dial)) => dial,
    };
    let back = if dial.held() == Some(Split::ALL_BLUE) {
        refused(Action::RollBack, Refusal::AlreadyThere)
    } else {
        let call = dial.at(Percent::NONE);
        Offered::Possible { action: Action::RollBack, means: Means::SetWeights, call }
    };
    let nothing_runs = Refusal::NoSuchCall("nothing runs that could be stopped".to_owned());
    vec![
        back,
        Offered::Dial(Box::new(dial)),
        refused(Action::Continue, Refusal::NoGate),
        refused(Action::Finish, Refusal::NoBake),
        refused(Action::Stop, nothing_runs),
    ]
}

/// The call with its places for the weights, as a dial.
pub(super) fn dial(
    template: Result<Call, String>,
    places: [&str; 2],
    held: Option<Split>,
) -> Result<Dial, String> {
    let [blue, green] = places;
    let dial = Dial::new(template?, &[blue], &[green], held);
    dial.ok_or_else(|| "the weights have no place in what was read".to_owned())
}

/// What tells one pair from another.
pub(super) struct Pair {
    /// Its id, the same in every run.
    pub(super) id: String,
    /// What people call it.
    pub(super) name: String,
    /// What holds the weights, in a word or two.
    pub(super) held_by: &'static str,
    /// Nobody has said which side is blue.
    pub(super) guessed: bool,
}

/// The pair as a rollout: nothing but the split and its two sides.
pub(super) fn rollout(
    pair: Pair,
    traffic: Traffic,
    [blue, green]: [Environment; 2],
    offers: Vec<Offered>,
) -> Rollout {
    Rollout {
        id: RolloutId::new(pair.id),
        kind: RolloutKind::Rollout,
        name: pair.name,
        configuration: pair.held_by.to_owned(),
        creator: "?".to_owned(),
        description: None,
        created: None,
        ended: None,
        phase: PHASE,
        stages: Vec::new(),
        gate: None,
        next: None,
        instant_rollback_until: None,
        traffic,
        blue,
        green,
        sides_are_guessed: pair.guessed,
        keepers: Vec::new(),
        paused: false,
        restart: None,
        end_reason: None,
        rollback: None,
        offers,
    }
}

/// The split as it was read at `at`; with no weight at all there is none.
pub(super) fn planned(split: Option<Split>, read: &Fact<()>, operation: &str) -> Fact<Split> {
    match split {
        Some(split) => read.map(|()| split),
        None => Fact::Unknown { fault: absent(operation, "both weights are 0") },
    }
}

/// When something was last read, without what it was.
pub(super) fn reading<T>(fact: &Fact<T>) -> Fact<()> {
    fact.map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roles(a: u32, b: u32, said: Option<&str>, seen: Option<&Roles>) -> (String, bool) {
        let roles = Roles::of([("a", a), ("b", b)], said, seen).unwrap();
        (roles.blue, roles.guessed)
    }

    #[test]
    fn blue_is_who_was_named_then_who_was_seen_then_who_has_the_weight() {
        let seen = Roles { blue: "a".into(), guessed: true };
        for (a, b, said, seen, blue, guessed) in [
            (100, 0, None, None, "a", false),
            (0, 7, None, None, "b", false),
            (60, 40, None, None, "a", true),
            (40, 60, None, None, "b", true),
            (50, 50, None, None, "a", true),
            (0, 0, None, None, "a", true),
            (40, 60, Some("a"), None, "a", false),
            (40, 60, None, Some(&seen), "a", true),
            (0, 100, None, Some(&seen), "a", true),
            (0, 100, Some("b"), Some(&seen), "b", false),
        ] {
            assert_eq!(roles(a, b, said, seen), (blue.to_owned(), guessed), "{a} {b} {said:?}");
        }
        let gone = Roles { blue: "old".into(), guessed: false };
        assert_eq!(roles(10, 90, None, Some(&gone)), ("b".to_owned(), true));
    }

    #[test]
    fn who_is_named_as_blue_has_to_be_there() {
        let error = Roles::of([("a", 1), ("b", 1)], Some("c"), None).unwrap_err();
        assert_eq!(error, "the target says that c is blue, but it is none of the two: a and b");
    }

    #[test]
    fn raw_weights_are_shares_of_their_sum() {
        let green = |blue, green| split(blue, green).map(|split| split.green.get());
        assert_eq!(
            (green(1, 3), green(999, 0), green(0, 255)),
            (Some(75.0), Some(0.0), Some(100.0))
        );
        assert_eq!(green(0, 0), None);
    }
}
