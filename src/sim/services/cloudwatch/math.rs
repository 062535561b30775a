//! Metric math: arithmetic on series, `FILL(series, number)` and `SUM([a, b])`.
//!
//! Everything else that CloudWatch can compute is refused in words.

use std::collections::{BTreeMap, BTreeSet};

/// Values by the start of their period, in seconds since the epoch.
pub(super) type Series = BTreeMap<i64, f64>;

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expression {
    Number(f64),
    Id(String),
    Negate(Box<Expression>),
    Binary(Operator, Box<Expression>, Box<Expression>),
    /// The series, and the number where it has no value.
    Fill(Box<Expression>, f64),
    Sum(Vec<Expression>),
}

/// A binary operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
}

/// The value of an expression.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Outcome {
    Scalar(f64),
    Series(Series),
}

/// The longest expression that the service accepts.
const LONGEST: usize = 2048;
/// How deep parentheses may nest here.
const DEPTH: usize = 32;

impl Expression {
    /// Reads an expression; the error says what is wrong with it or not simulated.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if text.len() > LONGEST {
            return Err(format!("an expression has at most {LONGEST} characters"));
        }
        let mut parser = Parser { rest: text, depth: 0 };
        let expression = parser.sum()?;
        match parser.peek() {
            None => Ok(expression),
            Some(c) => Err(format!("`{c}` is unexpected")),
        }
    }

    /// The ids that it refers to.
    pub(super) fn references(&self) -> BTreeSet<&str> {
        match self {
            Self::Number(_) => BTreeSet::new(),
            Self::Id(id) => BTreeSet::from([id.as_str()]),
            Self::Negate(inner) | Self::Fill(inner, _) => inner.references(),
            Self::Binary(_, left, right) => &left.references() | &right.references(),
            Self::Sum(items) => items.iter().flat_map(Self::references).collect(),
        }
    }

    /// Computes it; `grid` holds the period starts that FILL fills.
    pub(super) fn evaluate(&self, known: &BTreeMap<&str, Series>, grid: &[i64]) -> Outcome {
        let inner = |expression: &Self| expression.evaluate(known, grid);
        match self {
            Self::Number(number) => Outcome::Scalar(*number),
            Self::Id(id) => Outcome::Series(known.get(id.as_str()).cloned().unwrap_or_default()),
            Self::Negate(expression) => {
                combine(Operator::Subtract, Outcome::Scalar(0.0), inner(expression))
            }
            Self::Binary(operator, left, right) => combine(*operator, inner(left), inner(right)),
            Self::Fill(expression, number) => match inner(expression) {
                // A series without any value stays empty.
                Outcome::Series(mut series) if !series.is_empty() => {
                    for at in grid {
                        series.entry(*at).or_insert(*number);
                    }
                    Outcome::Series(series)
                }
                other => other,
            },
            Self::Sum(items) => add_up(items.iter().map(inner)),
        }
    }
}

/// Adds values up where at least one of them exists.
fn add_up(items: impl Iterator<Item = Outcome>) -> Outcome {
    let (mut constant, mut total) = (0.0, None::<Series>);
    for item in items {
        match item {
            Outcome::Scalar(number) => constant += number,
            Outcome::Series(series) => {
                let total = total.get_or_insert_default();
                for (at, value) in series {
                    *total.entry(at).or_insert(0.0) += value;
                }
            }
        }
    }
    match total {
        None => Outcome::Scalar(constant),
        Some(total) => {
            Outcome::Series(total.into_iter().map(|(at, value)| (at, value + constant)).collect())
        }
    }
}

/// Applies an operator where both sides have a value; without a finite result there is none.
fn combine(operator: Operator, left: Outcome, right: Outcome) -> Outcome {
    let apply = |left: f64, right: f64| match operator {
        Operator::Add => left + right,
        Operator::Subtract => left - right,
        Operator::Multiply => left * right,
        Operator::Divide => left / right,
    };
    let finite = |(at, value): (i64, f64)| value.is_finite().then_some((at, value));
    match (left, right) {
        (Outcome::Scalar(left), Outcome::Scalar(right)) => Outcome::Scalar(apply(left, right)),
        (Outcome::Series(series), Outcome::Scalar(right)) => Outcome::Series(
            series
                .into_iter()
                .map(|(at, left)| (at, apply(left, right)))
                .filter_map(finite)
                .collect(),
        ),
        (Outcome::Scalar(left), Outcome::Series(series)) => Outcome::Series(
            series
                .into_iter()
                .map(|(at, right)| (at, apply(left, right)))
                .filter_map(finite)
                .collect(),
        ),
        (Outcome::Series(left), Outcome::Series(right)) => Outcome::Series(
            left.into_iter()
                .filter_map(|(at, left)| Some((at, apply(left, *right.get(&at)?))))
                .filter_map(finite)
                .collect(),
        ),
    }
}

struct Parser<'a> {
    rest: &'a str,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn peek(&mut self) -> Option<char> {
        self.rest = self.rest.trim_start();
        self.rest.chars().next()
    }

    fn take(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.rest = &self.rest[wanted.len_utf8()..];
        }
        found
    }

    fn expect(&mut self, wanted: char) -> Result<(), String> {
        if self.take(wanted) { Ok(()) } else { Err(format!("`{wanted}` is missing")) }
    }

    fn word(&mut self, holds: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|c| !holds(c)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word
    }

    fn sum(&mut self) -> Result<Expression, String> {
        let mut left = self.product()?;
        loop {
            let operator = if self.take('+') {
                Operator::Add
            } else if self.take('-') {
                Operator::Subtract
            } else {
                return Ok(left);
            };
            left = Expression::Binary(operator, left.into(), self.product()?.into());
        }
    }

    fn product(&mut self) -> Result<Expression, String> {
        let mut left = self.operand()?;
        loop {
            let operator = if self.take('*') {
                Operator::Multiply
            } else if self.take('/') {
                Operator::Divide
            } else {
                return Ok(left);
            };
            left = Expression::Binary(operator, left.into(), self.operand()?.into());
        }
    }

    fn operand(&mut self) -> Result<Expression, String> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(format!("it nests deeper than {DEPTH} levels"));
        }
        let operand = match self.peek() {
            None => Err("an operand is missing at its end".to_owned()),
            Some('-') => {
                self.take('-');
                self.operand().map(|inner| Expression::Negate(inner.into()))
            }
            Some('(') => {
                self.take('(');
                let inner = self.sum()?;
                self.expect(')').map(|()| inner)
            }
            Some(c) if c.is_ascii_digit() || c == '.' => self.number().map(Expression::Number),
            Some(c) if c.is_ascii_alphabetic() => self.named(),
            Some(c) => Err(format!("`{c}` is unexpected")),
        };
        self.depth -= 1;
        operand
    }

    fn number(&mut self) -> Result<f64, String> {
        let text = self.word(|c| c.is_ascii_digit() || c == '.');
        text.parse().map_err(|_| format!("`{text}` is no number"))
    }

    fn named(&mut self) -> Result<Expression, String> {
        let name = self.word(|c| c.is_ascii_alphanumeric() || c == '_');
        if self.peek() != Some('(') {
            return Ok(Expression::Id(name.to_owned()));
        }
        self.take('(');
        let expression = match name {
            "FILL" => {
                let series = self.sum()?;
                self.expect(',')?;
                let sign = if self.take('-') { -1.0 } else { 1.0 };
                match self.peek() {
                    Some(c) if c.is_ascii_digit() || c == '.' => {}
                    _ => return Err("FILL is simulated with a number only".to_owned()),
                }
                Expression::Fill(series.into(), sign * self.number()?)
            }
            "SUM" => {
                if !self.take('[') {
                    return Err("SUM is simulated for lists only, as in SUM([a, b])".to_owned());
                }
                let mut items = vec![self.sum()?];
                while self.take(',') {
                    items.push(self.sum()?);
                }
                self.expect(']')?;
                Expression::Sum(items)
            }
            _ => return Err(format!("the function {name} is not simulated")),
        };
        self.expect(')').map(|()| expression)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn compute(text: &str) -> Outcome {
        let a = Series::from([(60, 8.0), (120, 4.0)]);
        let b = Series::from([(60, 2.0), (180, 1.0)]);
        let known = BTreeMap::from([("a", a), ("b", b), ("none", Series::new())]);
        Expression::parse(text).unwrap().evaluate(&known, &[60, 120, 180])
    }

    fn series(points: &[(i64, f64)]) -> Outcome {
        Outcome::Series(points.iter().copied().collect())
    }

    #[test]
    fn products_bind_closer_and_operators_group_from_the_left() {
        assert_eq!(compute("1 + 2 * 3 - 4 / 2"), Outcome::Scalar(5.0));
        assert_eq!(compute("16 / 4 / 2 - -(1 + 1)"), Outcome::Scalar(4.0));
    }

    #[test]
    fn a_point_needs_both_sides_and_a_finite_result() {
        assert_eq!(compute("100 * b / a"), series(&[(60, 25.0)]));
        assert_eq!(compute("a / 0"), series(&[]));
        assert_eq!(compute("1 / a"), series(&[(60, 0.125), (120, 0.25)]));
    }

    #[test]
    fn fill_fills_gaps_but_makes_no_series_of_nothing() {
        assert_eq!(compute("FILL(b, 0)"), series(&[(60, 2.0), (120, 0.0), (180, 1.0)]));
        assert_eq!(compute("FILL(none, -1)"), series(&[]));
        assert_eq!(compute("SUM([a, b, 1])"), series(&[(60, 11.0), (120, 5.0), (180, 2.0)]));
    }

    #[test]
    fn what_is_not_simulated_says_so() {
        let deep = "(".repeat(2000);
        for (text, said) in [
            ("IF(a > 1, 1, 0)", "function IF is not simulated"),
            ("FILL(a, REPEAT)", "with a number only"),
            ("SUM(METRICS())", "for lists only"),
            ("a +", "an operand is missing"),
            ("a b", "`b` is unexpected"),
            ("(a", "`)` is missing"),
            ("1.2.3", "is no number"),
            ("a > b", "`>` is unexpected"),
            (deep.as_str(), "nests deeper"),
        ] {
            let error = Expression::parse(text).unwrap_err();
            assert!(error.contains(said), "{text}: {error}");
        }
        assert_eq!(
            Expression::parse("a/FILL(b,0)").unwrap().references(),
            BTreeSet::from(["a", "b"])
        );
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[ab0-9.+*/(), \\[\\]-]{0,40}|\\PC{0,40}") {
            let _ = Expression::parse(&text);
        }
    }
}
