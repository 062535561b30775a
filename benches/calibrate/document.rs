//! The tables' places in the document.

use std::error::Error;
use std::fs;
use std::path::Path;

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/verdict.md");

/// Puts `text` between the marks of the table `name`.
pub(crate) fn insert(name: &str, text: &str) -> Result<(), Box<dyn Error>> {
    let document = fs::read_to_string(Path::new(DOCUMENT))?;
    let (start, end) =
        (format!("<!-- {name}: `just calibrate` -->\n"), format!("<!-- /{name} -->"));
    let missing = || format!("no marks for the table `{name}` in {DOCUMENT}");
    let (before, rest) = document.split_once(&start).ok_or_else(missing)?;
    let (_, after) = rest.split_once(&end).ok_or_else(missing)?;
    fs::write(DOCUMENT, format!("{before}{start}\n{}\n\n{end}{after}", text.trim()))?;
    Ok(())
}
