//! Any bytes as the body of a bytecode file: `cargo +nightly fuzz run verifier` in `tests/`.
#![no_main]

#[path = "../../src/hostile/verifier.rs"]
mod check;

libfuzzer_sys::fuzz_target!(|body: &[u8]| {
    if let Err(why) = check::check(body) {
        panic!("{why}");
    }
});
