//! ngIRCd in the IRC protocol (RFC 2812).

use std::fs::{OpenOptions, Permissions, set_permissions};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use anyhow::Result;

use super::{Server, publish};
use crate::load::{Plan, Rates};
use crate::tcp::{Acknowledgement, Tcp, TcpReceiver, TcpSender};

/// The maximum number of messages by which the slowest receiver may be behind the sender. ngIRCd disconnects
/// a receiver with more queued output.
const LAG_MESSAGES_MAX: u64 = 128;

/// Sends the text to a channel with `subscribers` members. The sender is not a member. ngIRCd neither stores
/// nor acknowledges the text.
pub(crate) fn fan_out(plan: Plan, folder: &Path, text: &str, subscribers: usize) -> Result<Option<Rates>> {
    let Some(server) = start(folder)? else { return Ok(None) };
    let message_bytes = format!(":p!~p@127.0.0.1 PRIVMSG #bench :{text}\r\n").len() as u64;
    let receivers = (0..subscribers).map(|number| {
        let mut tcp = connect(&server, &format!("s{number}"))?;
        // Numeric 366 ends the list of members: the join is complete.
        tcp.ask(b"JOIN #bench\r\n", b" 366 ")?;
        Ok((tcp, number))
    });
    let receivers = receivers.collect::<Result<Vec<_>>>()?.into_iter().map(|(mut tcp, number)| {
        // Each member also receives the JOIN lines of later members. The reply to PING arrives after these
        // lines, so the receiver counts only messages.
        tcp.ask(format!("PING :{number}\r\n").as_bytes(), b" PONG ")?;
        Ok(TcpReceiver { tcp, message_bytes, bytes: 0 })
    });
    let receivers = receivers.collect::<Result<_>>()?;
    let message = format!("PRIVMSG #bench :{text}\r\n").into_bytes();
    let acknowledgement = Acknowledgement::None;
    let publisher = TcpSender { tcp: connect(&server, "p")?, message, acknowledgement, pending: 0 };
    publish(Plan { lag_messages_max: LAG_MESSAGES_MAX, ..plan }, publisher, receivers).map(Some)
}

fn start(folder: &Path) -> Result<Option<Server>> {
    Server::start("ngircd", |program, port| {
        let path = folder.join("ngircd.conf");
        let configuration = format!(
            "[Global]\nName = irc.bench\nInfo = bench\nMotdPhrase = bench\nListen = 127.0.0.1\nPorts = {port}\n\
             [Limits]\nMaxConnections = 0\nMaxConnectionsIP = 0\nMaxPenaltyTime = 0\nMaxJoins = 0\n\
             [Options]\nDNS = no\nIdent = no\nPAM = no\n"
        );
        OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .open(&path)?
            .write_all(configuration.as_bytes())?;
        // ngIRCd reads its configuration as another user.
        set_permissions(folder, Permissions::from_mode(0o755))?;
        let mut command = Command::new(program);
        command.arg("--nodaemon").arg("--config").arg(path);
        Ok(command)
    })
}

fn connect(server: &Server, nick: &str) -> Result<Tcp> {
    let mut tcp = Tcp::connect(server.port)?;
    // 376, the end of the message of the day, ends the greeting.
    tcp.ask(format!("NICK {nick}\r\nUSER {nick} 0 * :{nick}\r\n").as_bytes(), b" 376 ")?;
    Ok(tcp)
}
