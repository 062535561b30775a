//! The patterns that select lines: terms, as far as they are words.

use crate::sim::error::ApiError;

/// Which lines are wanted.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Pattern {
    /// Every one has to be in the line.
    all: Vec<String>,
    /// One has to be in the line, if there are any: `?ERROR ?FATAL`.
    any: Vec<String>,
    /// None may be in the line: `-debug`.
    none: Vec<String>,
}

impl Pattern {
    /// Reads terms, each bare or in quotes. Patterns for the fields of JSON and of columns are not
    /// simulated.
    pub(super) fn read(text: &str) -> Result<Self, ApiError> {
        let mut pattern = Self::default();
        if text.starts_with(['{', '[', '%']) {
            let message = "the simulator knows patterns of terms only";
            return Err(ApiError::client("InvalidParameterException", message));
        }
        let mut rest = text.trim_start();
        while !rest.is_empty() {
            let sign = rest.chars().next().filter(|c| matches!(c, '?' | '-'));
            let bare = sign.map_or(rest, |sign| &rest[sign.len_utf8()..]);
            let (term, after) = match bare.strip_prefix('"') {
                Some(quoted) => quoted.split_once('"').ok_or_else(|| {
                    ApiError::client("InvalidParameterException", "Invalid filter pattern")
                })?,
                None => bare.split_once(char::is_whitespace).unwrap_or((bare, "")),
            };
            let terms = match sign {
                Some('?') => &mut pattern.any,
                Some(_) => &mut pattern.none,
                None => &mut pattern.all,
            };
            terms.push(term.to_owned());
            rest = after.trim_start();
        }
        Ok(pattern)
    }

    /// Whether a line is wanted.
    pub(super) fn fits(&self, line: &str) -> bool {
        let has = |term: &String| line.contains(term.as_str());
        self.all.iter().all(has)
            && (self.any.is_empty() || self.any.iter().any(has))
            && !self.none.iter().any(has)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_are_all_wanted_or_one_of_them_or_none() {
        let line = "ERROR POST /orders 500";
        for (text, fits) in [
            ("", true),
            ("ERROR", true),
            ("ERROR POST", true),
            ("ERROR GET", false),
            ("error", false),
            ("?FATAL ?ERROR", true),
            ("?FATAL ?WARN", false),
            ("ERROR -orders", false),
            ("\"POST /orders\"", true),
            ("\"orders POST\"", false),
        ] {
            assert_eq!(Pattern::read(text).unwrap().fits(line), fits, "{text}");
        }
    }

    #[test]
    fn what_is_not_simulated_is_refused() {
        for text in ["{ $.a = 1 }", "[a, b]", "\"open"] {
            assert_eq!(
                Pattern::read(text).unwrap_err().code,
                "InvalidParameterException",
                "{text}"
            );
        }
    }
}
