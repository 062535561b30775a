//! `[shift]`: how far a key moves the weights, where they are a person's to set.

use jiff::SignedDuration;
use serde::Deserialize;

use crate::domain::{Percent, Shifting};

/// The table, checked.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(try_from = "Written")]
pub struct ShiftTable(pub Shifting);

/// The table as it is written.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
struct Written {
    step: Option<u8>,
    ramp: Option<Vec<u8>>,
    every: Option<SignedDuration>,
}

impl TryFrom<Written> for ShiftTable {
    type Error = &'static str;

    fn try_from(written: Written) -> Result<Self, Self::Error> {
        let usual = Shifting::default();
        let share = |number: u8| Percent::new(number).filter(|share| *share > Percent::NONE);
        let step = match written.step {
            Some(number) => share(number).ok_or("`step` is a whole number from 1 to 100")?,
            None => usual.step,
        };
        let ramp = match written.ramp {
            Some(numbers) => numbers
                .into_iter()
                .map(share)
                .collect::<Option<Vec<_>>>()
                .filter(|ramp| !ramp.is_empty() && ramp.is_sorted_by(|a, b| a < b))
                .ok_or("`ramp` is a list of whole numbers from 1 to 100, each above the last")?,
            None => usual.ramp,
        };
        let every = written.every.unwrap_or(usual.every);
        if every < SignedDuration::from_secs(30) {
            return Err("`every` is a time of at least 30s");
        }
        Ok(Self(Shifting { step, ramp, every }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str) -> Result<Shifting, String> {
        toml::from_str(text).map(|table: ShiftTable| table.0).map_err(|e| e.message().to_owned())
    }

    #[test]
    fn what_is_not_said_stays_as_it_is_by_default() {
        let shifting = table("step = 5\nevery = \"10m\"").unwrap();
        assert_eq!((shifting.step.get(), shifting.every), (5, SignedDuration::from_mins(10)));
        assert_eq!(shifting.ramp, Shifting::default().ramp);
    }

    #[test]
    fn what_makes_no_sense_is_said() {
        for (text, why) in [
            ("step = 0", "`step` is"),
            ("step = 101", "`step` is"),
            ("ramp = []", "`ramp` is"),
            ("ramp = [50, 25]", "`ramp` is"),
            ("ramp = [10, 10]", "`ramp` is"),
            ("every = \"1s\"", "`every` is"),
            ("steps = 5", "unknown field"),
        ] {
            let error = table(text).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
