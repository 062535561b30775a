//! What the user can say: commands, keys and the keymap that joins them.
