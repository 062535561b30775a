//! Every kept input goes through its door, and some that chance decides.

use std::fs;
use std::path::PathBuf;

use proptest::prelude::*;

/// The inputs of `fuzz/seeds` for one door: where to begin, and what was once found.
fn kept(door: &str) -> Vec<(String, Vec<u8>)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(door);
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        found.push((path.display().to_string(), fs::read(&path).unwrap()));
    }
    found.sort();
    assert!(!found.is_empty(), "nothing is kept for {door}");
    found
}

/// Plays what is kept; a failure names its file.
fn play(name: &str, door: fn(&[u8])) {
    for (path, data) in kept(name) {
        let played = std::panic::catch_unwind(|| door(&data));
        assert!(played.is_ok(), "{path}");
    }
}

#[test]
fn what_people_write_is_read_or_refused() {
    play("words", super::words);
}

#[test]
fn requests_are_read_or_refused() {
    play("wire", super::wire);
}

#[test]
fn an_audit_file_is_read_and_written_on_whatever_is_in_it() {
    play("journal", super::journal);
}

#[test]
fn what_a_cluster_tells_becomes_a_picture() {
    play("cluster", super::cluster);
}

#[test]
fn what_aws_answers_becomes_a_picture() {
    play("replies", super::replies);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn answers_with_any_changes_become_a_picture(
        head in any::<[u8; 3]>(),
        edits in prop::collection::vec(any::<[u8; 5]>(), 0..12),
    ) {
        super::replies(&[&head[..], edits.as_flattened()].concat());
    }
}
