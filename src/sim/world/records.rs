//! Resource record sets: their order, and what a batch of changes may do to them.

use std::cmp::Ordering;
use std::fmt::Write as _;
use std::net::{Ipv4Addr, Ipv6Addr};

/// A resource record set, of which only simple and weighted ones are simulated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RecordSet {
    /// As [`absolute`] spells it.
    pub(crate) name: String,
    /// `A`, `CNAME` and so on.
    pub(crate) kind: String,
    /// Tells the sets of a group apart; absent: the only one of its name and type.
    pub(crate) set_identifier: Option<String>,
    pub(crate) weight: Option<u32>,
    pub(crate) answer: Answer,
    pub(crate) health_check: Option<String>,
}

/// What a resource record set answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// These values, for so many seconds.
    Values { ttl: u32, values: Vec<String> },
    /// Whatever another name answers.
    Alias(Alias),
}

/// The name that answers for an alias.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Alias {
    pub(crate) zone: String,
    /// As [`absolute`] spells it.
    pub(crate) dns_name: String,
    pub(crate) evaluate_health: bool,
}

/// One change of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) verb: Verb,
    pub(crate) set: RecordSet,
}

/// What a change does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    Create,
    Upsert,
    Delete,
}

impl RecordSet {
    /// Which set it is: there is never a second one with the same three words.
    fn identity(&self) -> (&str, &str, Option<&str>) {
        (&self.name, &self.kind, self.set_identifier.as_deref())
    }

    /// The order of the API: by the labels from right to left, then type, then identifier.
    pub(crate) fn order(&self, other: &Self) -> Ordering {
        let rest = |set: &Self| (set.kind.clone(), set.set_identifier.clone());
        by_labels(&self.name, &other.name).then_with(|| rest(self).cmp(&rest(other)))
    }

    /// The time to live of its own, which an alias has not.
    pub(crate) fn ttl(&self) -> Option<u32> {
        match &self.answer {
            Answer::Values { ttl, .. } => Some(*ttl),
            Answer::Alias(_) => None,
        }
    }

    fn is_beside(&self, other: &Self) -> bool {
        (&self.name, &self.kind) == (&other.name, &other.kind)
            && self.set_identifier != other.set_identifier
    }

    /// The set as refusals name it when they look for it.
    fn quoted(&self) -> String {
        let (name, kind) = (&self.name, &self.kind);
        let identifier = self.set_identifier.as_ref();
        let identifier = identifier.map(|id| format!(", set-identifier='{id}'"));
        format!("[name='{name}', type='{kind}'{}]", identifier.unwrap_or_default())
    }

    /// The set as refusals name it when it cannot be.
    fn titled(&self) -> String {
        let identifier = self.set_identifier.as_ref().map(|id| format!(", SetIdentifier {id}"));
        let (name, kind) = (&self.name, &self.kind);
        format!("RRSet with DNS name {name}, type {kind}{}", identifier.unwrap_or_default())
    }
}

/// The order of two names by their labels from right to left.
pub(crate) fn by_labels(one: &str, other: &str) -> Ordering {
    one.trim_end_matches('.').rsplit('.').cmp(other.trim_end_matches('.').rsplit('.'))
}

/// A name as the API shows it: lower case, with a dot at the end, other characters in octal.
pub(crate) fn absolute(name: &str) -> String {
    let mut spelled = String::with_capacity(name.len() + 1);
    for byte in name.bytes().map(|byte| byte.to_ascii_lowercase()) {
        // A backslash begins a character that is in octal already.
        if byte.is_ascii_alphanumeric() || b"-_.\\".contains(&byte) {
            spelled.push(char::from(byte));
        } else {
            let _ = write!(spelled, "\\{byte:03o}");
        }
    }
    if !spelled.ends_with('.') {
        spelled.push('.');
    }
    spelled
}

/// The records of a zone after a batch, or everything that speaks against it.
///
/// `targets` says what is wrong with an alias, given the records after the batch.
pub(crate) fn changed(
    records: &[RecordSet],
    domain: &str,
    batch: &[Change],
    targets: impl Fn(&Alias, &[RecordSet]) -> Option<&'static str>,
) -> Result<Vec<RecordSet>, Vec<String>> {
    let mut after = records.to_vec();
    let mut against: Vec<String> = Vec::new();
    for (index, change) in batch.iter().enumerate() {
        let same = |other: &Change| other.set.identity() == change.set.identity();
        let deletes = |change: &Change| change.verb == Verb::Delete;
        let twice =
            batch[..index].iter().any(|other| same(other) && deletes(other) == deletes(change));
        if twice {
            let (name, kind) = (&change.set.name, &change.set.kind);
            against.push(format!(
                "The request contains an invalid set of changes for a resource record set '{kind} {name}'"
            ));
            continue;
        }
        against.extend(apply(&mut after, change));
    }
    after.sort_by(RecordSet::order);
    for change in batch.iter().filter(|change| change.verb != Verb::Delete) {
        against.extend(stands(&change.set, domain, &after));
        against.extend(illegal(&change.set));
        if let Answer::Alias(alias) = &change.set.answer
            && let Some(why) = targets(alias, &after)
        {
            let (name, zone, kind) = (&alias.dns_name, &alias.zone, &change.set.kind);
            against.push(format!(
                "Tried to create an alias that targets {name}, type {kind} in zone {zone}, but {why}"
            ));
        }
    }
    against.extend(apex(domain, &after));
    if against.is_empty() { Ok(after) } else { Err(against) }
}

/// Makes one change, or says why it cannot be made.
fn apply(records: &mut Vec<RecordSet>, change: &Change) -> Option<String> {
    let set = &change.set;
    let known = records.iter().position(|known| known.identity() == set.identity());
    match (change.verb, known) {
        (Verb::Create, Some(_)) => {
            let set = set.quoted();
            return Some(format!(
                "Tried to create resource record set {set} but it already exists"
            ));
        }
        (Verb::Delete, None) => {
            let set = set.quoted();
            return Some(format!("Tried to delete resource record set {set} but it was not found"));
        }
        (Verb::Delete, Some(known)) if records.get(known) != Some(set) => {
            return Some(format!(
                "Tried to delete resource record set {} but the values provided do not match the \
                 current values",
                set.quoted()
            ));
        }
        (Verb::Delete, Some(known)) => {
            records.remove(known);
        }
        (Verb::Upsert, Some(known)) => {
            if let Some(known) = records.get_mut(known) {
                known.clone_from(set);
            }
        }
        (Verb::Create | Verb::Upsert, None) => records.push(set.clone()),
    }
    None
}

/// Why a set cannot stand in a zone beside the others.
fn stands(set: &RecordSet, domain: &str, records: &[RecordSet]) -> Option<String> {
    let name = &set.name;
    if name != domain && !name.ends_with(&format!(".{domain}")) {
        return Some(format!("RRSet with DNS name {name} is not permitted in zone {domain}"));
    }
    if set.kind == "CNAME" && name == domain {
        return Some(format!(
            "RRSet of type CNAME with DNS name {name} is not permitted at apex in zone {domain}"
        ));
    }
    let alone = |set: &RecordSet| set.kind == "CNAME";
    let differs = |other: &&RecordSet| other.name == *name && other.kind != set.kind;
    if let Some(other) = records.iter().find(differs)
        && (alone(set) || alone(other))
    {
        return Some(format!(
            "RRSet of type {} with DNS name {name} is not permitted as it conflicts with other \
             records with the same DNS name in zone {domain}",
            set.kind
        ));
    }
    let title = set.titled();
    let mut beside = records.iter().filter(|other| other.is_beside(set));
    beside.find_map(|other| match (set.weight, other.weight) {
        (None, _) => Some(format!(
            "{title} cannot be created as other RRSets exist with the same name and type."
        )),
        (Some(_), None) => Some(format!(
            "{title} cannot be created as a non-weighted set exists with the same name and type."
        )),
        (Some(_), Some(_)) => {
            let differ = set.ttl().zip(other.ttl()).is_some_and(|(one, other)| one != other);
            let why = "cannot be created as weighted sets must contain the same TTL.";
            differ.then(|| format!("{title} {why}"))
        }
    })
}

/// Why the values of a set cannot be.
fn illegal(set: &RecordSet) -> Option<String> {
    let Answer::Values { values, .. } = &set.answer else { return None };
    if set.weight.is_some() && values.len() != 1 {
        let title = set.titled();
        return Some(format!(
            "{title} cannot be created as weighted sets must contain one record."
        ));
    }
    let (problem, legal): (&str, fn(&str) -> bool) = match set.kind.as_str() {
        "A" => ("ARRDATAIllegalIPv4Address", |value| value.parse::<Ipv4Addr>().is_ok()),
        "AAAA" => ("AAAARRDATAIllegalIPv6Address", |value| value.parse::<Ipv6Addr>().is_ok()),
        "TXT" => {
            ("InvalidCharacterString (Value should be enclosed in quotation marks)", |value| {
                value.len() >= 2 && value.starts_with('"') && value.ends_with('"')
            })
        }
        _ => return None,
    };
    let wrong = values.iter().find(|value| !legal(value))?;
    Some(format!("Invalid Resource Record: 'FATAL problem: {problem} encountered with '{wrong}''"))
}

/// What every zone must keep.
fn apex(domain: &str, records: &[RecordSet]) -> Option<String> {
    let has = |kind| records.iter().any(|set| set.name == domain && set.kind == kind);
    if !has("SOA") {
        return Some("A HostedZone must contain exactly one SOA record.".to_owned());
    }
    let without = "A HostedZone must contain at least one NS record for the zone itself.";
    (!has("NS")).then(|| without.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_spelled_as_the_api_does_and_ordered_from_right_to_left() {
        assert_eq!(absolute("Shop.Example.com"), "shop.example.com.");
        assert_eq!(absolute("*.example.com."), "\\052.example.com.");
        assert_eq!(absolute("\\052.example.com."), "\\052.example.com.");
        let mut names = ["b.com.", "z.a.com.", "a.net.", "a.com.", "b.a.com."];
        names.sort_by(|one, other| by_labels(one, other));
        assert_eq!(names, ["a.com.", "b.a.com.", "z.a.com.", "b.com.", "a.net."]);
    }

    #[test]
    fn a_zone_keeps_its_apex() {
        let set = |kind: &str| RecordSet {
            name: "a.com.".to_owned(),
            kind: kind.to_owned(),
            set_identifier: None,
            weight: None,
            answer: Answer::Values { ttl: 60, values: vec!["x.".to_owned()] },
            health_check: None,
        };
        let records = [set("NS"), set("SOA")];
        for (kind, said) in [("NS", "at least one NS record"), ("SOA", "exactly one SOA record")] {
            let batch = [Change { verb: Verb::Delete, set: set(kind) }];
            let against = changed(&records, "a.com.", &batch, |_, _| None).unwrap_err();
            assert!(against.len() == 1 && against[0].contains(said), "{against:?}");
        }
    }
}
