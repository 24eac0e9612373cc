//! The way from a post to HQ: a port on loopback that passes everything on, through whatever weather there is.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::weather::pipe::{Counts, carry};
use crate::weather::{Cut, Weather};

/// One port that leads to one port of HQ. Dropping it closes the port.
pub struct Line {
    address: SocketAddr,
    state: Mutex<State>,
    /// What it does now.
    weather: watch::Sender<Weather>,
    target: Arc<Mutex<SocketAddr>>,
    counts: Arc<Counts>,
    task: tokio::task::JoinHandle<()>,
}

/// What is done to a line.
#[derive(Debug, Clone, Copy)]
struct State {
    /// Nobody has cut it by hand.
    up: bool,
    weather: Weather,
}

impl State {
    /// A hand that cuts a line is stronger than any weather.
    const fn weather(&self) -> Weather {
        if self.up { self.weather } else { Weather { cut: Cut::Close, ..self.weather } }
    }
}

impl Line {
    /// Opens a line on a free port of loopback.
    ///
    /// # Errors
    /// When the system gives no port.
    pub async fn open(target: SocketAddr) -> std::io::Result<Self> {
        Self::open_at((Ipv4Addr::LOCALHOST, 0).into(), target, 1).await
    }

    /// Opens a line on a port; what its weather leaves to chance is drawn from the seed.
    ///
    /// # Errors
    /// When the port is taken.
    pub async fn open_at(listen: SocketAddr, target: SocketAddr, seed: u64) -> std::io::Result<Self> {
        let listener = TcpListener::bind(listen).await?;
        let address = listener.local_addr()?;
        let state = State { up: true, weather: Weather::default() };
        let (weather, now) = watch::channel(state.weather);
        let (target, counts) = (Arc::new(Mutex::new(target)), Arc::<Counts>::default());
        let task = tokio::spawn(accept(listener, target.clone(), now, seed, counts.clone()));
        Ok(Self { address, state: Mutex::new(state), weather, target, counts, task })
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut state);
        self.weather.send_replace(state.weather());
    }

    fn state(&self) -> State {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where a box finds it.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Cuts or mends it. What was under way over it is torn off.
    pub fn set_up(&self, up: bool) {
        self.change(|state| state.up = up);
    }

    /// Whether it is up, the weather apart.
    pub fn is_up(&self) -> bool {
        self.state().up
    }

    /// Gives it other weather.
    pub fn set_weather(&self, weather: Weather) {
        self.change(|state| state.weather = weather);
    }

    /// The weather it has, a hand that cuts it apart.
    pub fn weather(&self) -> Weather {
        self.state().weather
    }

    /// What it has done so far.
    pub fn counts(&self) -> &Counts {
        &self.counts
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
        self.set_up(false);
    }
}

async fn accept(
    listener: TcpListener,
    target: Arc<Mutex<SocketAddr>>,
    weather: watch::Receiver<Weather>,
    seed: u64,
    counts: Arc<Counts>,
) {
    for number in 1.. {
        let Ok((from, _)) = listener.accept().await else {
            // Out of sockets for a moment; the next try may find one.
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let target = *target.lock().unwrap_or_else(PoisonError::into_inner);
        let (weather, counts, seed) =
            (weather.clone(), counts.clone(), seed.wrapping_mul(0x1_0001).wrapping_add(number));
        tokio::spawn(async move { carry(from, target, weather, seed, &counts).await });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpStream;

    use crate::weather::Ways;

    /// A line, and the far end of it.
    async fn line() -> (Line, TcpListener) {
        let far = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        (Line::open(far.local_addr().unwrap()).await.unwrap(), far)
    }

    /// A connection over it, proven to carry.
    async fn connection(line: &Line, far: &TcpListener) -> (TcpStream, TcpStream) {
        let mut near = TcpStream::connect(line.address()).await.unwrap();
        near.write_all(b"hello").await.unwrap();
        let (mut end, _) = far.accept().await.unwrap();
        let mut bytes = [0; 5];
        end.read_exact(&mut bytes).await.unwrap();
        assert_eq!(&bytes, b"hello");
        (near, end)
    }

    #[tokio::test]
    async fn a_line_carries_bytes_until_it_is_cut_and_again_when_it_is_mended() {
        let (line, far) = line().await;
        let (mut near, mut end) = connection(&line, &far).await;
        line.set_up(false);
        let mut bytes = [0; 5];
        assert_eq!(near.read(&mut bytes).await.unwrap(), 0, "closed, not reset");
        assert_eq!(end.read(&mut bytes).await.unwrap(), 0);
        let mut cut = TcpStream::connect(line.address()).await.unwrap();
        assert!(matches!(cut.read(&mut bytes).await, Ok(0) | Err(_)));
        line.set_up(true);
        connection(&line, &far).await;
    }

    #[tokio::test]
    async fn a_reset_is_a_reset_and_a_hand_is_stronger_than_weather() {
        let (line, far) = line().await;
        let (mut near, mut end) = connection(&line, &far).await;
        line.set_weather(Weather { cut: Cut::Reset, ..Weather::default() });
        let mut bytes = [0; 5];
        for cut in [&mut near, &mut end] {
            let error = cut.read(&mut bytes).await.unwrap_err();
            assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
        }
        assert!(line.is_up());
        line.set_up(false);
        line.set_weather(Weather::default());
        let mut cut = TcpStream::connect(line.address()).await.unwrap();
        assert!(matches!(cut.read(&mut bytes).await, Ok(0) | Err(_)));
        line.set_up(true);
        connection(&line, &far).await;
    }

    #[tokio::test]
    async fn half_open_is_silence_that_nobody_is_told_of() {
        let (line, far) = line().await;
        let (mut near, mut end) = connection(&line, &far).await;
        line.set_weather(Weather { swallow: Ways::Up, ..Weather::default() });
        near.write_all(b"lost").await.unwrap();
        // The other direction goes on.
        end.write_all(b"below").await.unwrap();
        let mut bytes = [0; 5];
        near.read_exact(&mut bytes).await.unwrap();
        assert_eq!(&bytes, b"below");
        while line.counts().swallowed.load(std::sync::atomic::Ordering::Relaxed) < 4 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        // What has lost bytes stays dumb when the weather is clear again, also at its end.
        line.set_weather(Weather::default());
        near.write_all(b"dumb").await.unwrap();
        drop(near);
        let silence = tokio::time::timeout(Duration::from_millis(200), end.read(&mut bytes)).await;
        assert!(silence.is_err(), "{silence:?}");
        // A new one carries.
        connection(&line, &far).await;
        // And one that is swallowed from the beginning reaches nobody.
        line.set_weather(Weather { swallow: Ways::Both, ..Weather::default() });
        let mut near = TcpStream::connect(line.address()).await.unwrap();
        near.write_all(b"lost").await.unwrap();
        let nobody = tokio::time::timeout(Duration::from_millis(200), far.accept()).await;
        assert!(nobody.is_err());
    }

    #[tokio::test]
    async fn what_is_held_back_arrives_afterwards() {
        let (line, far) = line().await;
        let (mut near, mut end) = connection(&line, &far).await;
        line.set_weather(Weather { stall: Ways::Up, ..Weather::default() });
        near.write_all(b"later").await.unwrap();
        let mut bytes = [0; 5];
        let silence = tokio::time::timeout(Duration::from_millis(200), end.read(&mut bytes)).await;
        assert!(silence.is_err(), "{silence:?}");
        line.set_weather(Weather::default());
        end.read_exact(&mut bytes).await.unwrap();
        assert_eq!(&bytes, b"later");
    }

    #[tokio::test]
    async fn a_slow_line_is_slow_and_loses_nothing() {
        let (line, far) = line().await;
        let (mut near, mut end) = connection(&line, &far).await;
        let (latency, jitter) = (Duration::from_millis(100), Duration::from_millis(50));
        line.set_weather(Weather { latency, jitter, rate: 20_000, ..Weather::default() });
        let sent: Vec<u8> = (0..10_000_u32).map(|at| (at % 251) as u8).collect();
        let began = tokio::time::Instant::now();
        near.write_all(&sent).await.unwrap();
        near.shutdown().await.unwrap();
        let mut came = Vec::new();
        end.read_to_end(&mut came).await.unwrap();
        assert_eq!(came, sent);
        // 10,000 bytes at 20,000 a second, less the last piece.
        assert!(began.elapsed() >= latency + Duration::from_millis(400), "{:?}", began.elapsed());
    }

    #[tokio::test]
    async fn a_corrupting_line_flips_bits_and_counts_them() {
        let (line, far) = line().await;
        let (mut near, mut end) = connection(&line, &far).await;
        line.set_weather(Weather { flips: 0.01, ..Weather::default() });
        near.write_all(&[0; 100_000]).await.unwrap();
        near.shutdown().await.unwrap();
        let mut came = Vec::new();
        end.read_to_end(&mut came).await.unwrap();
        assert_eq!(came.len(), 100_000);
        let changed = came.iter().filter(|byte| byte.count_ones() == 1).count();
        assert_eq!(came.iter().filter(|byte| **byte != 0).count(), changed, "one bit of a byte at the most");
        assert!((500..2000).contains(&changed), "{changed}");
        assert_eq!(line.counts().flipped.load(std::sync::atomic::Ordering::Relaxed), changed as u64);
    }
}
