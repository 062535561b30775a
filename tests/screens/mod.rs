//! Whole screens, as text and as pictures.

mod look;
