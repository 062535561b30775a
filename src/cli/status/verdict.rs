//! The verdict of a single reading: as JSON, and as lines for a person.

use std::io::{self, Write};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

use crate::app::verdict::Judgement;
use crate::cli::judge::write_metrics;
use crate::domain::{RolloutKind, Snapshot};
use crate::stats::{Basis, Eta, MetricAssessment, SplitAssessment, Verdict};
use crate::ui::verdict_sentence;

/// The verdict with every number that it rests on; what the fields mean is in docs/status-json.md.
#[derive(Serialize)]
pub(super) struct Numbers<'a> {
    verdict: &'static str,
    basis: Basis,
    decided: Option<Timestamp>,
    odds: f64,
    log_e: f64,
    decides_at: f64,
    confidence: f64,
    safe_progress: f64,
    eta: Eta,
    blame: Option<&'a str>,
    minutes: Minutes,
    metrics: &'a [MetricAssessment],
    split: Option<SplitAssessment>,
}

/// Which minutes were used, and for what.
#[derive(Serialize)]
struct Minutes {
    from: Timestamp,
    judged: u32,
    warm_up_left: u32,
    history: usize,
}

impl<'a> Numbers<'a> {
    /// The numbers of `judgement`.
    pub(super) fn new(judgement: &'a Judgement) -> Self {
        let assessment = &judgement.assessment;
        Self {
            verdict: word(assessment.verdict),
            basis: assessment.basis,
            decided: judgement.worse_at,
            odds: assessment.odds(),
            log_e: assessment.log_e,
            decides_at: 1.0 / judgement.alpha.get(),
            confidence: assessment.confidence,
            safe_progress: assessment.safe_progress,
            eta: assessment.eta,
            blame: assessment.blamed().map(|metric| metric.name.as_str()),
            minutes: Minutes {
                from: judgement.from,
                judged: assessment.judged,
                warm_up_left: assessment.warm_up_left,
                history: judgement.history,
            },
            metrics: &assessment.metrics,
            split: judgement.split,
        }
    }
}

/// The verdict as a word of the document.
fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Worse => "worse",
        Verdict::NoWorse => "no_worse",
        Verdict::Better => "better",
        Verdict::Undecided => "undecided",
        Verdict::NoData => "no_data",
        Verdict::CannotCompareSideBySide => "cannot_compare",
    }
}

/// The sentence, and under it what each metric says.
pub(super) fn print(
    snapshot: &Snapshot,
    judgement: Option<&Judgement>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let Some(judgement) = judgement else {
        return match (snapshot.metrics.fault(), snapshot.rollout().map(|r| &r.kind)) {
            (Some(fault), _) => writeln!(out, "verdict  NO DATA: {fault}"),
            (None, Some(RolloutKind::Rollback { .. })) => {
                writeln!(out, "verdict  not judged: this deployment leads the traffic back")
            }
            (None, Some(RolloutKind::Rollout) | None) => writeln!(out, "verdict  nothing to judge"),
        };
    };
    let sentence = verdict_sentence(snapshot, judgement, &TimeZone::system());
    writeln!(out, "verdict  {sentence}")?;
    match judgement.assessment.verdict {
        Verdict::NoData | Verdict::CannotCompareSideBySide => Ok(()),
        Verdict::Worse | Verdict::NoWorse | Verdict::Better | Verdict::Undecided => {
            writeln!(out)?;
            write_metrics(&judgement.assessment, out)
        }
    }
}
