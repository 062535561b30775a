//! What an analysis has measured, in words.

use crate::domain::{AnalysisState, Budget, Limit, Measured, Measurement};

/// How many significant digits a number has at least, and at most.
const DIGITS: (i32, i32) = (3, 12);

/// A number with the digits it needs to differ from the other where it differs: `0.9496` beside
/// `0.95`.
pub fn figure(number: f64, other: f64) -> String {
    if !is_handy(number) {
        return plain(number);
    }
    let digits = |digits: i32, number: f64| {
        let before = if number == 0.0 { 0 } else { number.abs().log10().floor() as i32 + 1 };
        let text =
            format!("{number:.*}", usize::try_from((digits - before).clamp(0, 12)).unwrap_or(0));
        if text.contains('.') {
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        } else {
            text
        }
    };
    let told = (DIGITS.0..=DIGITS.1).map(|count| (digits(count, number), digits(count, other)));
    let apart = |(own, other): &(String, String)| own != other;
    let equal = (number - other).abs() < f64::EPSILON;
    match told.into_iter().find(|pair| equal || apart(pair)) {
        Some((own, _)) => own,
        None => plain(number),
    }
}

/// Neither tiny nor huge.
fn is_handy(number: f64) -> bool {
    number == 0.0 || (1e-6..1e9).contains(&number.abs())
}

/// A number as it is, without rows of zeros.
fn plain(number: f64) -> String {
    if is_handy(number) { number.to_string() } else { format!("{number:e}") }
}

/// The value of a measurement, as short as it may be told beside a limit.
pub fn value(one: &Measurement, limit: Option<Limit>) -> String {
    match one.number {
        Some(number) => figure(number, limit.map_or(number, |limit| limit.number)),
        None if one.value.is_empty() => "no value".to_owned(),
        None => one.value.clone(),
    }
}

/// The limit with its sign.
pub fn limit(limit: Limit) -> String {
    format!("{} {}", limit.relation.sign(), plain(limit.number))
}

/// What a value has to be; nothing where no condition says it.
pub fn needs(measured: &Measured) -> Option<String> {
    let (condition, must_not) = measured.condition()?;
    let told = condition.limit.map_or_else(|| condition.text.clone(), limit);
    Some(format!("{} {told}", if must_not { "fails at" } else { "needs" }))
}

/// By how much a bad value misses its limit.
pub fn missed(one: &Measurement, measured: &Measured) -> Option<String> {
    let (condition, must_not) = measured.condition()?;
    let (limit, number) = (condition.limit?, one.number?);
    if limit.relation.holds(number, limit.number) != must_not {
        return None;
    }
    let by = number - limit.number;
    let word = match by {
        by if by < 0.0 => "below",
        by if by > 0.0 => "above",
        _ => return None,
    };
    // With the digits of the two that it lies between, so that the three agree.
    let decimals = |text: &str| text.split_once('.').map_or(0, |(_, digits)| digits.len());
    let told = [figure(number, limit.number), plain(limit.number)];
    let digits = told.iter().map(|text| decimals(text)).max().unwrap_or(0);
    let text = format!("{:.*}", digits, by.abs());
    let text = if is_handy(by) && text.len() < 16 { text } else { figure(by.abs(), by.abs()) };
    Some(format!("{text} {word}"))
}

/// What was measured last, against what, and by how much it is missed:
/// `0.948, needs >= 0.985, 0.037 below`.
pub fn brief(measured: &Measured) -> Option<String> {
    Some(told(measured)?.join(", "))
}

/// The same in pieces, the most important first.
pub fn told(measured: &Measured) -> Option<Vec<String>> {
    let newest = measured.newest()?;
    if newest.state == AnalysisState::Error {
        let why = newest.message.clone();
        return Some(vec![why.unwrap_or_else(|| "it cannot be measured".to_owned())]);
    }
    let parts = [Some(value(newest, measured.limit())), needs(measured), missed(newest, measured)];
    Some(parts.into_iter().flatten().collect())
}

/// How it stands, in a word or two.
pub fn state(measured: &Measured) -> String {
    let word = match &measured.state {
        AnalysisState::Pending => "not measured yet",
        AnalysisState::Running if measured.measurements.is_empty() => "not measured yet",
        AnalysisState::Running if measured.errors.used > 0 => "not measured of late",
        AnalysisState::Running if measured.failed.used > 0 => "failing",
        AnalysisState::Running => "good so far",
        AnalysisState::Successful => "passed",
        AnalysisState::Failed => "failed",
        AnalysisState::Error => "could not be measured",
        AnalysisState::Inconclusive => "inconclusive",
        AnalysisState::Other(word) => word,
    };
    word.to_owned()
}

/// What has happened to the metric `name` since an earlier look, if it is worth a line: how it stands
/// now, or a bad measurement more.
pub(super) fn news(name: &str, old: &Measured, new: &Measured) -> Option<String> {
    // By how much stands where there is more room than in a line of the timeline.
    let told = told(new).map(|parts| parts.into_iter().take(2).collect::<Vec<_>>().join(", "));
    if old.state != new.state && new.state.is_end() {
        let told = told.map(|text| format!(": {text}")).unwrap_or_default();
        return Some(format!("{name} {}{told}", state(new)));
    }
    let budgets = |of: &Measured| [of.failed, of.inconclusive, of.errors];
    let words = ["failed", "inconclusive", "not measured"];
    let pairs = budgets(old).into_iter().zip(budgets(new)).zip(words);
    let spent = pairs
        .filter(|((old, new), _)| new.used > old.used)
        .map(|((_, new), word)| spent(new, word))
        .next()?;
    let told = told.into_iter().chain([spent]).collect::<Vec<_>>().join("; ");
    Some(format!("{name}: {told}"))
}

/// `failed 1, allowed 2`.
pub fn spent(budget: Budget, word: &str) -> String {
    let allowed = budget.allowed.map_or_else(|| "any number".to_owned(), |most| most.to_string());
    format!("{word} {}, allowed {allowed}", budget.used)
}

#[cfg(test)]
mod tests {
    use super::figure;

    #[test]
    fn a_number_is_as_long_as_it_takes_to_tell_it_from_the_other() {
        for (number, other, expected) in [
            (0.948_275_862_068_965_6, 0.985, "0.948"),
            (0.984_999, 0.985, "0.984999"),
            (0.036_724_1, 0.036_724_1, "0.0367"),
            (1.0, 1.0, "1"),
            (0.0, 0.05, "0"),
            (1234.5, 1000.0, "1234"),
            (1000.4, 1000.0, "1000.4"),
            (-0.5, 0.5, "-0.5"),
            (1e-9, 0.0, "1e-9"),
        ] {
            assert_eq!(figure(number, other), expected, "{number} beside {other}");
        }
        let mad = [f64::MAX, f64::MIN_POSITIVE, f64::NAN, f64::INFINITY];
        assert!(mad.iter().all(|number| figure(*number, 1.0).len() < 26));
    }
}
