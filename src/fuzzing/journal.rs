//! An audit file that somebody else has written to.

use std::fs;
use std::path::PathBuf;

use jiff::Timestamp;

use crate::domain::{OrderId, Progress};
use crate::journal::{Audit, Entry};

/// The bytes are an audit file: it is read, and written on.
///
/// A file that holds is one that holds afterwards, with one line more; a broken one stays broken,
/// and an end without a newline is kept aside.
pub fn journal(data: &[u8]) {
    let folder = Folder::new();
    let path = folder.0.join("audit.jsonl");
    if fs::write(&path, data).is_err() {
        return;
    }
    let audit = Audit::at(&path);
    let open = audit.open_orders();
    assert!(open.is_ok(), "a file that can be read has orders or none");
    let before = audit.verify();
    let entry = Entry::Outcome { order: &OrderId::new(7, 1), progress: &Progress::Sent };
    let written = audit.write(Timestamp::UNIX_EPOCH, &entry);
    assert!(written.is_ok(), "{written:?}");
    let after = audit.verify();
    match (before, after) {
        (Ok(before), Ok(after)) => {
            assert_eq!(after.len(), before.len() + 1);
            assert_eq!(after.get(..before.len()), Some(before.as_slice()));
        }
        (Err(before), Err(after)) => assert_eq!(before.to_string(), after.to_string()),
        (before, after) => assert_eq!(before.is_ok(), after.is_ok(), "{before:?} {after:?}"),
    }
    let torn = data.rsplit(|byte| *byte == b'\n').next().unwrap_or(data);
    let aside = fs::read(path.with_extension("torn")).unwrap_or_default();
    assert_eq!(aside.strip_suffix(b"\n").unwrap_or(&aside), torn, "what was torn is kept");
}

/// A folder of this thread's own, gone with its owner.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let thread = format!("{:?}", std::thread::current().id());
        let thread: String = thread.chars().filter(char::is_ascii_digit).collect();
        let name = format!("cutover-journal-{}-{thread}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let made = fs::create_dir_all(&path);
        assert!(made.is_ok(), "{made:?}");
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
