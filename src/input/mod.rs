//! What the user can say: commands, keys and the keymap that joins them.
//!
//! `keymap.toml` at the top of the project is embedded; the user's own file overrides it key by
//! key. Help, hint bar, `cutover keys` and the README's table all come from it.

mod command;
mod error;
mod key;
mod keymap;

pub use command::{Command, NoCommand};
pub use error::{KeymapError, Problem};
pub use key::{Key, NoKey, Stroke};
pub use keymap::{Binding, Context, Focus, Keymap};
