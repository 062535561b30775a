//! What is kept: the audit file, written and synced before a call is made.
