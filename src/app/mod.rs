//! What happens: the one reducer through which everything enters.
