//! What is kept: the audit file, written and synced before anything is sent.

mod audit;

pub use audit::{Audit, AuditError, Entry, Open, Record};
