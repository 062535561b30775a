//! How sure we are: pure arithmetic on series of counts.
