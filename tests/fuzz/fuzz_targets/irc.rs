//! Fuzzes the bytes of an IRC client: lines have their bounds, and no parameter or tag adds a line.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| irc::fuzzing::client_bytes(input));
