//! A split that can be set at will: the call that does it, with the weights left open.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Call, Percent, Split};

/// The one call that sets the split, complete but for the two weights.
///
/// What it holds besides the weights is what was read: it is sent back as it was, and an order is
/// void when somebody has changed it in the meantime.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Dial {
    template: Call,
    blue: Vec<String>,
    green: Vec<String>,
    held: Option<Split>,
}

impl Dial {
    /// The call with the places of blue's and green's weights: JSON pointers whose first part is a
    /// parameter's name, e.g. `/Actions/0/ForwardConfig/TargetGroups/1/Weight`.
    ///
    /// Nothing when a place is not there: then the weights would not be set.
    pub fn new(template: Call, blue: &[&str], green: &[&str], held: Option<Split>) -> Option<Self> {
        let places = |places: &[&str]| places.iter().map(|place| (*place).to_owned()).collect();
        let mut dial = Self { template, blue: places(blue), green: places(green), held };
        let both = !dial.blue.is_empty() && !dial.green.is_empty();
        let emptied = dial.blue.clone().into_iter().chain(dial.green.clone());
        let found = emptied.map(|place| set(&mut dial.template, &place, &Value::Null));
        found.fold(both, |all, found| all && found).then_some(dial)
    }

    /// The split that is in force; nothing when nobody can say.
    pub fn held(&self) -> Option<Split> {
        self.held
    }

    /// The call that gives green this share.
    pub fn at(&self, green: Percent) -> Call {
        let mut call = self.template.clone();
        let weights = [(&self.blue, 100 - green.get()), (&self.green, green.get())];
        for (places, weight) in weights {
            for place in places {
                set(&mut call, place, &json!(weight));
            }
        }
        call
    }

    /// Whether both would set the same weights in the same surroundings.
    pub fn is_same(&self, other: &Dial) -> bool {
        (&self.template, &self.blue, &self.green) == (&other.template, &other.blue, &other.green)
    }
}

/// Writes a value to a place in the parameters; false when there is no such place.
fn set(call: &mut Call, place: &str, value: &Value) -> bool {
    let path = place.strip_prefix('/').unwrap_or(place);
    let (name, rest) = path.split_once('/').map_or((path, ""), |(name, rest)| (name, rest));
    let Some((_, param)) = call.params.iter_mut().find(|(param, _)| param == name) else {
        return false;
    };
    let inner = if rest.is_empty() { String::new() } else { format!("/{rest}") };
    match param.pointer_mut(&inner) {
        Some(found) => {
            *found = value.clone();
            true
        }
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule() -> Call {
        let groups = json!([{ "Arn": "a", "Weight": 90 }, { "Arn": "b", "Weight": 10 }]);
        let actions = json!([{ "Type": "forward", "Groups": groups, "Sticky": true }]);
        Call {
            service: "elasticloadbalancing".to_owned(),
            operation: "ModifyRule".to_owned(),
            params: vec![("RuleArn".to_owned(), json!("r")), ("Actions".to_owned(), actions)],
        }
    }

    fn dial(call: Call) -> Option<Dial> {
        Dial::new(call, &["/Actions/0/Groups/0/Weight"], &["/Actions/0/Groups/1/Weight"], None)
    }

    #[test]
    fn only_the_weights_are_set_and_all_else_is_sent_as_it_was_read() {
        let call = dial(rule()).unwrap().at(Percent::new(25).unwrap());
        let actions = &call.params[1].1;
        assert_eq!(actions[0]["Groups"][0], json!({ "Arn": "a", "Weight": 75 }));
        assert_eq!(actions[0]["Groups"][1], json!({ "Arn": "b", "Weight": 25 }));
        assert_eq!(actions[0]["Sticky"], json!(true));
        assert_eq!(call.params[0], rule().params[0]);
    }

    #[test]
    fn other_weights_are_the_same_dial_and_another_rule_is_not() {
        let (mut moved, mut changed) = (rule(), rule());
        moved.params[1].1[0]["Groups"][0]["Weight"] = json!(50);
        changed.params[1].1[0]["Sticky"] = json!(false);
        let dial_of = |call| dial(call).unwrap();
        assert!(dial_of(rule()).is_same(&dial_of(moved)));
        assert!(!dial_of(rule()).is_same(&dial_of(changed)));
    }

    #[test]
    fn a_place_that_is_not_there_makes_no_dial() {
        let mut lacking = rule();
        lacking.params[1].1 = json!([]);
        assert_eq!(dial(lacking), None);
        assert_eq!(Dial::new(rule(), &[], &["/Actions/0/Groups/1/Weight"], None), None);
    }
}
