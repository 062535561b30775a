//! The shell: the loop with a scripted terminal, the worker with a scripted account.

mod bed;
mod order;
mod reading;
mod turn;
