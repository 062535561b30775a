//! A code of a multi-factor device.

use std::fmt;
use std::str::FromStr;

/// The six digits that a device shows for half a minute. Never printed: not even by `{:?}`.
#[derive(Clone, PartialEq, Eq)]
pub struct OneTimeCode(String);

impl OneTimeCode {
    /// How many digits it has.
    pub const DIGITS: usize = 6;

    /// The digits, to be sent to whom they are meant for.
    pub fn digits(&self) -> &str {
        &self.0
    }
}

/// Why a text is no such code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a code has six digits")]
pub struct CodeError;

impl FromStr for OneTimeCode {
    type Err = CodeError;

    /// Reads the digits; some devices show them with a space in the middle.
    fn from_str(text: &str) -> Result<Self, CodeError> {
        let digits: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        let fits = digits.len() == Self::DIGITS && digits.bytes().all(|b| b.is_ascii_digit());
        if fits { Ok(Self(digits)) } else { Err(CodeError) }
    }
}

impl fmt::Debug for OneTimeCode {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("OneTimeCode(...)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn six_digits_and_nothing_else() {
        assert_eq!("123 456".parse::<OneTimeCode>().unwrap().digits(), "123456");
        for wrong in ["", "12345", "1234567", "12345a", "١٢٣٤٥٦"] {
            assert_eq!(wrong.parse::<OneTimeCode>(), Err(CodeError), "{wrong}");
        }
    }

    #[test]
    fn it_is_not_printed() {
        let code: OneTimeCode = "123456".parse().unwrap();
        assert!(!format!("{code:?}").contains("123"));
    }
}
