//! The broker of a desk: in this process, on loopback, gone when it is dropped.
//!
//! A region runs Mosquitto; this one is for one machine, where nothing may have to be installed. It keeps
//! nothing over a restart, like a broker that was killed: rows are safe all the same, because boxes send
//! them until HQ's receipt comes, and receipts are published again by the collector.
//!
//! `mqtt5` and not `rumqttd` (0.20): rumqttd fails four of the sentences in `tests.rs`. A session that goes
//! on never gets a retained message again (MQTT 5 §3.3.1.3), so a box would never see its receipt after a
//! reconnection; of 300 retained messages 100 arrive; a client that comes back with a clean start before
//! its end was noticed loses its last will; a stopped router leaves its thread behind for ever. And a client
//! that vanishes while connecting can poison the listener for all others (bytebeamio/rumqtt #1062, open).

use std::net::SocketAddr;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use mqtt5::broker::{BrokerConfig, MqttBroker, StorageBackendType, StorageConfig};
use tokio::sync::oneshot;

#[cfg(test)]
mod tests;

/// Longest packet: a batch of rows has 20 KiB, a delta over MQTT at most 64 KiB.
const LONGEST_PACKET: usize = 1 << 20;

/// How long connections may take to say goodbye before they are cut.
const GOODBYE: Duration = Duration::from_millis(300);

/// Why there is no broker.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Without accounts and TLS it serves this machine only.
    #[error("{0} is not a loopback address, and the broker of a desk has no locks")]
    NotLoopback(SocketAddr),
    /// The system gives no thread or no event loop.
    #[error("the broker cannot be started")]
    Start(#[source] std::io::Error),
    /// The address is taken, or not this machine's.
    #[error("the broker cannot listen on {address}")]
    Listen {
        /// Where it was to listen.
        address: SocketAddr,
        /// Why it cannot.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// A running broker. Dropping it stops it.
#[derive(Debug)]
pub struct Broker {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Broker {
    /// Starts a broker; with port 0 the system chooses one. It accepts connections on return.
    ///
    /// # Errors
    /// [`Error`]: not loopback, taken, or the system has nothing left to give.
    pub fn start(address: SocketAddr) -> Result<Self, Error> {
        if !address.ip().is_loopback() {
            return Err(Error::NotLoopback(address));
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Error::Start)?;
        let (stop, stopped) = oneshot::channel();
        let (opened, opens) = mpsc::channel();
        let thread = std::thread::Builder::new()
            .name("broker".to_owned())
            .spawn(move || {
                runtime.block_on(serve(address, &opened, stopped));
                // Cuts whoever has not said goodbye by now.
                runtime.shutdown_timeout(GOODBYE);
            })
            .map_err(Error::Start)?;
        let listen = |source| Error::Listen { address, source };
        let address = match opens.recv() {
            Ok(opened) => opened.map_err(listen)?,
            Err(mpsc::RecvError) => return Err(listen("the broker's thread has ended".into())),
        };
        Ok(Self { address, stop: Some(stop), thread: Some(thread) })
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Closes the port and every connection; returns when they are closed.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        if let Some(stop) = self.stop.take() {
            // It has ended by itself when nobody listens.
            let _ = stop.send(());
        }
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the broker ended by a panic");
        }
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.end();
    }
}

type Opened = Result<SocketAddr, Box<dyn std::error::Error + Send + Sync>>;

async fn serve(address: SocketAddr, opened: &mpsc::Sender<Opened>, stopped: oneshot::Receiver<()>) {
    let config = BrokerConfig {
        bind_addresses: vec![address],
        max_packet_size: LONGEST_PACKET,
        storage_config: StorageConfig { backend: StorageBackendType::Memory, ..StorageConfig::default() },
        sys_topics_enabled: false,
        ..BrokerConfig::default()
    };
    let mut broker = match MqttBroker::with_config(config).await {
        Ok(broker) => broker,
        Err(error) => {
            // Whoever started it waits for this answer.
            let _ = opened.send(Err(error.into()));
            return;
        }
    };
    let bound = broker.local_addr().unwrap_or(address);
    let goodbye = broker.shutdown_handle();
    let mut ready = broker.ready_receiver();
    let mut running = std::pin::pin!(broker.run());
    let answer: Opened = tokio::select! {
        ended = &mut running => Err(ended.err().map_or_else(|| "it ended at once".into(), Into::into)),
        _ = ready.wait_for(|ready| *ready) => Ok(bound),
    };
    let is_open = answer.is_ok();
    let _ = opened.send(answer);
    if !is_open {
        return;
    }
    tokio::select! {
        ended = &mut running => tracing::error!(error = ?ended.err(), "the broker ended by itself"),
        _ = stopped => {
            goodbye.shutdown();
            // What takes longer is cut by dropping it.
            let _ = tokio::time::timeout(GOODBYE, running).await;
        }
    }
}
