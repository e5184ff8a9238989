//! The methods that a following node answers from its own state.

use common::methods::Method;
use common::rpc;
use serde::Deserialize;

/// Whether a follower, whose newest record is `position`, answers every line of a frame. Otherwise the leader
/// answers the whole frame, so its lines keep their order. `has_all` means that no other node has a later
/// record.
///
/// The leader also answers the reads that depend on presence. A backup changes no state, and each node
/// makes its own backups.
pub(super) fn is_local(frame: &[u8], position: u64, has_all: bool) -> bool {
    let Ok(mut lines) = rpc::lines(frame) else { return true };
    lines.all(|line| match rpc::decode(line) {
        Ok(request) => match Method::from_name(&request.method) {
            Some(Method::SyncHeads) => since(request.params).map_or(has_all, |since| since <= position),
            method => method.is_none_or(is_local_method),
        },
        // The error of a malformed line is the same at every node.
        Err(_) => true,
    })
}

/// The cursor in the parameters of `sync.heads`. A client that has moved to this node may know more records
/// than this node has. A smaller cursor in the reply would mean that the node was restored from a backup. A
/// request for all heads has no cursor, although the client may know one.
fn since(params: &str) -> Option<u64> {
    #[derive(Deserialize)]
    struct Since {
        since: Option<u64>,
    }
    serde_json::from_str::<Since>(params).ok()?.since
}

fn is_local_method(method: Method) -> bool {
    matches!(
        method,
        Method::ServerInfo
            | Method::SessionList
            | Method::UserBlocks
            | Method::ChannelList
            | Method::ChannelMembers
            | Method::ChannelInvitations
            | Method::ChannelBans
            | Method::FileGet
            | Method::FileLink
            | Method::FileOpen
            | Method::MessageHistory
            | Method::MessageSearch
            | Method::ReadList
            | Method::NotifyList
            | Method::MentionList
            | Method::BotList
            | Method::AdminUsers
            | Method::AdminChannels
            | Method::AdminSessions
            | Method::AdminBackup
            | Method::AdminBackups
            | Method::AdminBackupGet
    )
}

#[cfg(test)]
mod tests {
    use super::is_local;

    #[test]
    fn a_frame_with_one_write_is_not_local() {
        let line = |method: &str| format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{{}}}}"#);
        let frame =
            |methods: &[&str]| methods.iter().map(|method| line(method)).collect::<Vec<_>>().join("\n");
        let is_local = |methods: &[&str]| is_local(frame(methods).as_bytes(), 7, false);
        assert!(is_local(&["read.list", "message.history"]) && is_local(&["no.such"]));
        assert!(!is_local(&["message.history", "message.send"]));
        assert!(!is_local(&["auth.login"]) && !is_local(&["user.list"]));
    }

    #[test]
    fn heads_after_a_record_that_the_node_lacks_are_not_local() {
        let frame = r#"{"jsonrpc":"2.0","id":1,"method":"sync.heads","params":{"token":"x","since":8}}"#;
        assert!(!is_local(frame.as_bytes(), 7, true) && is_local(frame.as_bytes(), 8, false));
        assert!(is_local(b"not json", 0, false));
    }

    #[test]
    fn all_heads_are_local_only_if_no_node_has_a_later_record() {
        let frame = r#"{"jsonrpc":"2.0","id":1,"method":"sync.heads","params":{"token":"x"}}"#;
        assert!(!is_local(frame.as_bytes(), 7, false) && is_local(frame.as_bytes(), 7, true));
    }
}
