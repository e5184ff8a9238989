//! Helpers of the fuzz targets for frames: they split an input into messages, and send and receive.

use std::time::Duration;

use transport::poll::{Watch, wait_which};
use transport::{Frame, Sent, Socket};

/// The maximum time until a role accepts or sends a message.
const SILENCE_MAX: Duration = Duration::from_secs(10);

/// The maximum number of messages in an input. They do not fill a queue.
const MESSAGES_MAX: usize = 16;

/// Splits an input into messages (at each byte 0xff) of frames (at each byte 0xfe).
pub(crate) fn messages(input: &[u8]) -> Vec<Vec<&[u8]>> {
    let messages = input.split(|byte| *byte == 0xff).take(MESSAGES_MAX);
    messages.map(|message| message.split(|byte| *byte == 0xfe).collect()).collect()
}

/// Sends a message. Panics if the role does not accept the message in time.
pub(crate) fn send(socket: &Socket, frames: &[&[u8]]) {
    while socket.send(frames.iter().map(|frame| Frame::from(*frame))).expect("sending succeeds") != Sent::Done {
        assert!(wait_for(Watch::Writable(socket)), "the role accepts no message");
    }
}

/// Receives a message. Panics if the role sends no message in time.
pub(crate) fn receive(socket: &Socket) -> Vec<Vec<u8>> {
    let mut frames = Vec::new();
    while !socket.receive(&mut frames).expect("receiving succeeds") {
        assert!(wait_for(Watch::Readable(socket)), "the role sends no message");
    }
    frames.iter().map(|frame| frame.to_vec()).collect()
}

fn wait_for(watch: Watch<'_>) -> bool {
    wait_which([watch], Some(SILENCE_MAX)).expect("waiting succeeds") == [true]
}
