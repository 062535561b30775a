//! XML bodies of requests: elements and text, as AWS clients write them; nothing that XML can do
//! beyond that.

use super::malformed;
use crate::sim::error::ApiError;
use crate::sim::value::Value;

/// How deep elements may nest; the deepest real one has seven levels.
const DEPTH: usize = 32;

/// Reads the members of the root element.
///
/// An element with elements becomes a map, one with text becomes text. Elements whose name is that
/// of their parent without its last letter `s` are the items of a list.
pub fn decode(body: &[u8]) -> Result<Value, ApiError> {
    let text = std::str::from_utf8(body).map_err(|_| malformed("the body is not UTF-8"))?;
    let mut reader = Reader { rest: text };
    reader.skip_between();
    let root = reader.element(0)?;
    reader.skip_between();
    if !reader.rest.is_empty() {
        return Err(malformed("the body goes on after its root element"));
    }
    Ok(root.1)
}

struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    /// Skips blanks, declarations and comments.
    fn skip_between(&mut self) {
        loop {
            self.rest = self.rest.trim_start();
            let skipped = (self.skip("<?", "?>")).or_else(|| self.skip("<!--", "-->"));
            match skipped {
                Some(rest) => self.rest = rest,
                None => return,
            }
        }
    }

    /// What follows something that begins here with `start` and ends with `end`.
    fn skip(&self, start: &str, end: &str) -> Option<&'a str> {
        self.rest.strip_prefix(start)?.split_once(end).map(|(_, rest)| rest)
    }

    /// An element with its name.
    fn element(&mut self, depth: usize) -> Result<(&'a str, Value), ApiError> {
        if depth > DEPTH {
            return Err(malformed(format!("the body nests deeper than {DEPTH} levels")));
        }
        let inside =
            self.rest.strip_prefix('<').ok_or_else(|| malformed("an element is missing"))?;
        let (tag, rest) = inside.split_once('>').ok_or_else(|| malformed("a tag has no end"))?;
        self.rest = rest;
        let (tag, empty) = tag.strip_suffix('/').map_or((tag, false), |tag| (tag, true));
        let name = tag.split_ascii_whitespace().next().unwrap_or_default();
        if name.is_empty() || name.starts_with(['/', '!', '?']) {
            return Err(malformed(format!("`<{tag}>` is no element")));
        }
        if empty {
            return Ok((name, Value::Text(String::new())));
        }
        let content = self.content(name, depth)?;
        let end = self.rest.strip_prefix("</").and_then(|rest| rest.split_once('>'));
        match end {
            Some((closed, rest)) if closed.trim_end() == name => self.rest = rest,
            _ => return Err(malformed(format!("the element {name} has no end"))),
        }
        Ok((name, content))
    }

    /// What stands between the tags of an element.
    fn content(&mut self, name: &str, depth: usize) -> Result<Value, ApiError> {
        let (text, _) =
            self.rest.split_once('<').ok_or_else(|| malformed("the body is cut off"))?;
        let before = self.rest;
        self.skip_between();
        if self.rest.starts_with("</") {
            if text.len() == before.len() - self.rest.len() {
                return Ok(Value::Text(unescape(text)?));
            }
            return Ok(Value::Map(Vec::new()));
        }
        if !self.rest.starts_with('<') {
            self.rest = &before[text.len()..];
            return Ok(Value::Text(unescape(text)?));
        }
        let mut members = Vec::new();
        while !self.rest.starts_with("</") {
            let (name, value) = self.element(depth + 1)?;
            members.push((name, value));
            self.skip_between();
        }
        let item = name.strip_suffix('s').unwrap_or_default();
        if members.iter().all(|(name, _)| *name == item) {
            return Ok(Value::List(members.into_iter().map(|(_, value)| value).collect()));
        }
        let owned = |(name, value): (&str, Value)| (name.to_owned(), value);
        Ok(Value::Map(members.into_iter().map(owned).collect()))
    }
}

/// Text without its references to characters.
fn unescape(text: &str) -> Result<String, ApiError> {
    let mut parts = text.split('&');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let wrong = || malformed(format!("`&{part}` refers to no character"));
        let (reference, rest) = part.split_once(';').ok_or_else(wrong)?;
        plain.push(character(reference).ok_or_else(wrong)?);
        plain.push_str(rest);
    }
    Ok(plain)
}

fn character(reference: &str) -> Option<char> {
    Some(match reference {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        number => {
            let number = number.strip_prefix('#')?;
            let code = match number.strip_prefix('x') {
                Some(hex) => u32::from_str_radix(hex, 16),
                None => number.parse(),
            };
            char::from_u32(code.ok()?)?
        }
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::sim::value::{list, map};

    #[test]
    fn elements_become_maps_lists_and_text() {
        let read = decode(
            b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- c --><Root xmlns=\"n\">\n  <A> x </A>\n\
              <Bs><B>1</B><B>&#50;&#x33;</B></Bs><C/><D><E>&amp;&lt;&gt;&quot;&apos;</E></D></Root>\n",
        );
        let expected = map([
            ("A", Value::from(" x ")),
            ("Bs", list(["1", "23"])),
            ("C", Value::from("")),
            ("D", map([("E", Value::from("&<>\"'"))])),
        ]);
        assert_eq!(read.unwrap(), expected);
    }

    #[test]
    fn what_is_no_xml_is_refused() {
        for body in [
            "",
            "text",
            "<A>",
            "<A></B>",
            "<A/><B/>",
            "<A><B></A></B>",
            "<A>&no;</A>",
            "<A>&#x110000;</A>",
            "<A>1<B/></A>",
            "</A>",
            "<A",
        ] {
            assert_eq!(
                decode(body.as_bytes()).unwrap_err().code,
                "SerializationException",
                "{body}"
            );
        }
        let deep = "<A>".repeat(500_000);
        assert!(decode(deep.as_bytes()).unwrap_err().message.contains("deeper"));
    }

    proptest! {
        #[test]
        fn text_reads_back(text in "[^&<>]*") {
            let body = format!("<A><B>{text}</B></A>");
            let read = decode(body.as_bytes()).unwrap();
            prop_assert_eq!(read.text("B"), Some(text.as_str()));
        }
    }
}
