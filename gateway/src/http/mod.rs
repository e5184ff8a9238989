//! HTTP: the routes, and the checks of each request before its handler.

pub(crate) mod address_limits;
pub(crate) mod admission;
pub(crate) mod answer;
pub(crate) mod backups;
pub(crate) mod call;
pub(crate) mod credential;
pub(crate) mod events;
pub(crate) mod files;
pub(crate) mod guard;
pub(crate) mod history;
pub(crate) mod hooks;
pub(crate) mod irc;
pub(crate) mod legacy;
pub(crate) mod messages;
pub(crate) mod openapi;
pub(crate) mod page;
pub(crate) mod rpc;
pub(crate) mod session;
pub(crate) mod unfinished;
pub(crate) mod uploads;
pub(crate) mod web;
pub(crate) mod websocket;
