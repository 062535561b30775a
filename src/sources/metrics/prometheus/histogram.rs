//! The buckets of a minute: how long a share of the requests took at most.

use crate::domain::Quantile;
use crate::stats::HistogramBucket;

/// The percentile of `timed` requests: inside a bucket linear in the count and logarithmic in time,
/// as requests beyond an edge are counted. The last bound where it is beyond all of them, which is
/// then the least that it can be.
pub(super) fn percentile(
    quantile: Quantile,
    histogram: &[HistogramBucket],
    timed: f64,
) -> Option<f64> {
    if timed <= 0.0 {
        return None;
    }
    let wanted = timed * (1.0 - quantile.share_beyond().get());
    let mut below = HistogramBucket { bound: 0.0, at_most: 0.0 };
    for bucket in histogram {
        if bucket.at_most >= wanted && bucket.at_most > below.at_most {
            let part = (wanted - below.at_most) / (bucket.at_most - below.at_most);
            return Some(if below.bound <= 0.0 {
                bucket.bound * part
            } else {
                below.bound * (bucket.bound / below.bound).powf(part)
            });
        }
        below = *bucket;
    }
    histogram.last().map(|last| last.bound)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::slower_than;

    fn histogram() -> Vec<HistogramBucket> {
        let bucket = |(bound, at_most)| HistogramBucket { bound, at_most };
        [(0.1, 40.0), (0.2, 90.0), (0.4, 90.0), (0.8, 98.0)].map(bucket).to_vec()
    }

    #[test]
    fn a_percentile_is_the_latency_that_its_share_is_slower_than() {
        for quantile in [Quantile::P50, Quantile::P90] {
            let x = percentile(quantile, &histogram(), 100.0).unwrap();
            let beyond = 100.0 * quantile.share_beyond().get();
            assert!((slower_than(x, &histogram(), 100.0) - beyond).abs() < 1e-9, "{quantile:?}");
        }
    }

    #[test]
    fn beyond_the_last_bound_it_is_the_last_bound_and_without_requests_there_is_none() {
        assert_eq!(percentile(Quantile::P99, &histogram(), 100.0), Some(0.8));
        assert_eq!(percentile(Quantile::P50, &histogram(), 0.0), None);
        assert_eq!(percentile(Quantile::P50, &[], 10.0), None);
    }
}
