//! Fuzzes the lines of a WebSocket: no line reaches the server with the token of another user, and every line
//! back is JSON.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| gateway::fuzzing::web_socket_lines(input));
