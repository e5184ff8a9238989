//! What the targets of frames share: messages from an input, and sockets that wait.

use std::time::Duration;

use transport::poll::{Watch, wait_which};
use transport::{Frame, Sent, Socket};

/// The longest time for which a role may be silent.
const SILENCE_MAX: Duration = Duration::from_secs(10);

/// Messages in an input, so that no queue fills.
const MESSAGES_MAX: usize = 16;

/// Splits an input into messages (at each byte 0xff) of frames (at each byte 0xfe).
pub(crate) fn messages(input: &[u8]) -> Vec<Vec<&[u8]>> {
    let messages = input.split(|byte| *byte == 0xff).take(MESSAGES_MAX);
    messages.map(|message| message.split(|byte| *byte == 0xfe).collect()).collect()
}

/// Sends a message. A role that accepts none for a long time fails the target.
pub(crate) fn send(socket: &Socket, frames: &[&[u8]]) {
    while socket.send(frames.iter().map(|frame| Frame::from(*frame))).expect("a send") != Sent::Done {
        assert!(wait_for(Watch::Writable(socket)), "the role accepts messages");
    }
}

/// Receives a message. A role that sends none for a long time fails the target.
pub(crate) fn receive(socket: &Socket) -> Vec<Vec<u8>> {
    let mut frames = Vec::new();
    while !socket.receive(&mut frames).expect("a receive") {
        assert!(wait_for(Watch::Readable(socket)), "the role answers");
    }
    frames.iter().map(|frame| frame.to_vec()).collect()
}

fn wait_for(watch: Watch<'_>) -> bool {
    wait_which([watch], Some(SILENCE_MAX)).expect("a wait") == [true]
}
