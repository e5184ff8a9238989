"""The session core: the state and the decisions of a client, without sockets, files or clocks.

Each file is a port of the file of `web/src/core` and of the Rust crate `session` with the same
name. Recorded sessions of the Rust crate test it, see `docs/conformance`.
"""
