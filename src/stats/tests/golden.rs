//! Every number of the golden vectors, to 1e-9.

use serde::Deserialize;
use serde_json::Value;

use super::super::bets::SideBySide;
use super::super::*;

const GOLDEN: &str = include_str!("../../../tests/golden/stats.json");

/// One table of the vectors.
fn table<T: for<'a> Deserialize<'a>>(name: &str) -> T {
    let mut golden: Value = serde_json::from_str(GOLDEN).unwrap();
    serde_json::from_value(golden[name].take()).unwrap()
}

/// Within 1e-9, absolute or relative, whichever is larger.
#[track_caller]
fn assert_near(found: f64, expected: f64, what: &str) {
    let tolerance = 1e-9 * expected.abs().max(1.0);
    assert!((found - expected).abs() <= tolerance, "{what}: {found} instead of {expected}");
}

type Series = Vec<Option<(Option<f64>, Option<f64>)>>;

fn counts(series: &Series) -> Vec<Option<Counts>> {
    series.iter().map(|bucket| bucket.and_then(|(x, n)| Counts::new(x?, n?))).collect()
}

#[derive(Deserialize)]
struct MarginVector {
    r: f64,
    d: f64,
}

fn question(kind: &str, margin: &MarginVector, prior_rate: f64) -> Question {
    Question {
        direction: if kind == "worse" { Direction::Worse } else { Direction::Safe },
        margin: Margin::new(margin.r, margin.d).unwrap(),
        prior_rate: Probability::new(prior_rate).unwrap(),
        bucket: BucketLength::MINUTE,
    }
}

#[test]
fn bets() {
    #[derive(Deserialize)]
    struct Vector {
        kind: String,
        pa: f64,
        pb: f64,
        r: f64,
        na: f64,
        nb: f64,
        u: Vec<f64>,
        q: Vec<f64>,
    }
    for v in table::<Vec<Vector>>("bets") {
        let side_by_side = SideBySide::new((v.pa, v.pb), v.r, (v.na, v.nb));
        let grid = question(&v.kind, &MarginVector { r: 1.0, d: 0.0 }, 0.01).direction.grid();
        assert_eq!(grid.len(), v.u.len());
        for ((kappa, _), (u, q)) in grid.iter().zip(v.u.iter().zip(&v.q)) {
            let bet = side_by_side.bet(*kappa);
            assert_near(bet.green, *u, "u");
            assert_near(bet.blue, *q, "q");
        }
    }
}

#[test]
fn dispersion_of_the_history() {
    #[derive(Deserialize)]
    struct Vector {
        history: Series,
        phi: f64,
        weight: f64,
        v: f64,
    }
    for vector in table::<Vec<Vector>>("history_dispersion") {
        let found = history_dispersion(&counts(&vector.history));
        assert_near(found.phi, vector.phi, "phi");
        assert_near(found.weight, vector.weight, "weight");
        assert_near(found.variance, vector.v, "variance");
    }
}

#[derive(Deserialize)]
struct Step {
    log_e: f64,
    phi: f64,
    ratio: Option<f64>,
    eta: Option<f64>,
}

#[track_caller]
fn assert_step(process: &EvidenceProcess, step: &Step, line: f64, what: &str) {
    assert_near(process.log_e(), step.log_e, &format!("{what}: log_e"));
    assert_near(process.phi(), step.phi, &format!("{what}: phi"));
    if let Some(ratio) = step.ratio {
        assert_near(process.ratio(), ratio, &format!("{what}: ratio"));
    }
    assert_eq!(process.buckets_until(line).map(f64::from), step.eta, "{what}: eta");
}

#[test]
fn evidence_side_by_side() {
    #[derive(Deserialize)]
    struct Vector {
        name: String,
        kind: String,
        margin: MarginVector,
        p_def: f64,
        history: Option<Series>,
        buckets: Vec<[Option<f64>; 4]>,
        eta_log_thr: f64,
        steps: Vec<Step>,
        r#final: Value,
    }
    for v in table::<Vec<Vector>>("process") {
        let history = v.history.as_ref().map(counts).unwrap_or_default();
        let mut process = EvidenceProcess::new(question(&v.kind, &v.margin, v.p_def), &history);
        assert_eq!(v.buckets.len(), v.steps.len());
        for (index, ([xa, na, xb, nb], step)) in v.buckets.iter().zip(&v.steps).enumerate() {
            let side = |x: &Option<f64>, n: &Option<f64>| Counts::new((*x)?, (*n)?);
            if let Some((blue, green)) = side(xa, na).zip(side(xb, nb)) {
                process.update(blue, green);
            }
            assert_step(&process, step, v.eta_log_thr, &format!("{} bucket {index}", v.name));
        }
        let state = [
            ("max_log_e", process.max_log_e()),
            ("sw", process.dispersion.weight),
            ("swc", process.dispersion.scatter),
            ("swv", process.dispersion.variance.unwrap()),
            ("sx", process.blue.events),
            ("sn", process.blue.requests),
            ("mh_num", process.ratio.green),
            ("mh_den", process.ratio.blue),
            ("t", f64::from(process.mixture.steps)),
        ];
        for (key, found) in state {
            assert_near(found, v.r#final[key].as_f64().unwrap(), &format!("{}: {key}", v.name));
        }
        let wealth = v.r#final["ell"].as_array().unwrap();
        assert_eq!(wealth.len(), process.mixture.components.len());
        for (component, expected) in process.mixture.components.iter().zip(wealth) {
            assert_near(component.log_wealth, expected.as_f64().unwrap(), &v.name);
        }
    }
}

#[test]
fn evidence_before_and_after() {
    #[derive(Deserialize)]
    struct Vector {
        kind: String,
        margin: MarginVector,
        history: Series,
        baseline: BaselineVector,
        buckets: Series,
        steps: Vec<Step>,
    }
    #[derive(Deserialize)]
    struct BaselineVector {
        p: f64,
        p_lo: f64,
        p_hi: f64,
        phi: f64,
        v_h: f64,
        sigma_drift: f64,
        n_buckets: usize,
    }
    for v in table::<Vec<Vector>>("history_mode") {
        let history = counts(&v.history);
        let baseline = Baseline::from_history(&history).unwrap();
        assert_near(baseline.rate, v.baseline.p, "rate");
        assert_near(baseline.low, v.baseline.p_lo, "low");
        assert_near(baseline.high, v.baseline.p_hi, "high");
        assert_near(baseline.phi, v.baseline.phi, "phi");
        assert_near(baseline.variance, v.baseline.v_h, "variance");
        assert_near(baseline.drift, v.baseline.sigma_drift, "drift");
        assert_eq!(baseline.buckets, v.baseline.n_buckets);
        let mut process = EvidenceProcess::new(question(&v.kind, &v.margin, 0.01), &history);
        for (index, (green, step)) in counts(&v.buckets).iter().zip(&v.steps).enumerate() {
            if let Some(green) = green {
                process.update_against(*green, &baseline);
            }
            assert_step(&process, step, 20_f64.ln(), &format!("{} bucket {index}", v.kind));
        }
    }
}

#[test]
fn a_short_history_is_no_baseline() {
    let vector: Value = table("history_too_short");
    let history: Series = serde_json::from_value(vector["history"].clone()).unwrap();
    assert!(vector["baseline"].is_null());
    assert_eq!(Baseline::from_history(&counts(&history)), None);
}

#[test]
fn levels() {
    #[derive(Deserialize)]
    struct Vector {
        safe: bool,
        delta: f64,
        history: Vec<Option<f64>>,
        buckets: Vec<(Option<f64>, Option<f64>)>,
        log_e: Vec<f64>,
    }
    for v in table::<Vec<Vector>>("gaussian") {
        let direction = if v.safe { Direction::Safe } else { Direction::Worse };
        let margin = Growth::new(v.delta).unwrap();
        let mut process = GaugeProcess::new(direction, margin, BucketLength::MINUTE, &v.history);
        for ((blue, green), log_e) in v.buckets.iter().zip(&v.log_e) {
            if let Some((blue, green)) = blue.zip(*green) {
                process.update(blue, green);
            }
            assert_near(process.log_e(), *log_e, "log_e");
        }
    }
}

#[test]
fn interval_of_the_ratio() {
    #[derive(Deserialize)]
    struct Vector {
        bucket: [f64; 4],
        phi: f64,
        out: [f64; 3],
    }
    let mut interval = RatioInterval::new(Probability::FIVE_PERCENT);
    for Vector { bucket: [xa, na, xb, nb], phi, out } in table::<Vec<Vector>>("ratio_interval") {
        interval.update(Counts::new(xa, na).unwrap(), Counts::new(xb, nb).unwrap(), phi);
        let found = interval.estimate().unwrap();
        assert_near(found.value, out[0], "value");
        assert_near(found.low, out[1], "low");
        assert_near(found.high, out[2], "high");
    }
}

#[test]
fn counts_from_histograms_and_counters() {
    #[derive(Deserialize)]
    struct Tables {
        interp_exceed: Vec<Histogram>,
        counter_delta: Vec<Counter>,
    }
    #[derive(Deserialize)]
    struct Histogram {
        bounds: Vec<f64>,
        cum: Vec<f64>,
        total: f64,
        x: f64,
        out: f64,
    }
    #[derive(Deserialize)]
    struct Counter {
        prev: Option<f64>,
        cur: Option<f64>,
        out: Option<f64>,
    }
    let tables: Tables = table("plumbing");
    for v in tables.interp_exceed {
        let bounds = v.bounds.iter().zip(&v.cum);
        let histogram: Vec<HistogramBucket> =
            bounds.map(|(b, c)| HistogramBucket { bound: *b, at_most: *c }).collect();
        assert_near(slower_than(v.x, &histogram, v.total), v.out, "slower than");
    }
    for v in tables.counter_delta {
        assert_eq!(counter_delta(v.prev, v.cur), v.out);
    }
}
