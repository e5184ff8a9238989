//! papo's patches of libzmq. Each patch replaces a text of the upstream source, which must occur exactly
//! `times` times. If a new version of libzmq changes the text, the build fails.
//!
//! `docs/LIBZMQ.md` describes each fault, its reproduction, and its fix.

mod queues;

use std::fs;
use std::path::Path;

use queues::QUEUES;

struct Patch {
    file: &'static str,
    /// The text of upstream.
    find: &'static str,
    times: usize,
    replace: &'static str,
}

const fn once(file: &'static str, find: &'static str, replace: &'static str) -> Patch {
    Patch { file, find, times: 1, replace }
}

/// A ROUTER gives each peer an unguessable name, and ignores the name that the peer chose.
///
/// Upstream uses a counter, and accepts any name that a peer chose. When the counter reached a chosen name,
/// the process aborted. A peer that chose the name of a lost connection received its replies.
const NAMES: [Patch; 5] = [
    once("router.cpp", "#include \"router.hpp\"", "#include \"router.hpp\"\n#include <sodium.h>"),
    Patch { file: "router.cpp", find: "unsigned char buf[5];", times: 3, replace: "unsigned char buf[17];" },
    Patch {
        file: "router.cpp",
        find: "put_uint32 (buf + 1, _next_integral_routing_id++);",
        times: 3,
        replace: "randombytes_buf (buf + 1, sizeof buf - 1);",
    },
    once("router.cpp", "        if (msg.size () == 0) {", "        if (true) {"),
    // Limits the metadata of a handshake, which libzmq keeps for each connection.
    once(
        "mechanism.cpp",
        "    size_t bytes_left = length_;\n\n    while (bytes_left > 1) {",
        "    size_t bytes_left = length_;\n    if (length_ > 1024) {\n        errno = EPROTO;\n        return -1;\n    }\n\n    \
         while (bytes_left > 1) {",
    ),
];

/// An XPUB disconnects a peer that sends anything other than subscriptions. It reads at most 16 subscriptions
/// of a peer at a time, and forgets the waiting subscriptions of a peer that disconnects. In manual mode, a
/// peer has at most 16,384 topics, or 64 while the socket has 65,536 different topics. Further subscriptions
/// fail with EMFILE.
///
/// Upstream keeps other messages without a limit, and grants the next subscription to the wrong peer.
/// Upstream also stores each topic twice, for a report that papo does not use.
const SUBSCRIPTIONS: [Patch; 13] = [
    once(
        "xpub.hpp",
        "std::deque<pipe_t *> _pending_pipes;",
        "std::deque<pipe_t *> _pending_pipes;\n\n    \
         //  papo: pipes that may have more to read.\n    \
         std::deque<pipe_t *> _unread_pipes;\n    \
         //  papo: the number of topics of each pipe.\n    \
         std::map<pipe_t *, size_t> _topics;\n    \
         bool may_read (pipe_t *pipe_, int left_);\n    \
         void read_more ();",
    ),
    once("xpub.hpp", "#include <deque>", "#include <deque>\n#include <map>"),
    once(
        "xpub.cpp",
        "                    _manual_subscriptions.rm (data, size, pipe_);",
        "                    ;",
    ),
    once(
        "xpub.cpp",
        "                    _manual_subscriptions.add (data, size, pipe_);",
        "                    ;",
    ),
    once(
        "xpub.cpp",
        "        if (_last_pipe != NULL)\n            _subscriptions.add ((unsigned char *) optval_, optvallen_,\n                                _last_pipe);",
        "        if (_last_pipe != NULL) {\n            \
             size_t &topics = _topics[_last_pipe];\n            \
             if (topics >= (_subscriptions.num_prefixes () < 65536 ? 16384u : 64u)) {\n                \
                 errno = EMFILE;\n                \
                 return -1;\n            \
             }\n            \
             ++topics;\n            \
             _subscriptions.add ((unsigned char *) optval_, optvallen_,\n                                \
                                 _last_pipe);\n        \
         }",
    ),
    once(
        "xpub.cpp",
        "        if (_last_pipe != NULL)\n            _subscriptions.rm ((unsigned char *) optval_, optvallen_,\n                               _last_pipe);",
        "        if (_last_pipe != NULL\n            \
             && _subscriptions.rm ((unsigned char *) optval_, optvallen_, _last_pipe)\n                 \
                  != mtrie_t::not_found)\n            \
             --_topics[_last_pipe];",
    ),
    once("xpub.cpp", "#include <string.h>", "#include <string.h>\n#include <algorithm>"),
    once(
        "xpub.cpp",
        "    while (pipe_->read (&msg)) {",
        "    for (int left = 16; may_read (pipe_, left) && pipe_->read (&msg); --left) {",
    ),
    once(
        "xpub.cpp",
        "        } else if (options.type != ZMQ_PUB) {",
        "        } else if (true) {\n            \
             msg.close ();\n            \
             _more_recv = false;\n            \
             pipe_->terminate (false);\n            \
             return;\n        \
         } else if (options.type != ZMQ_PUB) {",
    ),
    once(
        "xpub.cpp",
        "    return !_pending_data.empty ();",
        "    read_more ();\n    return !_pending_data.empty () || !_unread_pipes.empty ();",
    ),
    once(
        "xpub.cpp",
        "    //  If there is at least one\n    if (_pending_data.empty ()) {",
        "    read_more ();\n    if (_pending_data.empty ()) {",
    ),
    once(
        "xpub.cpp",
        "void zmq::xpub_t::xpipe_terminated (pipe_t *pipe_)\n{",
        "bool zmq::xpub_t::may_read (pipe_t *pipe_, int left_)\n\
         {\n    \
             if (left_ > 0 && _pending_data.size () < 4096)\n        \
                 return true;\n    \
             _unread_pipes.push_back (pipe_);\n    \
             return false;\n\
         }\n\n\
         void zmq::xpub_t::read_more ()\n\
         {\n    \
             for (size_t n = _unread_pipes.size (); n > 0 && _pending_data.empty (); --n) {\n        \
                 pipe_t *const pipe = _unread_pipes.front ();\n        \
                 _unread_pipes.pop_front ();\n        \
                 xread_activated (pipe);\n    \
             }\n\
         }\n\n\
         void zmq::xpub_t::xpipe_terminated (pipe_t *pipe_)\n\
         {\n    \
             _topics.erase (pipe_);\n    \
             _unread_pipes.erase (std::remove (_unread_pipes.begin (), _unread_pipes.end (), pipe_),\n                         \
                                  _unread_pipes.end ());\n    \
             std::replace (_pending_pipes.begin (), _pending_pipes.end (), pipe_, static_cast<pipe_t *> (NULL));",
    ),
    once(
        "xpub.cpp",
        "    if (_manual && !_pending_pipes.empty ()) {",
        "    if (_manual && !_pending_pipes.empty ()) { //  papo: one for each entry of _pending_data",
    ),
];

/// Patches the copied sources in `folder`.
///
/// # Panics
/// An upstream source does not contain the text that a patch replaces.
pub(crate) fn apply(folder: &Path) {
    for patch in NAMES.iter().chain(&SUBSCRIPTIONS).chain(&QUEUES) {
        let path = folder.join(patch.file);
        let text = fs::read_to_string(&path).expect("a source of libzmq");
        let found = text.matches(patch.find).count();
        assert_eq!(
            found, patch.times,
            "libzmq changed: {} has {found} occurrences of {}",
            patch.file, patch.find
        );
        fs::write(&path, text.replace(patch.find, patch.replace)).expect("OUT_DIR is writable");
    }
}
