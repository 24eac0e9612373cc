//! The way from a post to HQ: a port on loopback that passes everything on, until it is cut.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio::sync::watch;

/// Longest time to reach HQ over a line that is up.
const PATIENCE: Duration = Duration::from_secs(5);

/// One port that leads to one port of HQ. Dropping it closes the port.
pub struct Line {
    address: SocketAddr,
    up: watch::Sender<bool>,
    target: Arc<Mutex<SocketAddr>>,
    task: tokio::task::JoinHandle<()>,
}

impl Line {
    /// Opens a line.
    ///
    /// # Errors
    /// When the system gives no port.
    pub async fn open(target: SocketAddr) -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (up, state) = watch::channel(true);
        let target = Arc::new(Mutex::new(target));
        let task = Handle::current().spawn(accept(listener, target.clone(), state));
        Ok(Self { address, up, target, task })
    }

    /// Where a box finds it.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Cuts or mends it. What was under way over it is torn off.
    pub fn set_up(&self, up: bool) {
        self.up.send_replace(up);
    }

    /// Whether it is up.
    pub fn is_up(&self) -> bool {
        *self.up.borrow()
    }

    /// Leads it elsewhere: HQ has been started again.
    pub fn lead_to(&self, target: SocketAddr) {
        *self.target.lock().unwrap_or_else(PoisonError::into_inner) = target;
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.task.abort();
        // Connections that are under way see this and end.
        self.up.send_replace(false);
    }
}

async fn accept(listener: TcpListener, target: Arc<Mutex<SocketAddr>>, up: watch::Receiver<bool>) {
    loop {
        let Ok((from, _)) = listener.accept().await else {
            // Out of sockets for a moment; the next try may find one.
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let target = *target.lock().unwrap_or_else(PoisonError::into_inner);
        if *up.borrow() {
            tokio::spawn(pass_on(from, target, up.clone()));
        }
    }
}

async fn pass_on(mut from: TcpStream, target: SocketAddr, mut up: watch::Receiver<bool>) {
    let cut = up.wait_for(|up| !*up);
    let passing = async {
        if let Ok(Ok(mut to)) = tokio::time::timeout(PATIENCE, TcpStream::connect(target)).await {
            // Either end may go away at any moment: that is what a line is like.
            let _ = copy_bidirectional(&mut from, &mut to).await;
        }
    };
    tokio::select! {
        _ = cut => {}
        () = passing => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    #[tokio::test]
    async fn a_line_carries_bytes_until_it_is_cut_and_again_when_it_is_mended() {
        let far = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let line = Line::open(far.local_addr().unwrap()).await.unwrap();
        let mut near = TcpStream::connect(line.address()).await.unwrap();
        near.write_all(b"hello").await.unwrap();
        let (mut end, _) = far.accept().await.unwrap();
        let mut bytes = [0; 5];
        end.read_exact(&mut bytes).await.unwrap();
        assert_eq!(&bytes, b"hello");

        line.set_up(false);
        assert!(matches!(near.read(&mut bytes).await, Ok(0) | Err(_)));
        let mut cut = TcpStream::connect(line.address()).await.unwrap();
        assert!(matches!(cut.read(&mut bytes).await, Ok(0) | Err(_)));

        line.set_up(true);
        let mut again = TcpStream::connect(line.address()).await.unwrap();
        again.write_all(b"again").await.unwrap();
        let (mut end, _) = far.accept().await.unwrap();
        end.read_exact(&mut bytes).await.unwrap();
        assert_eq!(&bytes, b"again");
    }
}
