//! The yes of a person or of a script.

use std::io::{self, BufRead, IsTerminal, Write};

use super::How;
use crate::app::is_reason;
use crate::domain::shell_word;

/// What has to be said to confirm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wanted<'a> {
    /// A yes.
    Yes,
    /// This name.
    Name(&'a str),
    /// Words of one's own that are sent along.
    Words,
}

fn is_blank(text: &str) -> bool {
    text.trim().is_empty()
}

impl How {
    /// The text that confirms it; else why it is not confirmed, with what helps.
    pub(super) fn is_confirmed(
        &self,
        wanted: &Wanted<'_>,
        talk: &mut dyn Write,
    ) -> Result<String, String> {
        let words = self.confirm.as_ref().or(self.reason.as_ref());
        match (wanted, words.filter(|_| *wanted == Wanted::Words).or(self.confirm.as_ref())) {
            (Wanted::Words, Some(words)) if !is_blank(words) => return Ok(words.clone()),
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
        let answer = ask(&question, talk)?;
        if right.map_or(!is_blank(&answer), |right| answer == right) {
            Ok(answer)
        } else {
            Err("it was not confirmed".to_owned())
        }
    }

    /// Why it is ordered, where that was said or has to be; else what helps.
    pub(super) fn reason(
        &self,
        is_wanted: bool,
        talk: &mut dyn Write,
    ) -> Result<Option<String>, String> {
        let said = self.reason.as_deref().map(str::trim).filter(|said| !said.is_empty());
        if !is_wanted || said.is_some_and(is_reason) {
            return Ok(said.map(str::to_owned));
        }
        if self.yes || !io::stdin().is_terminal() {
            return Err("the policy wants to know why; hint: --reason 'WHY'".to_owned());
        }
        let answer = ask("in a few words, why: ", talk)?;
        if is_reason(&answer) { Ok(Some(answer)) } else { Err("that says nothing".to_owned()) }
    }
}

/// What a person answers, in one line.
fn ask(question: &str, talk: &mut dyn Write) -> Result<String, String> {
    let asked = talk.write_all(question.as_bytes()).and_then(|()| talk.flush());
    let mut answer = String::new();
    match asked.and_then(|()| io::stdin().lock().read_line(&mut answer)) {
        Ok(_) => Ok(answer.trim().to_owned()),
        Err(error) => Err(format!("the answer could not be read: {error}")),
    }
}
