//! Accepts connections, and ends them at the shutdown.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::task::JoinSet;
use transport::shutdown::Shutdown;
use transport::wake::Wake;

use crate::IrcError;
use crate::connection::Connection;
use crate::inbox::{Inbox, Item};
use crate::limits::CLOSING_MS_MAX;
use crate::shared::Shared;

/// Milliseconds after a failed accept, such as one without a free file descriptor.
const ACCEPT_RETRY_MS: u64 = 100;

/// Serves clients until the shutdown.
pub(crate) fn serve(
    listener: TcpListener,
    shared: &Arc<Shared>,
    shutdown: &Shutdown,
) -> Result<(), IrcError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(IrcError::Start)?.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener).map_err(IrcError::Start)?;
        let mut tasks = JoinSet::new();
        let mut inboxes: Vec<std::sync::Weak<Inbox>> = Vec::new();
        let stop = wait_for(shutdown);
        tokio::pin!(stop);
        loop {
            tokio::select! {
                () = &mut stop => break,
                accepted = listener.accept() => match accepted {
                    Ok((stream, address)) => {
                        inboxes.retain(|inbox| inbox.strong_count() > 0);
                        inboxes.extend(open(&mut tasks, shared, stream, address));
                    }
                    Err(error) => {
                        tracing::warn!(%error, "cannot accept a connection");
                        tokio::time::sleep(Duration::from_millis(ACCEPT_RETRY_MS)).await;
                    }
                },
                Some(_ended) = tasks.join_next() => {}
            }
        }
        for inbox in inboxes.iter().filter_map(std::sync::Weak::upgrade) {
            inbox.push(Item::Shutdown);
        }
        let all_ended = async { while tasks.join_next().await.is_some() {} };
        let _in_time = tokio::time::timeout(Duration::from_millis(CLOSING_MS_MAX), all_ended).await;
        Ok(())
    })
}

/// Starts the task of a connection.
fn open(
    tasks: &mut JoinSet<()>,
    shared: &Arc<Shared>,
    stream: TcpStream,
    address: SocketAddr,
) -> Option<std::sync::Weak<Inbox>> {
    if !shared.admit(address.ip()) {
        return None;
    }
    // Without it, a reply can wait for the acknowledgement of an earlier one.
    let _best_effort = stream.set_nodelay(true);
    let (reader, writer) = stream.into_split();
    let connection = Connection::new(Arc::clone(shared), address, reader, writer);
    let inbox = Arc::downgrade(&connection.inbox());
    tasks.spawn(connection.run());
    Some(inbox)
}

/// Waits for the shutdown. A [`Shutdown`] wakes threads, so a socket passes the wake-up to this task.
async fn wait_for(shutdown: &Shutdown) {
    let Ok((waker, wake)) = Wake::new() else { return };
    shutdown.watch(waker);
    if let Ok(mut stream) = tokio::net::UnixStream::from_std(wake.into_stream()) {
        let _ended = tokio::io::AsyncReadExt::read_u8(&mut stream).await;
    }
}
