//! Feeds `stackfleet_testkit::fuzz`, which says what must hold.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    stackfleet_testkit::fuzz::run("yaml", data);
});
