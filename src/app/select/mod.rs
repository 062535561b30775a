//! What the screens ask a state: pure answers, nothing is changed or kept.
