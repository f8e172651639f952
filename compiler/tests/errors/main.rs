//! What people read when a program is wrong: the full text of every kind of mistake, the page of every code, and the
//! forms for programs.

#![allow(clippy::disallowed_methods, reason = "a test reads the files it tests")]

mod formats;
mod golden;
mod markdown;
mod pages;
mod placements;
