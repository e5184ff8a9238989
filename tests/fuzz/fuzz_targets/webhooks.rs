//! Fuzzes the bodies of webhooks: every body is refused, or becomes a text that fits into a message.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| gateway::fuzzing::webhook_body(input));
