//! Conditions of analyses: comparisons of `result`, `result[0]` and `len(result)`, joined by `&&` and `||`.

/// Whether a condition holds for the values of a measurement.
pub(crate) fn holds(condition: &str, values: &[f64]) -> Result<bool, String> {
    for alternative in condition.split("||") {
        let mut all = true;
        for comparison in alternative.split("&&") {
            // As in the original, what stands behind a part that does not hold is not looked at.
            if !compared(comparison.trim(), values)? {
                all = false;
                break;
            }
        }
        if all {
            return Ok(true);
        }
    }
    Ok(false)
}

fn compared(text: &str, values: &[f64]) -> Result<bool, String> {
    if let Some(inner) = text.strip_prefix("isNaN(").and_then(|rest| rest.strip_suffix(')')) {
        return Ok(number(inner, values)?.is_nan());
    }
    let operators = [">=", "<=", "==", "!=", ">", "<"];
    let found = operators.into_iter().find_map(|operator| {
        let (left, right) = text.split_once(operator)?;
        Some((left, operator, right))
    });
    let Some((left, operator, right)) = found else {
        return Err(format!("the simulated controller does not understand the condition `{text}`"));
    };
    let (left, right) = (number(left, values)?, number(right, values)?);
    Ok(match operator {
        ">=" => left >= right,
        "<=" => left <= right,
        "==" => (left - right).abs() < f64::EPSILON,
        "!=" => (left - right).abs() >= f64::EPSILON,
        ">" => left > right,
        _ => left < right,
    })
}

fn number(text: &str, values: &[f64]) -> Result<f64, String> {
    match text.trim() {
        "len(result)" => Ok(values.len() as f64),
        // What is no list is one value.
        "result" | "result[0]" => values
            .first()
            .copied()
            .ok_or_else(|| format!("reflect: slice index out of range (1:1)\n | {}", text.trim())),
        text => text.parse().map_err(|_| {
            format!("the simulated controller does not understand `{text}` in a condition")
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::holds;

    #[test]
    fn conditions_hold_as_they_are_written() {
        let holds = |condition, values: &[f64]| holds(condition, values);
        assert_eq!(holds("result[0] >= 0.95", &[0.97]), Ok(true));
        assert_eq!(holds("result[0] >= 0.95", &[f64::NAN]), Ok(false));
        assert_eq!(holds("len(result) > 0 && result[0] < 0.95", &[]), Ok(false));
        assert_eq!(holds("len(result) == 0 || isNaN(result[0]) || result[0] > 1", &[]), Ok(true));
        assert!(holds("result[0] > 1", &[]).unwrap_err().contains("out of range"));
        assert!(holds("all(result, # > 1)", &[1.0]).is_err());
    }
}
