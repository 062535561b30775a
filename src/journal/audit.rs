//! The audit file: who did what, on which state, and what came of it. One JSON line an entry.
//!
//! Every line carries the SHA-256 of the line before it, so that a change in the middle shows
//! (`sha256sum` of a line without its newline gives what the next one must carry), and at its end
//! that of itself up to there, so that a change of the last one shows as well. A line is
//! written whole and synced under a lock of the file: several programs may share it, and one that
//! is killed leaves at most a torn last line, which the next writer moves aside.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::domain::{Order, OrderId, Progress};

/// What the first line carries in place of a hash.
const NOTHING: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// What stands before the hash at the end of a line, and after it.
const SEAL: (&[u8], &[u8]) = (b",\"sum\":\"", b"\"}");
/// How long a hash is.
const HASH: usize = NOTHING.len();

/// The audit file at its path.
#[derive(Debug, Clone)]
pub struct Audit {
    path: PathBuf,
}

/// What is written down.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "entry", rename_all = "snake_case")]
pub enum Entry<'a> {
    /// An order is about to be sent: complete, with the state it was decided on.
    Intent {
        /// The order.
        order: &'a Order,
        /// Why the state could not be read again before it, if so.
        #[serde(skip_serializing_if = "Option::is_none")]
        unread: Option<&'a str>,
    },
    /// What came of an order.
    Outcome {
        /// Which order.
        order: &'a OrderId,
        /// What is known now.
        #[serde(flatten)]
        progress: &'a Progress,
    },
    /// A person was told that the end of an order was never written down, and that reading does not
    /// show it.
    Reported {
        /// Which order.
        order: &'a OrderId,
    },
}

/// A line as it stands in the file, without its seal.
#[derive(Serialize)]
struct Line<'a> {
    schema: &'static str,
    prev: &'a str,
    at: Timestamp,
    #[serde(flatten)]
    entry: &'a Entry<'a>,
}

/// A line as it is read back: what every version of the file has.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Record {
    /// The hash of the line before.
    pub prev: String,
    /// When it was written, in AWS time.
    pub at: Timestamp,
    /// `intent`, `outcome` or `reported`.
    pub entry: String,
    /// The order: whole for an intent, else its id.
    pub order: serde_json::Value,
    /// How far the order got, for an outcome.
    pub progress: Option<String>,
}

/// An order that was written down as about to be sent, and whose end was not.
#[derive(Debug, Clone, PartialEq)]
pub struct Open {
    /// The order.
    pub order: OrderId,
    /// What it was about, as text.
    pub target: String,
    /// The action and when it was written down, for a person.
    pub text: String,
    /// When it was written down.
    pub at: Timestamp,
    /// All of it, to find out by reading what became of it; absent in lines of other versions.
    pub whole: Option<Box<Order>>,
}

/// Why the audit file cannot be trusted or read.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// It could not be read or written.
    #[error("cannot use the audit file {path}: {source}")]
    Io {
        /// The file.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// A line is not what was written.
    #[error(
        "{path}:{line}: {problem}\n\nhint: somebody or something else than cutover has written to this file"
    )]
    Broken {
        /// The file.
        path: String,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong.
        problem: String,
    },
}

impl Audit {
    /// The audit file at `path`; it is made when the first entry is written.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes an entry and syncs it to the disk; when this returns well, it is there to stay.
    pub fn write(&self, at: Timestamp, entry: &Entry<'_>) -> Result<(), AuditError> {
        self.append(at, entry).map_err(|source| self.failed(source))
    }

    /// The orders whose end was never written down, oldest first. Lines that cannot be read are
    /// passed over: [`Audit::verify`] is there to complain about them.
    pub fn open_orders(&self) -> Result<Vec<Open>, AuditError> {
        let bytes = self.read()?;
        let mut open: BTreeMap<(Timestamp, String), Open> = BTreeMap::new();
        for record in whole_lines(&bytes).filter_map(|line| serde_json::from_slice(line).ok()) {
            let record: Record = record;
            if let Some(order) = intent(&record) {
                open.insert((record.at, order.order.as_str().to_owned()), order);
            } else if let Some(id) = record.order.as_str() {
                open.retain(|(_, known), _| known != id);
            }
        }
        Ok(open.into_values().collect())
    }

    /// All entries, after checking that every line carries the hash of the one before it.
    pub fn verify(&self) -> Result<Vec<Record>, AuditError> {
        let bytes = self.read()?;
        let (mut prev, mut sealed) = (NOTHING.to_owned(), false);
        let mut records = Vec::new();
        for (index, line) in whole_lines(&bytes).enumerate() {
            let broken = |problem: String| AuditError::Broken {
                path: self.path.display().to_string(),
                line: index + 1,
                problem,
            };
            let record: Record = serde_json::from_slice(line)
                .map_err(|error| broken(format!("not an entry: {error}")))?;
            if record.prev != prev {
                return Err(broken("does not follow from the line before it".to_owned()));
            }
            match split_seal(line) {
                Some((text, sum)) if hash(text).as_bytes() == sum => sealed = true,
                // Lines of the first version have no hash of their own.
                None if !sealed => {}
                Some(_) | None => return Err(broken("is not as it was written".to_owned())),
            }
            prev = hash(line);
            records.push(record);
        }
        Ok(records)
    }

    fn read(&self) -> Result<Vec<u8>, AuditError> {
        match fs::read(&self.path) {
            Ok(bytes) => Ok(bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(source) => Err(self.failed(source)),
        }
    }

    fn append(&self, at: Timestamp, entry: &Entry<'_>) -> io::Result<()> {
        if let Some(folder) = self.path.parent() {
            private_folder(folder)?;
        }
        let mut file = private_file(&self.path)?;
        file.lock()?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        self.set_torn_line_aside(&mut file, &bytes)?;
        let prev = whole_lines(&bytes).last().map_or_else(|| NOTHING.to_owned(), hash);
        let line = Line { schema: "cutover.audit/1", prev: &prev, at, entry };
        let mut text = seal(serde_json::to_vec(&line)?);
        text.push(b'\n');
        let end = file.seek(io::SeekFrom::End(0))?;
        let written = file.write_all(&text).and_then(|()| file.sync_all());
        if written.is_err() {
            // On a full disk a part of it may be there: it never counted.
            let _ = file.set_len(end);
        }
        written
    }

    /// A writer was killed in the middle of a line: keep what it wrote, but not in the chain.
    fn set_torn_line_aside(&self, file: &mut File, bytes: &[u8]) -> io::Result<()> {
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let (_, torn) = bytes.split_at(whole);
        if torn.is_empty() {
            return Ok(());
        }
        let mut aside = private_file(&self.path.with_extension("torn"))?;
        aside.seek(io::SeekFrom::End(0))?;
        aside.write_all(torn)?;
        aside.write_all(b"\n")?;
        aside.sync_all()?;
        file.set_len(whole as u64)
    }

    fn failed(&self, source: io::Error) -> AuditError {
        AuditError::Io { path: self.path.display().to_string(), source }
    }
}

/// The open order that an intent stands for.
fn intent(record: &Record) -> Option<Open> {
    let text = |name: &str| record.order.get(name)?.as_str().map(str::to_owned);
    Some(Open {
        order: serde_json::from_value(record.order.get("id")?.clone()).ok()?,
        target: text("target")?,
        text: format!("{} of {}", text("action")?.replace('_', " "), record.at),
        at: record.at,
        whole: serde_json::from_value(record.order.clone()).ok().map(Box::new),
    })
}

/// The lines that were written to their end.
fn whole_lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split_inclusive(|byte| *byte == b'\n').filter_map(|line| line.strip_suffix(b"\n"))
}

/// The line with the hash of itself as its last member.
fn seal(mut line: Vec<u8>) -> Vec<u8> {
    line.pop();
    let sum = hash(&line);
    [&line, SEAL.0, sum.as_bytes(), SEAL.1].concat()
}

/// A line up to its own hash, and that hash.
fn split_seal(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let rest = line.strip_suffix(SEAL.1)?;
    let (rest, sum) = rest.split_at_checked(rest.len().checked_sub(HASH)?)?;
    Some((rest.strip_suffix(SEAL.0)?, sum))
}

fn hash(line: &[u8]) -> String {
    Sha256::digest(line).iter().fold(String::with_capacity(64), |mut text, byte| {
        for nibble in [byte >> 4, byte & 15] {
            text.extend(char::from_digit(u32::from(nibble), 16));
        }
        text
    })
}

/// What is in the file is nobody else's business.
fn private_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn private_folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

#[cfg(test)]
mod tests;
