//! Lambda's part: what the alias of a function leads to.

use std::collections::BTreeMap;

use crate::domain::{Fault, FaultKind};
use crate::sources::aws::Aws;
use crate::sources::error::fault;

/// An alias, as Lambda tells it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Alias {
    /// Its ARN, which ends with its name.
    pub(crate) arn: Option<String>,
    /// The version that gets what no other one gets.
    main: String,
    /// Shares of other versions, 0 to 1; Lambda allows one.
    others: BTreeMap<String, f64>,
}

impl Alias {
    /// The share of the invocations that a version gets, in percent.
    pub(crate) fn share(&self, version: &str) -> f64 {
        let others: f64 = self.others.values().sum();
        let main = if self.main == version { 1.0 - others.clamp(0.0, 1.0) } else { 0.0 };
        let other = self.others.get(version).copied().unwrap_or(0.0);
        100.0 * (main + other).clamp(0.0, 1.0)
    }
}

/// The alias `name` of a function.
pub(crate) async fn look(aws: &Aws, function: String, name: String) -> Result<Alias, Fault> {
    const OPERATION: &str = "lambda:GetAlias";
    let call = aws.reads().lambda.get_alias().function_name(function).name(name);
    let answer = call.send().await.map_err(|error| fault(OPERATION, &error))?;
    let garbled = || Fault::new(FaultKind::Garbled, OPERATION, "the alias names no version");
    let weights = answer.routing_config().and_then(|routing| routing.additional_version_weights());
    let fine = |share: &f64| share.is_finite() && *share > 0.0;
    Ok(Alias {
        arn: answer.alias_arn().map(str::to_owned),
        main: answer.function_version().ok_or_else(garbled)?.to_owned(),
        others: weights
            .into_iter()
            .flatten()
            .filter(|(_, share)| fine(share))
            .map(|(version, share)| (version.clone(), *share))
            .collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_main_version_gets_what_the_others_leave() {
        let others = [("42".to_owned(), 0.1)].into();
        let alias = Alias { arn: None, main: "41".to_owned(), others };
        let shares = ["41", "42", "43"].map(|version| alias.share(version).round() as i64);
        assert_eq!(shares, [90, 10, 0]);
        let alone = Alias { arn: None, main: "41".to_owned(), others: BTreeMap::new() };
        assert_eq!(["41", "42"].map(|version| alone.share(version).round() as i64), [100, 0]);
    }
}
