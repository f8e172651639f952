//! Elementwise operations on slices of equal length, and sums along axes.
