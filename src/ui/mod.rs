//! What it looks like: `draw` paints a state and changes nothing.
