//! The pieces of the screens. Each writes into the pen it is given and decides nothing.

pub(super) mod analysis;
pub(super) mod caller;
pub(super) mod choices;
pub(super) mod dialog;
pub(super) mod events;
pub(super) mod field;
pub(super) mod guards;
pub(super) mod head;
pub(super) mod hints;
pub(super) mod rail;
mod running;
pub(super) mod side;
pub(super) mod spark;
pub(super) mod strip;
pub(super) mod title;
pub(super) mod traffic;
mod upkeep;
pub(super) mod verdict;
pub(super) mod weights;
