//! Whole programs and real processes; see `tests/`.
