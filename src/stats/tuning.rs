//! The constants of the method. Set by simulation; not for the config file.

/// Which of the two ways a process bets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Against "green is within the margin": much evidence says that green is worse.
    Worse,
    /// Against "green is beyond the margin": much evidence says that green is safe.
    Safe,
}

/// Effects with the weight of each: by how much green's odds are multiplied.
const WORSE_GRID: [(f64, f64); 9] = [
    (1.05, 0.08),
    (1.1, 0.12),
    (1.25, 0.18),
    (1.5, 0.18),
    (2.0, 0.16),
    (3.0, 0.12),
    (6.0, 0.08),
    (15.0, 0.05),
    (50.0, 0.03),
];
const SEVENTH: f64 = 1.0 / 7.0;
const SAFE_GRID: [(f64, f64); 7] = [
    (0.9, SEVENTH),
    (0.75, SEVENTH),
    (0.6, SEVENTH),
    (0.45, SEVENTH),
    (0.3, SEVENTH),
    (0.15, SEVENTH),
    (0.03, SEVENTH),
];

impl Direction {
    /// The effects that are betted on.
    pub(super) fn grid(self) -> &'static [(f64, f64)] {
        match self {
            Direction::Worse => &WORSE_GRID,
            Direction::Safe => &SAFE_GRID,
        }
    }

    /// By how much the measured excess of the dispersion is exaggerated, because it is an estimate.
    pub(super) fn inflation(self) -> f64 {
        match self {
            Direction::Worse => 1.25,
            Direction::Safe => 1.5,
        }
    }

    /// The most that can be banked, in nats. Small for safety: what green earned in good hours must
    /// be lost within a few bad minutes.
    pub(super) fn wealth_cap(self) -> f64 {
        match self {
            Direction::Worse => 40.0,
            Direction::Safe => 7.0,
        }
    }
}

/// The length of a bucket in seconds, from 10 to 60; one minute unless said otherwise.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BucketLength(f64);

impl BucketLength {
    /// One minute: what CloudWatch gives.
    pub const MINUTE: BucketLength = BucketLength(60.0);

    /// A length that the method was checked at.
    pub fn seconds(seconds: f64) -> Option<Self> {
        (10.0..=60.0).contains(&seconds).then_some(Self(seconds))
    }

    /// In minutes.
    pub fn minutes(self) -> f64 {
        self.0 / 60.0
    }

    /// How many buckets make so many minutes.
    pub(super) fn buckets(self, minutes: u32) -> u32 {
        (f64::from(minutes) / self.minutes()).ceil() as u32
    }
}

/// The constants that depend on the length of a bucket.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Tuning {
    /// Part of the stake that is laid out at the first bucket.
    pub(super) first_stake: f64,
    /// Buckets after which half of the rest is laid out.
    pub(super) stake_half_life: f64,
    /// The most that one bucket counts, in nats.
    pub(super) cap: f64,
    /// What one bucket leaves of the older knowledge of the dispersion.
    pub(super) keep_dispersion: f64,
    /// The same for blue's level, green's level and their ratio.
    pub(super) keep_level: f64,
    /// The same for the traffic.
    pub(super) keep_traffic: f64,
}

impl Tuning {
    /// The constants for buckets of one minute, or what gives the same speed with shorter ones.
    pub(super) fn new(length: BucketLength) -> Self {
        let minutes = length.minutes();
        Self {
            first_stake: 0.5,
            stake_half_life: 60.0 / minutes,
            cap: 3.5 * minutes.max(1.0 / 3.0),
            keep_dispersion: 0.98_f64.powf(minutes),
            keep_level: 0.95_f64.powf(minutes),
            keep_traffic: 0.8_f64.powf(minutes),
        }
    }
}
