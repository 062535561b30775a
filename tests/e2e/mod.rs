//! The program beside servers that other people wrote.

mod servers;
