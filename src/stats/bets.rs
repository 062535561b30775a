//! One bet on one bucket, fair as long as the hypothesis that it is placed against holds.
//!
//! A bet multiplies the wealth by `u` for each bad request of green and by `q` for each one of blue,
//! and takes a little for each good one. `q` follows from `u` so that the expected factor is at most
//! one for *every* pair of rates within the hypothesis, not only for the guessed one: a wrong guess
//! of blue's rate costs power, never honesty.

use super::counts::Counts;

/// How close to losing everything on one good request a bet may come.
const RUIN: f64 = 0.95;

/// Where blue and green stand in one bucket when green is exactly on the margin.
#[derive(Debug, Clone, Copy)]
pub(super) struct SideBySide {
    blue_odds: f64,
    green_odds: f64,
    /// How many bad requests of green there are for one of blue, corrected for those that cannot be.
    rho: f64,
}

/// What one bad request of each side multiplies the wealth by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bet {
    pub(super) green: f64,
    pub(super) blue: f64,
}

impl SideBySide {
    /// The rates on the margin (`rates`: blue, green), the margin's ratio, the requests of both.
    pub(super) fn new(rates: (f64, f64), ratio: f64, requests: (f64, f64)) -> Self {
        let ((blue, green), (blue_requests, green_requests)) = (rates, requests);
        Self {
            blue_odds: odds(blue),
            green_odds: odds(green),
            rho: ratio * green_requests * (1.0 - blue) / (blue_requests * (1.0 - green)),
        }
    }

    /// The bet on green's odds being `kappa` times those on the margin.
    pub(super) fn bet(&self, kappa: f64) -> Bet {
        let rho = self.rho;
        let mut bet = Bet {
            green: kappa * (1.0 + rho) / (1.0 + rho * kappa),
            blue: (1.0 + rho) / (1.0 + rho * kappa),
        };
        let most_green = 1.0 + RUIN / self.green_odds;
        if bet.green > most_green {
            bet = Bet { green: most_green, blue: 1.0 - rho * (most_green - 1.0) };
        }
        let most_blue = 1.0 + RUIN / self.blue_odds;
        if bet.blue > most_blue {
            bet = Bet { green: 1.0 - (most_blue - 1.0) / rho, blue: most_blue };
        }
        bet
    }

    /// By how many nats the wealth of the bet on `kappa` grows with these counts.
    pub(super) fn log_factor(&self, kappa: f64, blue: Counts, green: Counts) -> f64 {
        let bet = self.bet(kappa);
        growth(green, bet.green, self.green_odds) + growth(blue, bet.blue, self.blue_odds)
    }
}

/// Where green stands when its rate alone is known on the margin: there is no other side to see.
#[derive(Debug, Clone, Copy)]
pub(super) struct AgainstLevel {
    odds: f64,
}

impl AgainstLevel {
    /// The hypothesis says that the rate is at most (for bets above 1) or at least `rate`.
    pub(super) fn new(rate: f64) -> Self {
        Self { odds: odds(rate) }
    }

    /// By how many nats the wealth of the bet on `kappa` times the rate grows with these counts.
    pub(super) fn log_factor(self, kappa: f64, counts: Counts) -> f64 {
        growth(counts, kappa.min(1.0 + RUIN / self.odds), self.odds)
    }
}

/// Nats that one side's requests bring when each bad one multiplies by `factor`.
fn growth(counts: Counts, factor: f64, odds: f64) -> f64 {
    counts.bad() * factor.ln() + counts.good() * (-(factor - 1.0) * odds).ln_1p()
}

fn odds(rate: f64) -> f64 {
    rate / (1.0 - rate)
}
