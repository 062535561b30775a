//! Regular expressions as far as label matchers use them: alternatives of characters, `.`, `[...]`
//! and `\x`, each with `*`, `+` or `?`. They match a whole value.

/// A pattern, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern(Vec<Vec<Part>>);

/// One place of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Part {
    what: What,
    least: usize,
    many: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum What {
    Any,
    One(char),
    Among { set: Vec<(char, char)>, not: bool },
}

impl Pattern {
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let mut all = vec![Vec::new()];
        let mut rest = text.chars().peekable();
        while let Some(letter) = rest.next() {
            let what = match letter {
                '|' => {
                    all.push(Vec::new());
                    continue;
                }
                '.' => What::Any,
                '[' => among(&mut rest).ok_or_else(|| refused(text))?,
                '\\' => What::One(rest.next().ok_or_else(|| refused(text))?),
                '(' | ')' | '*' | '+' | '?' | '{' | '}' | '^' | '$' => return Err(refused(text)),
                letter => What::One(letter),
            };
            let times = rest.next_if(|next| "*+?".contains(*next));
            let (least, many) = match times {
                Some('*') => (0, true),
                Some('+') => (1, true),
                Some(_) => (0, false),
                None => (1, false),
            };
            if let Some(last) = all.last_mut() {
                last.push(Part { what, least, many });
            }
        }
        Ok(Self(all))
    }

    pub(super) fn matches(&self, value: &str) -> bool {
        let letters: Vec<char> = value.chars().collect();
        self.0.iter().any(|parts| matches(parts, &letters))
    }
}

fn refused(text: &str) -> String {
    format!("the simulated Prometheus does not understand the regular expression \"{text}\"")
}

fn among(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<What> {
    let not = rest.next_if_eq(&'^').is_some();
    let mut set = Vec::new();
    loop {
        let first = match rest.next()? {
            ']' => return Some(What::Among { set, not }),
            '\\' => rest.next()?,
            letter => letter,
        };
        if rest.next_if_eq(&'-').is_some() {
            set.push((first, rest.next()?));
        } else {
            set.push((first, first));
        }
    }
}

/// Whether the parts match all letters: a set of places in the pattern is moved letter by letter.
fn matches(parts: &[Part], letters: &[char]) -> bool {
    let mut places = reachable(parts, 0);
    for letter in letters {
        let mut next = Vec::new();
        for place in places {
            let Some(part) = parts.get(place).filter(|part| part.takes(*letter)) else { continue };
            if part.many {
                // It may be taken again; having been taken once it may also be left.
                next.push(place);
            }
            next.extend(reachable(parts, place + 1));
        }
        next.sort_unstable();
        next.dedup();
        places = next;
    }
    places.contains(&parts.len())
}

/// The places that can be next from one on, over parts that need not be there.
fn reachable(parts: &[Part], from: usize) -> Vec<usize> {
    let mut places = vec![from];
    let mut place = from;
    while parts.get(place).is_some_and(|part| part.least == 0) {
        place += 1;
        places.push(place);
    }
    places
}

impl Part {
    fn takes(&self, letter: char) -> bool {
        match &self.what {
            What::Any => true,
            What::One(own) => *own == letter,
            What::Among { set, not } => {
                set.iter().any(|(first, last)| (*first..=*last).contains(&letter)) != *not
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_matches_whole_values() {
        for (pattern, good, bad) in [
            ("5..", "503", "5030"),
            ("app-a-.*|app-b-.*", "app-b-x", "app-c-x"),
            ("a[.]b", "a.b", "axb"),
            ("a\\.b+", "a.bb", "a."),
            ("[1-4]x?y", "3y", "5y"),
            ("", "", "x"),
        ] {
            let read = Pattern::read(pattern).unwrap();
            assert!(read.matches(good) && !read.matches(bad), "{pattern}");
        }
        assert!(Pattern::read("(a|b)").is_err());
    }
}
