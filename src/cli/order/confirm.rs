//! The yes of a person or of a script.

use std::io::{self, BufRead, IsTerminal, Write};

use super::Order;

/// What has to be said to confirm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wanted<'a> {
    /// A yes.
    Yes,
    /// This name.
    Name(&'a str),
}

impl Order {
    /// Whether it is confirmed; else why not, with what helps.
    pub(super) fn is_confirmed(
        &self,
        wanted: &Wanted<'_>,
        talk: &mut dyn Write,
    ) -> Result<(), String> {
        match (wanted, &self.confirm) {
            (Wanted::Name(name), Some(given)) if given != name => {
                return Err(format!("--confirm says `{given}`, the name is `{name}`"));
            }
            (Wanted::Name(_), Some(_)) => return Ok(()),
            (Wanted::Yes, _) if self.yes => return Ok(()),
            (Wanted::Name(name), None) if self.yes || !io::stdin().is_terminal() => {
                return Err(format!(
                    "this is risky, and a yes is not enough; hint: --confirm {name}"
                ));
            }
            (Wanted::Yes, _) if !io::stdin().is_terminal() => {
                return Err(
                    "standard input is no terminal, so nobody can be asked; hint: --yes".to_owned()
                );
            }
            (Wanted::Yes | Wanted::Name(_), _) => {}
        }
        let (question, right) = match wanted {
            Wanted::Yes => ("yes to go on: ".to_owned(), "yes"),
            Wanted::Name(name) => (format!("type {name} to go on: "), *name),
        };
        let asked = talk.write_all(question.as_bytes()).and_then(|()| talk.flush());
        let mut answer = String::new();
        let read = asked.and_then(|()| io::stdin().lock().read_line(&mut answer));
        match read {
            Ok(_) if answer.trim() == right => Ok(()),
            Ok(_) => Err("it was not confirmed".to_owned()),
            Err(error) => Err(format!("the answer could not be read: {error}")),
        }
    }
}
