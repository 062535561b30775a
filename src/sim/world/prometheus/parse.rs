//! The part of PromQL that is understood: selectors, `rate`, `increase`, `sum`, `histogram_quantile`,
//! numbers and the four arithmetic operations.

use super::Labels;
use super::pattern::Pattern;

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expression {
    Number(f64),
    Selector(Selector),
    /// What a counter grows by in the seconds before, a second where `per_second`.
    Growth {
        of: Selector,
        seconds: i64,
        per_second: bool,
    },
    Sum {
        of: Box<Expression>,
        by: Vec<String>,
    },
    Quantile {
        share: f64,
        of: Box<Expression>,
    },
    Binary {
        operator: char,
        sides: Box<(Expression, Expression)>,
    },
}

/// Which series.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Selector {
    pub(super) name: String,
    matchers: Vec<(String, Matcher)>,
}

#[derive(Debug, Clone, PartialEq)]
enum Matcher {
    Is(String),
    IsNot(String),
    Like(Pattern),
    Unlike(Pattern),
}

impl Selector {
    pub(super) fn matches(&self, labels: &Labels) -> bool {
        self.matchers.iter().all(|(label, matcher)| {
            let value = labels.get(label).map_or("", String::as_str);
            match matcher {
                Matcher::Is(wanted) => value == wanted,
                Matcher::IsNot(wanted) => value != wanted,
                Matcher::Like(pattern) => pattern.matches(value),
                Matcher::Unlike(pattern) => !pattern.matches(value),
            }
        })
    }
}

/// Reads an expression.
pub(super) fn parse(text: &str) -> Result<Expression, String> {
    let mut reader = Reader { text, at: 0, depth: 0 };
    let read = reader.sum()?;
    reader.space();
    if reader.rest().is_empty() { Ok(read) } else { Err(reader.unexpected()) }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: u32,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn space(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    /// Takes a mark that may be there.
    fn takes(&mut self, mark: &str) -> bool {
        self.space();
        let there = self.rest().starts_with(mark);
        if there {
            self.at += mark.len();
        }
        there
    }

    fn needs(&mut self, mark: &str) -> Result<(), String> {
        if self.takes(mark) { Ok(()) } else { Err(self.unexpected()) }
    }

    fn unexpected(&self) -> String {
        let rest: String = self.rest().chars().take(20).collect();
        format!("parse error: the simulated Prometheus does not understand \"{rest}\"")
    }

    fn word(&mut self) -> &'a str {
        self.space();
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
        let rest = self.rest();
        let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        self.at += end;
        rest.get(..end).unwrap_or_default()
    }

    fn sum(&mut self) -> Result<Expression, String> {
        /// Deeper than this no person writes.
        const DEEPEST: u32 = 32;
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err("parse error: the expression is too deep".to_owned());
        }
        let mut left = self.product()?;
        loop {
            let operator = if self.takes("+") {
                '+'
            } else if self.takes("-") {
                '-'
            } else {
                self.depth -= 1;
                return Ok(left);
            };
            left = Expression::Binary { operator, sides: Box::new((left, self.product()?)) };
        }
    }

    fn product(&mut self) -> Result<Expression, String> {
        let mut left = self.factor()?;
        loop {
            let operator = if self.takes("*") {
                '*'
            } else if self.takes("/") {
                '/'
            } else {
                return Ok(left);
            };
            left = Expression::Binary { operator, sides: Box::new((left, self.factor()?)) };
        }
    }

    fn factor(&mut self) -> Result<Expression, String> {
        if self.takes("(") {
            let inner = self.sum()?;
            self.needs(")")?;
            return Ok(inner);
        }
        self.space();
        if self.rest().starts_with(|c: char| c.is_ascii_digit() || c == '.') {
            return Ok(Expression::Number(self.number()?));
        }
        if self.rest().starts_with('{') {
            return Err("parse error: a selector without a name is not simulated".to_owned());
        }
        match self.word() {
            "" => Err(self.unexpected()),
            "sum" => self.total(),
            word @ ("rate" | "increase") => {
                self.needs("(")?;
                let name = self.word();
                let of = self.selector(name)?;
                self.needs("[")?;
                let seconds = self.span()?;
                self.needs("]")?;
                self.needs(")")?;
                Ok(Expression::Growth { of, seconds, per_second: word == "rate" })
            }
            "histogram_quantile" => {
                self.needs("(")?;
                self.space();
                let share = self.number()?;
                self.needs(",")?;
                let of = Box::new(self.sum()?);
                self.needs(")")?;
                Ok(Expression::Quantile { share, of })
            }
            name => {
                let selector = self.selector(name)?;
                if self.takes("(") || self.takes("[") {
                    return Err(format!("parse error: `{name}` is no function of the simulation"));
                }
                Ok(Expression::Selector(selector))
            }
        }
    }

    /// `sum by (a, b) (...)`, `sum(...) by (a, b)` or `sum(...)`.
    fn total(&mut self) -> Result<Expression, String> {
        let mut by = if self.takes("by") { self.names()? } else { Vec::new() };
        self.needs("(")?;
        let of = Box::new(self.sum()?);
        self.needs(")")?;
        if by.is_empty() && self.takes("by") {
            by = self.names()?;
        }
        Ok(Expression::Sum { of, by })
    }

    fn names(&mut self) -> Result<Vec<String>, String> {
        self.needs("(")?;
        let mut names = Vec::new();
        while !self.takes(")") {
            match self.word() {
                "" => return Err(self.unexpected()),
                name => names.push(name.to_owned()),
            }
            self.takes(",");
        }
        Ok(names)
    }

    fn selector(&mut self, name: &str) -> Result<Selector, String> {
        if name.is_empty() {
            return Err(self.unexpected());
        }
        let mut matchers = Vec::new();
        if self.takes("{") {
            while !self.takes("}") {
                let label = self.word().to_owned();
                let (like, not) = if self.takes("=~") {
                    (true, false)
                } else if self.takes("!~") {
                    (true, true)
                } else if self.takes("!=") {
                    (false, true)
                } else {
                    self.needs("=")?;
                    (false, false)
                };
                let value = self.quoted()?;
                let matcher = match (like, not) {
                    (false, false) => Matcher::Is(value),
                    (false, true) => Matcher::IsNot(value),
                    (true, false) => Matcher::Like(Pattern::read(&value)?),
                    (true, true) => Matcher::Unlike(Pattern::read(&value)?),
                };
                matchers.push((label, matcher));
                self.takes(",");
            }
        }
        Ok(Selector { name: name.to_owned(), matchers })
    }

    fn quoted(&mut self) -> Result<String, String> {
        self.space();
        let mark = self.rest().chars().next().filter(|mark| ['"', '\''].contains(mark));
        let Some(mark) = mark else { return Err(self.unexpected()) };
        let mut value = String::new();
        let mut letters = self.rest().char_indices().skip(1);
        while let Some((place, letter)) = letters.next() {
            if letter == mark {
                self.at += place + 1;
                return Ok(value);
            }
            let escaped = (letter == '\\').then(|| letters.next()).flatten();
            value.push(escaped.map_or(letter, |(_, escaped)| escaped));
        }
        Err("parse error: unterminated quoted string".to_owned())
    }

    fn number(&mut self) -> Result<f64, String> {
        let rest = self.rest();
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let number = rest.get(..end).and_then(|text| text.parse().ok());
        let Some(number) = number else { return Err(self.unexpected()) };
        self.at += end;
        Ok(number)
    }

    /// `90s`, `5m` or `1h`.
    fn span(&mut self) -> Result<i64, String> {
        let text = self.word();
        let span = text.parse::<jiff::SignedDuration>().ok().map(|span| span.as_secs());
        span.filter(|seconds| *seconds > 0)
            .ok_or_else(|| format!("parse error: not a valid duration string: \"{text}\""))
    }
}
