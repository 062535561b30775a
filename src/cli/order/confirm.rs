//! The yes of a person or of a script.

use std::io::{self, BufRead, IsTerminal, Write};

use super::How;
use crate::domain::shell_word;

/// What has to be said to confirm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wanted<'a> {
    /// A yes.
    Yes,
    /// This name.
    Name(&'a str),
    /// Words of one's own.
    Words,
}

impl How {
    /// The text that confirms it; else why it is not confirmed, with what helps.
    pub(super) fn is_confirmed(
        &self,
        wanted: &Wanted<'_>,
        talk: &mut dyn Write,
    ) -> Result<String, String> {
        let blank = |text: &str| text.trim().is_empty();
        match (wanted, &self.confirm) {
            (Wanted::Words, Some(words)) if !blank(words) => return Ok(words.clone()),
            (Wanted::Words, _) if self.yes || !io::stdin().is_terminal() => {
                return Err("an approval takes a few words; hint: --summary 'WHY'".to_owned());
            }
            (Wanted::Name(name), Some(given)) if given != name => {
                return Err(format!("--confirm says `{given}`, the name is `{name}`"));
            }
            (Wanted::Name(name), Some(_)) => return Ok((*name).to_owned()),
            (Wanted::Yes, _) if self.yes => return Ok(String::new()),
            (Wanted::Name(name), None) if self.yes || !io::stdin().is_terminal() => {
                return Err(format!(
                    "this is risky, and a yes is not enough; hint: --confirm {}",
                    shell_word(name)
                ));
            }
            (Wanted::Yes, _) if !io::stdin().is_terminal() => {
                return Err(
                    "standard input is no terminal, so nobody can be asked; hint: --yes".to_owned()
                );
            }
            (Wanted::Yes | Wanted::Name(_) | Wanted::Words, _) => {}
        }
        let (question, right) = match wanted {
            Wanted::Yes => ("yes to go on: ".to_owned(), Some("yes")),
            Wanted::Name(name) => (format!("type {name} to go on: "), Some(*name)),
            Wanted::Words => ("in a few words, why: ".to_owned(), None),
        };
        let asked = talk.write_all(question.as_bytes()).and_then(|()| talk.flush());
        let mut answer = String::new();
        let read = asked.and_then(|()| io::stdin().lock().read_line(&mut answer));
        match read {
            Ok(_) if right.map_or(!blank(&answer), |right| answer.trim() == right) => {
                Ok(answer.trim().to_owned())
            }
            Ok(_) => Err("it was not confirmed".to_owned()),
            Err(error) => Err(format!("the answer could not be read: {error}")),
        }
    }
}
