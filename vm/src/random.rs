//! Randomness: seeds, and the streams they are expanded into.
