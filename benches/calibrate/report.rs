//! What a table says, and the bars that were missed on the way.

use std::fmt::Write as _;

use crate::acceptance::{Crossings, Expected};

/// Standard errors that a table may be off by chance: it is a sample, and the reference is one too.
const CHANCE: f64 = 3.0;

/// A table in the making.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// Markdown.
    pub(crate) text: String,
    /// How many bars were held against what was found.
    pub(crate) bars: usize,
    /// What was missed, in words.
    pub(crate) misses: Vec<String>,
}

impl Report {
    /// A table's head.
    pub(crate) fn head(&mut self, cells: &[impl AsRef<str>]) {
        self.row(cells);
        self.row(&vec!["---"; cells.len()]);
    }

    /// A row of it.
    pub(crate) fn row(&mut self, cells: &[impl AsRef<str>]) {
        for cell in cells {
            write!(self.text, "| {} ", cell.as_ref()).unwrap();
        }
        self.text.push_str("|\n");
    }

    /// A paragraph.
    pub(crate) fn say(&mut self, text: &str) {
        write!(self.text, "\n{text}\n\n").unwrap();
    }

    /// Holds `found` against what the reference found.
    pub(crate) fn expect(&mut self, what: &str, expected: Expected, found: &Crossings) {
        self.hold(what, expected, found, CHANCE);
        if let Expected::FalseAlarms(_) = expected {
            self.at_most(what, 0.05, found.share());
        }
    }

    /// The same where no chance is allowed for.
    pub(crate) fn demand(&mut self, what: &str, expected: Expected, found: &Crossings) {
        self.hold(what, expected, found, 0.0);
    }

    fn hold(&mut self, what: &str, expected: Expected, found: &Crossings, slack: f64) {
        self.bars += 1;
        let misses = expected.misses(found, slack);
        self.misses.extend(misses.into_iter().map(|miss| format!("{what}: {miss}")));
    }

    /// Holds the share of a mistake against a bound.
    pub(crate) fn at_most(&mut self, what: &str, most: f64, share: f64) {
        self.bars += 1;
        if share > most {
            self.misses.push(format!("{what}: {share}, at most {most}"));
        }
    }
}

/// A share in percent, without the sign.
pub(crate) fn percent(share: f64) -> String {
    format!("{:.1}", 100.0 * share)
}

/// Median / nine in ten / share that got there; `-` where too few did.
pub(crate) fn delay(found: &Crossings) -> String {
    let minutes = |q| {
        let minutes: f64 = found.quantile(q);
        if minutes.is_finite() { minutes.to_string() } else { "-".to_owned() }
    };
    format!("{} / {} / {:.0} %", minutes(0.5), minutes(0.9), 100.0 * found.share())
}
