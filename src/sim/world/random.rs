//! Randomness that a question cannot disturb: every purpose and index has a stream of its own.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sha2::{Digest, Sha256};

/// The source of all streams of one world.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seed(pub(crate) u64);

impl Seed {
    /// The stream for the `index`-th thing of a purpose; the same one every time.
    pub(crate) fn stream(self, purpose: &str, index: u64) -> ChaCha8Rng {
        let mut hash = Sha256::new();
        hash.update(self.0.to_le_bytes());
        hash.update(index.to_le_bytes());
        hash.update(purpose.as_bytes());
        ChaCha8Rng::from_seed(hash.finalize().into())
    }

    /// A number from `low` to `high` for the `index`-th thing of a purpose.
    pub(crate) fn between(self, purpose: &str, index: u64, (low, high): (f64, f64)) -> f64 {
        low + (high - low) * self.stream(purpose, index).random::<f64>()
    }

    /// `length` lower-case hexadecimal digits.
    pub(crate) fn hex(self, purpose: &str, index: u64, length: usize) -> String {
        self.letters((purpose, index), b"0123456789abcdef", length)
    }

    /// The id of the `index`-th deployment, e.g. `d-AB12CD34E`.
    pub(crate) fn deployment_id(self, index: usize) -> String {
        const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
        format!("d-{}", self.letters(("deployment", index as u64), LETTERS, 9))
    }

    /// The id of the `index`-th task set, e.g. `ecs-svc/1000000000000000001`.
    pub(crate) fn task_set_id(self, index: usize) -> String {
        // The first digit is fixed so that it never is a 0.
        format!("ecs-svc/9{}", self.letters(("task set", index as u64), b"0123456789", 18))
    }

    /// `length` digits for the `index`-th thing of a purpose, the first one not 0.
    pub(crate) fn digits(self, purpose: &str, index: usize, length: usize) -> String {
        let rest = self.letters((purpose, index as u64), b"0123456789", length.saturating_sub(1));
        format!("7{rest}")
    }

    /// `length` letters and digits for the `index`-th thing of a purpose.
    pub(crate) fn word(self, purpose: &str, index: usize, length: usize) -> String {
        const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        self.letters((purpose, index as u64), LETTERS, length)
    }

    /// A UUID for the `index`-th thing of a purpose.
    pub(crate) fn uuid(self, purpose: &str, index: usize) -> String {
        let hex = self.hex(purpose, index as u64, 32);
        let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
        format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
    }

    fn letters(self, (purpose, index): (&str, u64), letters: &[u8], length: usize) -> String {
        let mut stream = self.stream(purpose, index);
        (0..length).map(|_| char::from(letters[stream.random_range(0..letters.len())])).collect()
    }
}
