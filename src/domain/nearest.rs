//! The right word that a wrong one may have meant.

/// The candidate that is nearest to `word`, if one is near enough to be worth saying.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // A slip changes a letter or two, in a longer word a third of it.
    let limit = (word.chars().count() / 3).clamp(1, 3);
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), candidate))
        .filter(|(distance, _)| *distance <= limit && !word.is_empty())
        .min()
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_slip_is_understood_and_nonsense_is_not() {
        let words = ["roll-back", "refresh", "quit"];
        assert_eq!(nearest("rolback", words), Some("roll-back"));
        assert_eq!(nearest("qiut", words), Some("quit"));
        assert_eq!(nearest("banana", words), None);
        assert_eq!(nearest("", words), None);
    }
}
