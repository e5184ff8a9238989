//! Accepts connections, and ends them at the shutdown.

use std::net::{IpAddr, TcpListener};
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, DuplexStream};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;
use transport::shutdown::Shutdown;
use transport::wake::Wake;

use crate::IrcError;
use crate::connection::Connection;
use crate::door::Arrivals;
use crate::inbox::{Inbox, Item};
use crate::limits::{CLOSING_MS_MAX, REGISTRATION_MS_MAX};
use crate::shared::Shared;
use crate::tls::{Accept, Tls};

/// Milliseconds after a failed accept, such as one without a free file descriptor.
const ACCEPT_RETRY_MS: u64 = 100;

/// The connections of the front.
struct Connections {
    shared: Arc<Shared>,
    tasks: JoinSet<()>,
    inboxes: Vec<Weak<Inbox>>,
}

/// Serves clients until the shutdown.
pub(crate) fn serve(
    (listener, tls): (TcpListener, Option<Tls>),
    mut arrivals: Option<Arrivals>,
    shared: &Arc<Shared>,
    shutdown: &Shutdown,
) -> Result<(), IrcError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(IrcError::Start)?.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener).map_err(IrcError::Start)?;
        let accept = tls.as_ref().map(|tls| Arc::clone(&tls.accept));
        let keeping = tls.map(|tls| tokio::spawn(tls.keep));
        let mut connections =
            Connections { shared: Arc::clone(shared), tasks: JoinSet::new(), inboxes: Vec::new() };
        let stop = wait_for(shutdown);
        tokio::pin!(stop);
        loop {
            tokio::select! {
                () = &mut stop => break,
                accepted = listener.accept() => match (accepted, &accept) {
                    (Ok((stream, address)), None) => connections.open(stream, address.ip()),
                    (Ok((stream, address)), Some(accept)) => connections.open_tls(stream, address.ip(), accept),
                    (Err(error), _) => {
                        tracing::warn!(%error, "cannot accept a connection");
                        tokio::time::sleep(Duration::from_millis(ACCEPT_RETRY_MS)).await;
                    }
                },
                Some((stream, address)) = next(&mut arrivals) => {
                    let (reader, writer) = tokio::io::split(stream);
                    connections.start(address, reader, writer);
                }
                Some(_ended) = connections.tasks.join_next() => {}
            }
        }
        connections.end().await;
        if let Some(keeping) = keeping {
            keeping.abort();
        }
        Ok(())
    })
}

impl Connections {
    /// Starts the task of a connection without encryption.
    fn open(&mut self, stream: TcpStream, address: IpAddr) {
        prepare(&stream);
        let (reader, writer) = stream.into_split();
        self.start(address, reader, writer);
    }

    /// Starts the task of a connection with TLS, which begins with the handshake.
    fn open_tls(&mut self, stream: TcpStream, address: IpAddr, accept: &Accept) {
        if !self.shared.take_handshake(address) {
            return;
        }
        prepare(&stream);
        let Some((inbox, shared)) = self.admit(address) else { return };
        let shaking = accept(stream);
        self.tasks.spawn(async move {
            match timeout(Duration::from_millis(REGISTRATION_MS_MAX), shaking).await {
                Ok(Ok(stream)) => {
                    let (reader, writer) = tokio::io::split(stream);
                    Connection::new(shared, address, inbox, reader, writer).run().await;
                }
                Ok(Err(_)) | Err(_) => shared.release(address, false),
            }
        });
    }

    fn start(
        &mut self,
        address: IpAddr,
        reader: impl AsyncRead + Send + Unpin + 'static,
        writer: impl AsyncWrite + Send + Unpin + 'static,
    ) {
        if let Some((inbox, shared)) = self.admit(address) {
            self.tasks.spawn(Connection::new(shared, address, inbox, reader, writer).run());
        }
    }

    /// Counts a new connection; `None` if there are too many.
    fn admit(&mut self, address: IpAddr) -> Option<(Arc<Inbox>, Arc<Shared>)> {
        if !self.shared.admit(address) {
            return None;
        }
        let inbox = Arc::new(Inbox::default());
        self.inboxes.retain(|inbox| inbox.strong_count() > 0);
        self.inboxes.push(Arc::downgrade(&inbox));
        Some((inbox, Arc::clone(&self.shared)))
    }

    /// Ends all connections.
    async fn end(&mut self) {
        for inbox in self.inboxes.iter().filter_map(Weak::upgrade) {
            inbox.push(Item::Shutdown);
        }
        let all_ended = async { while self.tasks.join_next().await.is_some() {} };
        let _in_time = timeout(Duration::from_millis(CLOSING_MS_MAX), all_ended).await;
    }
}

/// The next connection of another listener. Waits forever without such a listener.
async fn next(arrivals: &mut Option<Arrivals>) -> Option<(DuplexStream, IpAddr)> {
    match arrivals {
        Some(Arrivals(arrivals)) => arrivals.recv().await,
        None => std::future::pending().await,
    }
}

/// Without it, a reply can wait for the acknowledgement of an earlier one.
fn prepare(stream: &TcpStream) {
    let _best_effort = stream.set_nodelay(true);
}

/// Waits for the shutdown. A [`Shutdown`] wakes threads, so a socket passes the wake-up to this task.
async fn wait_for(shutdown: &Shutdown) {
    let Ok((waker, wake)) = Wake::new() else { return };
    shutdown.watch(waker);
    if let Ok(mut stream) = tokio::net::UnixStream::from_std(wake.into_stream()) {
        let _ended = tokio::io::AsyncReadExt::read_u8(&mut stream).await;
    }
}
