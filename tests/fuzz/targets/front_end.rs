//! Any text through the compiler: `cargo +nightly fuzz run front_end` in `tests/`.
#![no_main]

#[path = "../../src/hostile/front_end.rs"]
mod check;

libfuzzer_sys::fuzz_target!(|text: &str| {
    if let Err(why) = check::check(text) {
        panic!("{why}");
    }
});
