//! What was written, as rows. Pure.

use anstream::adapter::strip_str;
use jiff::Timestamp;

use crate::domain::LogLine;

/// The rows of one entry: a stack trace has many. Colours are taken off; what else is in it that a
/// terminal would obey is escaped where it is shown.
pub(super) fn of<'a>(
    (at, task, id): (Timestamp, &'a str, &'a str),
    text: &'a str,
) -> impl Iterator<Item = LogLine> + use<'a> {
    text.lines().enumerate().filter_map(move |(row, text)| {
        let text = strip_str(text).to_string().trim_end().replace('\t', "    ");
        let id = format!("{id}/{row}");
        (!text.is_empty()).then(|| LogLine { at, task: task.to_owned(), text, id })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_of_many_rows_stays_in_order_and_loses_its_colours() {
        let text = "\x1b[31mERROR\x1b[0m no stock\n\tat Stock.take\n\n\tat Order.new\r\n";
        let rows: Vec<_> = of((Timestamp::UNIX_EPOCH, "9f2c", "e1"), text).collect();
        let texts: Vec<&str> = rows.iter().map(|row| row.text.as_str()).collect();
        assert_eq!(texts, ["ERROR no stock", "    at Stock.take", "    at Order.new"]);
        assert_eq!(rows[2].id, "e1/3");
        assert_eq!(rows[2].task, "9f2c");
    }
}
