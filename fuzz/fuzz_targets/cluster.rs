//! What a cluster tells: see `cutover::fuzzing::cluster`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| cutover::fuzzing::cluster(data));
