//! The verdict on what the simulator really serves, through the SDK, looked at every minute.
//!
//! Four seeds of each scenario; hundreds of them: `just calibrate end-to-end`.

use cutover::cli::rehearsal::Rehearsal;
use cutover::stats::Verdict;

const SEEDS: u64 = 4;
/// Fifteen minutes with 10 % of the traffic on green, and three until the last of them is settled.
const MINUTES: u32 = 18;

/// The first verdict other than "undecided" of each seed, and the minute of the look that brought it.
async fn decided(scenario: &str) -> Vec<Option<(Verdict, u32)>> {
    let mut found = Vec::new();
    for seed in 1..=SEEDS {
        let mut rehearsal = Rehearsal::begin(scenario, seed).await.unwrap();
        let mut first = None;
        for minute in 1..=MINUTES {
            rehearsal.play(60, 1).await;
            let cockpit = rehearsal.state.cockpit().unwrap();
            let verdict = cockpit.verdict.as_ref().map(|judgement| judgement.assessment.verdict);
            if let Some(said) =
                verdict.filter(|said| !matches!(said, Verdict::Undecided | Verdict::NoData))
            {
                first = Some((said, minute));
                break;
            }
        }
        found.push(first);
    }
    found
}

#[tokio::test]
async fn five_times_the_errors_are_called_worse_while_the_canary_is_small() {
    for (seed, found) in (1..).zip(decided("errors").await) {
        let (verdict, minute) = found.unwrap();
        assert_eq!(verdict, Verdict::Worse, "seed {seed}");
        assert!(minute <= 12, "seed {seed}: after {minute} minutes");
    }
}

#[tokio::test]
async fn the_same_program_on_both_sides_is_not_called_worse() {
    for (seed, found) in (1..).zip(decided("aa").await) {
        assert!(
            found.is_none_or(|(verdict, _)| verdict != Verdict::Worse),
            "seed {seed}: {found:?}"
        );
    }
}
