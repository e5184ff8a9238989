//! papo's patches of libzmq. Each patch replaces a text of the upstream source, which must occur exactly
//! `times` times. If a new version of libzmq changes the text, the build fails.
//!
//! `docs/LIBZMQ.md` describes each fault, its reproduction, and its fix.

use std::fs;
use std::path::Path;

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

/// The high-water marks of queues count units of 512 bytes. A message counts at least one unit, and shares
/// its memory with no other message.
///
/// All queues of sockets with the option 9001 share 32 MiB, in addition to 64 KiB for each peer. Upstream
/// counts messages of any length as one. A message that upstream received keeps a buffer of 18 KiB in memory.
const QUEUES: [Patch; 19] = [
    once("ctx.cpp", "    _zero_copy (true)", "    _zero_copy (false)"),
    once(
        "pipe.hpp",
        "    const bool _conflate;",
        "    const bool _conflate;\n\n    \
         //  papo: units of the message that is being read or written, what the writer knows of\n    \
         //  _msgs_read, and this pipe's part of the shared limit.\n    \
         uint64_t _reading_units = 0;\n    \
         mutable uint64_t _writing_units = 0;\n    \
         uint64_t _reported = 0;\n    \
         uint64_t _excess = 0;\n    \
         bool _is_shared = false;\n    \
         mutable bool _is_mid_message = false;\n    \
         void account ();",
    ),
    once(
        "pipe.hpp",
        "    //  Set the high water marks.",
        "    //  papo: makes this pipe a part of the shared limit.\n    void share () { _is_shared = true; }\n\n    //  Set the high water marks.",
    ),
    once(
        "pipe.cpp",
        "#include \"pipe.hpp\"",
        "#include \"pipe.hpp\"\n\
         #include <algorithm>\n\
         #include <atomic>\n\n\
         static const size_t unit_bytes = 512;\n\
         static const uint64_t own_units = 128;\n\
         static const uint64_t shared_units = 64 * 1024;\n\
         static std::atomic<uint64_t> total_excess (0);",
    ),
    once(
        "pipe.cpp",
        "zmq::pipe_t::~pipe_t ()\n{",
        "zmq::pipe_t::~pipe_t ()\n{\n    total_excess -= _excess;",
    ),
    once(
        "pipe.cpp",
        "    if (!(msg_->flags () & msg_t::more) && !msg_->is_routing_id ())\n        _msgs_read++;",
        "    _reading_units += msg_->size () / unit_bytes;\n    \
         if (!(msg_->flags () & msg_t::more) && !msg_->is_routing_id ()) {\n        \
             _msgs_read += 1 + _reading_units;\n        \
             _reading_units = 0;\n    \
         }",
    ),
    once(
        "pipe.cpp",
        "_msgs_read % _lwm == 0)",
        "_msgs_read - _reported >= std::min<uint64_t> (_lwm, own_units / 2))",
    ),
    once(
        "pipe.cpp",
        "send_activate_write (_peer, _msgs_read);",
        "send_activate_write (_peer, _reported = _msgs_read);",
    ),
    once(
        "pipe.cpp",
        "    if (!more && !is_routing_id)\n        _msgs_written++;",
        "    _is_mid_message = more;\n    \
         _writing_units += msg_->size () / unit_bytes;\n    \
         if (!more && !is_routing_id) {\n        \
             _msgs_written += 1 + _writing_units;\n        \
             _writing_units = 0;\n        \
             account ();\n    \
         }",
    ),
    once(
        "pipe.cpp",
        "    //  Remove incomplete message from the outbound pipe.",
        "    //  Remove incomplete message from the outbound pipe.\n    _writing_units = 0;\n    _is_mid_message = false;",
    ),
    once(
        "pipe.cpp",
        "    _peers_msgs_read = msgs_read_;",
        "    _peers_msgs_read = msgs_read_;\n    account ();",
    ),
    once(
        "pipe.cpp",
        "    while (_out_pipe->read (&msg)) {",
        "    uint64_t units = 0;\n    while (_out_pipe->read (&msg)) {\n        units += msg.is_delimiter () ? 0 : msg.size () / unit_bytes;",
    ),
    once("pipe.cpp", "            _msgs_written--;", "            _msgs_written -= 1 + units, units = 0;"),
    once(
        "pipe.cpp",
        "bool zmq::pipe_t::check_hwm () const\n{",
        "void zmq::pipe_t::account ()\n\
         {\n    \
             if (!_is_shared)\n        \
                 return;\n    \
             const uint64_t waiting = _msgs_written - _peers_msgs_read;\n    \
             const uint64_t excess = waiting > own_units ? waiting - own_units : 0;\n    \
             if (excess != _excess)\n        \
                 total_excess += excess - _excess;\n    \
             _excess = excess;\n\
         }\n\n\
         bool zmq::pipe_t::check_hwm () const\n\
         {\n    \
             if (!_is_mid_message && _excess > 0 && total_excess >= shared_units)\n        \
                 return false;",
    ),
    once(
        "options.hpp",
        "    bool raw_socket;",
        "    bool raw_socket;\n\n    //  papo: the pipes of this socket share one limit (option 9001).\n    bool shared_limit = false;",
    ),
    once(
        "options.cpp",
        "        case ZMQ_SNDHWM:\n            if (is_int && value >= 0) {",
        "        case 9001:\n            shared_limit = is_int && value != 0;\n            return 0;\n\n        \
         case ZMQ_SNDHWM:\n            if (is_int && value >= 0) {",
    ),
    once(
        "session_base.cpp",
        "        //  Plug the local end of the pipe.\n        pipes[0]->set_event_sink (this);",
        "        if (options.shared_limit) {\n            \
             pipes[0]->share ();\n            \
             pipes[1]->share ();\n        \
         }\n\n        \
         //  Plug the local end of the pipe.\n        \
         pipes[0]->set_event_sink (this);",
    ),
    once(
        "pipe.hpp",
        "    //  Number of messages read and written so far.",
        "    //  Number of messages read and written so far. papo: in units.",
    ),
    once(
        "pipe.hpp",
        "    //  High watermark for the outbound pipe.",
        "    //  High watermark for the outbound pipe. papo: in units.",
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
