//! Lists whose pages do not lead on as they should.

use super::FaultKind;
use crate::sim::services::Service;
use crate::sim::value::Value;

/// Begins the tokens that are made here.
const EMPTY: &str = "empty-";

/// The members that hold the token of a page, in the request and in the answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tokens {
    asked: &'static str,
    given: &'static str,
}

impl Tokens {
    /// Those of an operation; nothing for one that answers whole.
    pub(crate) fn of(service: Service, operation: &str) -> Option<Self> {
        let (asked, given) = match service {
            Service::CodeDeploy | Service::Ecs if operation.starts_with("List") => {
                ("nextToken", "nextToken")
            }
            Service::Elb if operation != "DescribeTargetHealth" => ("Marker", "NextMarker"),
            Service::CloudWatch => ("NextToken", "NextToken"),
            _ => return None,
        };
        Some(Self { asked, given })
    }

    /// The request as the service gets it, and how many empty pages come before its answer.
    pub(crate) fn request(self, kind: FaultKind, input: &Value) -> (Value, u8) {
        let own = |token: &str| Some(token.to_owned()).filter(|token| !token.is_empty());
        match (kind, input.text(self.asked)) {
            (FaultKind::EmptyPages(count), None) => (input.clone(), count),
            (FaultKind::EmptyPages(count), Some(token)) => match token.strip_prefix(EMPTY) {
                Some(rest) => {
                    let (left, token) = rest.split_once('-').unwrap_or((rest, ""));
                    (self.with(input, own(token)), left.parse().unwrap_or(0))
                }
                None => (input.clone(), count),
            },
            (FaultKind::SamePage, _) => (self.with(input, None), 0),
            _ => (input.clone(), 0),
        }
    }

    /// The answer to it: an empty page, a page that says there is another, or the answer itself.
    pub(crate) fn answer(
        self,
        kind: FaultKind,
        input: &Value,
        (before, sequence): (u8, u64),
        answer: Value,
    ) -> Value {
        match kind {
            FaultKind::EmptyPages(_) if before > 0 => {
                let own = input.text(self.asked).unwrap_or_default();
                self.put(empty(answer), &format!("{EMPTY}{}-{own}", before - 1))
            }
            FaultKind::SamePage => self.put(answer, &format!("again-{sequence}")),
            _ => answer,
        }
    }

    fn with(self, input: &Value, token: Option<String>) -> Value {
        let Value::Map(members) = input else { return input.clone() };
        let mut members = members.clone();
        members.retain(|(name, _)| name != self.asked);
        members.extend(token.map(|token| (self.asked.to_owned(), Value::Text(token))));
        Value::Map(members)
    }

    fn put(self, answer: Value, token: &str) -> Value {
        let Value::Map(mut members) = answer else { return answer };
        members.retain(|(name, _)| name != self.given);
        members.push((self.given.to_owned(), token.into()));
        Value::Map(members)
    }
}

fn empty(answer: Value) -> Value {
    let Value::Map(members) = answer else { return answer };
    let emptied = members.into_iter().map(|(name, member)| match member {
        Value::List(_) => (name, Value::List(Vec::new())),
        member => (name, member),
    });
    Value::Map(emptied.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::value::{list, map};

    /// What a client reads that follows the tokens, and how many pages it takes.
    fn follow(kind: FaultKind) -> (Vec<Value>, usize) {
        let serve = |input: &Value| match input.text("nextToken") {
            None => map([("items", list(["a"])), ("nextToken", "page-1".into())]),
            Some("page-1") => map([("items", list(["b"]))]),
            Some(other) => panic!("the service never gave out {other}"),
        };
        let (mut found, mut pages, mut input) = (Vec::new(), 0, map([("size", Value::Int(1))]));
        while pages < 20 {
            pages += 1;
            let tokens = Tokens::of(Service::Ecs, "ListTasks").unwrap();
            let (asked, before) = tokens.request(kind, &input);
            let page = tokens.answer(kind, &asked, (before, pages as u64), serve(&asked));
            found.extend(page.list("items").to_vec());
            let Some(token) = page.text("nextToken") else { break };
            input = map([("size", Value::Int(1)), ("nextToken", token.into())]);
        }
        (found, pages)
    }

    #[test]
    fn empty_pages_come_before_each_page_and_nothing_is_lost() {
        assert_eq!(follow(FaultKind::EmptyPages(2)), (vec!["a".into(), "b".into()], 6));
    }

    #[test]
    fn a_page_that_repeats_never_ends() {
        let (found, pages) = follow(FaultKind::SamePage);
        assert_eq!((pages, found.len()), (20, 20));
        assert!(found.iter().all(|item| item.as_text() == Some("a")));
    }
}
