//! Pages of a list: a token is the position of the next item, in a form that nobody builds by hand.

use crate::sim::error::ApiError;
use crate::sim::value::Value;

const PREFIX: &str = "page-";

/// One page of `items` from the request's `nextToken` on, and the token of the next one.
///
/// `invalid` is the service's error for a token that it did not give out.
pub(crate) fn page<T>(
    items: Vec<T>,
    input: &Value,
    size: usize,
    invalid: fn() -> ApiError,
) -> Result<(Vec<T>, Option<String>), ApiError> {
    let total = items.len();
    let start = match input.text("nextToken") {
        None => 0,
        Some(token) => position(token).filter(|start| *start < total).ok_or_else(invalid)?,
    };
    let end = start.saturating_add(size.max(1)).min(total);
    let next = (end < total).then(|| format!("{PREFIX}{end:x}"));
    Ok((items.into_iter().skip(start).take(end - start).collect(), next))
}

fn position(token: &str) -> Option<usize> {
    usize::from_str_radix(token.strip_prefix(PREFIX)?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::value::map;

    fn invalid() -> ApiError {
        ApiError::client("Invalid", "")
    }

    #[test]
    fn pages_join_to_the_whole_list_and_the_last_has_no_token() {
        let mut all = Vec::new();
        let mut input = map([("nextToken", Value::Null)]);
        loop {
            let (items, next) = page((0..7).collect(), &input, 3, invalid).unwrap();
            all.extend(items);
            let Some(token) = next else { break };
            input = map([("nextToken", token.into())]);
        }
        assert_eq!(all, (0..7).collect::<Vec<_>>());
    }

    #[test]
    fn a_foreign_token_is_refused() {
        for token in ["", "page-", "page-zz", "page-63", "3"] {
            let input = map([("nextToken", token.into())]);
            assert_eq!(page(vec![1, 2], &input, 1, invalid), Err(invalid()), "{token}");
        }
    }
}
