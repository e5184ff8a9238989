//! The patches of the queues between a socket and its peers: limits in bytes, and reports of the readers.

use super::{Patch, once};

/// The high-water marks of queues count units of 512 bytes. A message counts at least one unit. Upstream
/// counts messages of any length as one.
///
/// The queues of all sockets with the option 9001 are counted together. While they exceed the value of the
/// option, in bytes, each peer of the socket has 64 KiB. The bytes of a message that waits for many peers
/// count once, because the queues share them; each unit in a queue counts 128 bytes for its entries.
///
/// A queue's writer reads the reader's counter when it needs it, and the reader wakes the writer only when
/// the writer has asked for a report. In upstream, the reader reports whenever it has read half of the
/// mark, and the writer looks for reports at most once a millisecond while it sends. So upstream refuses
/// messages for a queue that is empty, and with a mark in bytes, it wakes the writer much too often.
///
/// A message that upstream received keeps a buffer of 18 KiB in memory.
pub(super) const QUEUES: [Patch; 29] = [
    once("ctx.cpp", "    _zero_copy (true)", "    _zero_copy (false)"),
    once(
        "pipe.hpp",
        "    const bool _conflate;",
        "    const bool _conflate;\n\n    \
         //  papo: units of the message that is being read or written.\n    \
         uint64_t _reading_units = 0;\n    \
         mutable uint64_t _writing_units = 0;\n    \
         //  papo: the reader compares _msgs_read with _report_at when it exceeds _compare_at.\n    \
         //  The writer sets _report_at, and needs no report while it is UINT64_MAX.\n    \
         uint64_t _compare_at = 0;\n    \
         std::atomic<uint64_t> _report_at{UINT64_MAX};\n    \
         //  papo: this pipe's part of the total, the count of written units at which it changes,\n    \
         //  and the shared limit in bytes (0: none).\n    \
         uint64_t _excess = 0;\n    \
         uint64_t _account_at = 0;\n    \
         uint64_t _shared_limit = 0;\n    \
         mutable bool _is_mid_message = false;\n    \
         void report ();\n    \
         void request_report (uint64_t at_);\n    \
         void account ();\n    \
         void set_excess ();\n    \
         bool is_full ();",
    ),
    once("pipe.hpp", "    uint64_t _msgs_read;", "    std::atomic<uint64_t> _msgs_read;"),
    once("pipe.hpp", "#include \"msg.hpp\"", "#include \"msg.hpp\"\n\n#include <atomic>"),
    once(
        "pipe.hpp",
        "    //  Set the high water marks.",
        "    //  papo: makes this pipe a part of the total.\n    \
         void share (uint64_t limit_) { _shared_limit = limit_; }\n\n    \
         //  papo: whether the writer waits for a report of the reader.\n    \
         bool is_refusing () const { return _state == active && !_out_active; }\n\n    \
         //  Set the high water marks.",
    ),
    once(
        "pipe.cpp",
        "#include \"pipe.hpp\"",
        "#include \"pipe.hpp\"\n\
         #include <algorithm>\n\n\
         static const size_t unit_bytes = 512;\n\
         //  A queue with fewer units has no excess. The writer and the reader compare their counters\n\
         //  once in step_units, so a queue without a part of the total has at most 64 KiB.\n\
         static const uint64_t own_units = 96;\n\
         static const uint64_t step_units = 32;\n\
         //  Two frames of a message in a queue.\n\
         static const uint64_t entry_bytes = 128;\n\
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
        "    if (!(msg_->flags () & msg_t::shared))\n        \
             msg_->uncount ();\n    \
         _reading_units += msg_->size () / unit_bytes;\n    \
         if (!(msg_->flags () & msg_t::more) && !msg_->is_routing_id ()) {\n        \
             _msgs_read.store (_msgs_read + 1 + _reading_units, std::memory_order_release);\n        \
             _reading_units = 0;\n    \
         }",
    ),
    once(
        "pipe.cpp",
        "_msgs_read % _lwm == 0)\n        send_activate_write (_peer, _msgs_read);",
        "_msgs_read >= _compare_at) {\n        \
             _compare_at = _msgs_read + std::min<uint64_t> (_lwm, step_units);\n        \
             report ();\n    \
         }",
    ),
    once(
        "pipe.cpp",
        "    if (!more && !is_routing_id)\n        _msgs_written++;",
        "    _is_mid_message = more;\n    \
         _writing_units += msg_->size () / unit_bytes;\n    \
         if (!more && !is_routing_id) {\n        \
             _msgs_written += 1 + _writing_units;\n        \
             _writing_units = 0;\n        \
             if (_msgs_written >= _account_at)\n            \
                 account ();\n    \
         }",
    ),
    once(
        "pipe.cpp",
        "    _out_pipe->write (*msg_, more);",
        "    if (_shared_limit > 0)\n        msg_->count ();\n    _out_pipe->write (*msg_, more);",
    ),
    once(
        "msg.hpp",
        "        zmq::atomic_counter_t refcnt;\n    };\n\n    //  Message flags.",
        "        zmq::atomic_counter_t refcnt;\n\n        \
             //  papo: whether queued_bytes contains the size. Changed only by the owner of the\n        \
             //  only reference, or by the thread that writes the first one into a queue.\n        \
             bool counted;\n    \
         };\n\n    \
         //  papo: the bytes of all messages that wait in queues with a shared limit.\n    \
         static std::atomic<uint64_t> queued_bytes;\n    \
         void count () const;\n    \
         void uncount ();\n\n    \
         //  Message flags.",
    ),
    once("msg.hpp", "#include <stddef.h>", "#include <stddef.h>\n#include <stdint.h>\n#include <atomic>"),
    Patch {
        file: "msg.cpp",
        find: "        new (&_u.lmsg.content->refcnt) zmq::atomic_counter_t ();",
        replace: "        new (&_u.lmsg.content->refcnt) zmq::atomic_counter_t ();\n        _u.lmsg.content->counted = false;",
        times: 2,
    },
    Patch {
        file: "msg.cpp",
        find: "free (_u.lmsg.content);",
        replace: "uncount ();\n            free (_u.lmsg.content);",
        times: 2,
    },
    once(
        "msg.cpp",
        "int zmq::msg_t::close ()\n{",
        "std::atomic<uint64_t> zmq::msg_t::queued_bytes (0);\n\n\
         void zmq::msg_t::count () const\n\
         {\n    \
             if (_u.base.type == type_lmsg && !_u.lmsg.content->counted) {\n        \
                 _u.lmsg.content->counted = true;\n        \
                 queued_bytes += sizeof (content_t) + _u.lmsg.content->size;\n    \
             }\n\
         }\n\n\
         void zmq::msg_t::uncount ()\n\
         {\n    \
             if (_u.base.type == type_lmsg && _u.lmsg.content->counted) {\n        \
                 _u.lmsg.content->counted = false;\n        \
                 queued_bytes -= sizeof (content_t) + _u.lmsg.content->size;\n    \
             }\n\
         }\n\n\
         int zmq::msg_t::close ()\n{",
    ),
    once(
        "pipe.cpp",
        "    //  Remove incomplete message from the outbound pipe.",
        "    //  Remove incomplete message from the outbound pipe.\n    _writing_units = 0;\n    _is_mid_message = false;",
    ),
    once(
        "pipe.cpp",
        "    _peers_msgs_read = msgs_read_;",
        "    _peers_msgs_read = std::max (_peers_msgs_read, msgs_read_);\n    account ();",
    ),
    once(
        "pipe.cpp",
        "    while (_out_pipe->read (&msg)) {",
        "    uint64_t units = 0;\n    while (_out_pipe->read (&msg)) {\n        units += msg.is_delimiter () ? 0 : msg.size () / unit_bytes;",
    ),
    once("pipe.cpp", "            _msgs_written--;", "            _msgs_written -= 1 + units, units = 0;"),
    once("pipe.cpp", "    LIBZMQ_DELETE (_out_pipe);", "    LIBZMQ_DELETE (_out_pipe);\n    account ();"),
    once(
        "pipe.cpp",
        "bool zmq::pipe_t::check_hwm () const\n{",
        "//  In the total order of these operations, either the reader finds the request, or the writer\n\
         //  finds the reader's new counter.\n\
         void zmq::pipe_t::report ()\n\
         {\n    \
             std::atomic_thread_fence (std::memory_order_seq_cst);\n    \
             uint64_t at = _peer->_report_at;\n    \
             while (at <= _msgs_read) {\n        \
                 if (_peer->_report_at.compare_exchange_weak (at, UINT64_MAX)) {\n            \
                     send_activate_write (_peer, _msgs_read);\n            \
                     break;\n        \
                 }\n    \
             }\n\
         }\n\n\
         void zmq::pipe_t::request_report (uint64_t at_)\n\
         {\n    \
             _report_at = at_;\n    \
             std::atomic_thread_fence (std::memory_order_seq_cst);\n    \
             _peers_msgs_read = _peer->_msgs_read;\n    \
             set_excess ();\n\
         }\n\n\
         //  Requests a report for the time when the queue has no excess.\n\
         void zmq::pipe_t::account ()\n\
         {\n    \
             set_excess ();\n    \
             if (_excess > 0 && _state == active)\n        \
                 request_report (_msgs_written - own_units);\n    \
             _account_at = std::max (_msgs_written, _peers_msgs_read + own_units - step_units) + step_units;\n\
         }\n\n\
         void zmq::pipe_t::set_excess ()\n\
         {\n    \
             if (_shared_limit == 0)\n        \
                 return;\n    \
             const uint64_t waiting = _msgs_written - _peers_msgs_read;\n    \
             const uint64_t excess = waiting > own_units ? waiting - own_units : 0;\n    \
             if (excess != _excess)\n        \
                 total_excess += excess - _excess;\n    \
             _excess = excess;\n\
         }\n\n\
         bool zmq::pipe_t::is_full ()\n\
         {\n    \
             if (check_hwm ())\n        \
                 return false;\n    \
             request_report (0);\n    \
             return !check_hwm ();\n\
         }\n\n\
         bool zmq::pipe_t::check_hwm () const\n\
         {\n    \
             if (!_is_mid_message && _excess > 0\n        \
                 && msg_t::queued_bytes + total_excess * entry_bytes >= _shared_limit)\n        \
                 return false;",
    ),
    once("pipe.cpp", "    const bool full = !check_hwm ();", "    const bool full = is_full ();"),
    once(
        "router.cpp",
        "const bool pipe_full = !_current_out->check_hwm ();",
        "const bool pipe_full = _current_out->is_refusing ();",
    ),
    once(
        "options.hpp",
        "    bool raw_socket;",
        "    bool raw_socket;\n\n    //  papo: the limit, in bytes, that the pipes of this socket share (option 9001).\n    int shared_limit = 0;",
    ),
    once(
        "options.cpp",
        "        case ZMQ_SNDHWM:\n            if (is_int && value >= 0) {",
        "        case 9001:\n            shared_limit = is_int ? value : 0;\n            return 0;\n\n        \
         case ZMQ_SNDHWM:\n            if (is_int && value >= 0) {",
    ),
    once(
        "session_base.cpp",
        "        //  Plug the local end of the pipe.\n        pipes[0]->set_event_sink (this);",
        "        if (options.shared_limit > 0) {\n            \
             pipes[0]->share (options.shared_limit);\n            \
             pipes[1]->share (options.shared_limit);\n        \
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
