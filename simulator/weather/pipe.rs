//! One connection through bad weather.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use super::{Cut, Way, Weather};
use crate::scene::Chance;

/// Most bytes of one piece.
const PIECE: usize = 4096;

/// Pieces on their way in one direction; then nothing more is taken from the sender.
const UNDER_WAY: usize = 64;

/// Longest time to reach the far end over a line that is not cut.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a line has done since it was opened.
#[derive(Debug, Default)]
pub struct Counts {
    /// Connections that came.
    pub connections: AtomicU64,
    /// Connections that a cut has torn, or never let begin.
    pub torn: AtomicU64,
    /// Bytes that arrived at HQ.
    pub up: AtomicU64,
    /// Bytes that arrived at the post.
    pub down: AtomicU64,
    /// Bytes that were taken and never arrived.
    pub swallowed: AtomicU64,
    /// Bits that were flipped.
    pub flipped: AtomicU64,
}

impl Counts {
    fn add(count: &AtomicU64, more: usize) {
        count.fetch_add(more as u64, Ordering::Relaxed);
    }
}

/// Carries one connection to `target` until an end closes it or the line is cut.
pub async fn carry(
    mut from: TcpStream,
    target: std::net::SocketAddr,
    mut weather: watch::Receiver<Weather>,
    seed: u64,
    counts: &Counts,
) {
    Counts::add(&counts.connections, 1);
    let mut to = None;
    let ended = {
        let now = weather.clone();
        let cut = weather.wait_for(|weather| weather.cut != Cut::None);
        let carrying = async {
            // Who is swallowed from the beginning reaches nobody, and is not told.
            if now.borrow().swallow == super::Ways::Both {
                return swallow(&mut from, counts).await;
            }
            if let Ok(Ok(reached)) = tokio::time::timeout(PATIENCE, TcpStream::connect(target)).await {
                both_ways(&mut from, to.insert(reached), &now, seed, counts).await;
            }
        };
        tokio::select! {
            // A line that is cut reaches nobody, not even for a moment.
            biased;
            cut = cut => Some(cut.map_or(Cut::Close, |weather| weather.cut)),
            () = carrying => None,
        }
    };
    if let Some(cut) = ended {
        Counts::add(&counts.torn, 1);
        for end in std::iter::once(&from).chain(&to) {
            if cut == Cut::Reset {
                // Without it the system says FIN; a socket that cannot be told so is closed all the same.
                let _ = end.set_zero_linger();
            }
        }
    }
}

/// Takes everything and answers nothing, until the other end gives up.
async fn swallow(from: &mut TcpStream, counts: &Counts) {
    let mut bytes = [0; PIECE];
    while let Ok(some @ 1..) = from.read(&mut bytes).await {
        Counts::add(&counts.swallowed, some);
    }
}

async fn both_ways(
    from: &mut TcpStream,
    to: &mut TcpStream,
    weather: &watch::Receiver<Weather>,
    seed: u64,
    counts: &Counts,
) {
    // Latency is the line's business here, not Nagle's.
    let _ = (from.set_nodelay(true), to.set_nodelay(true));
    let (from_near, to_near) = from.split();
    let (from_far, to_far) = to.split();
    let is_half_open = AtomicBool::new(false);
    let pump = |way, seed| Pump {
        way,
        weather: weather.clone(),
        chance: Chance::new(seed),
        is_half_open: &is_half_open,
        counts,
    };
    // The first error ends both: one end has gone away.
    let _ =
        tokio::try_join!(pump(Way::Up, seed).run(from_near, to_far), pump(Way::Down, !seed).run(from_far, to_near),);
}

/// One direction of one connection.
struct Pump<'c> {
    way: Way,
    weather: watch::Receiver<Weather>,
    chance: Chance,
    /// Bytes of this connection were swallowed: what one end does is no longer told to the other.
    is_half_open: &'c AtomicBool,
    counts: &'c Counts,
}

impl Pump<'_> {
    async fn run(mut self, mut from: ReadHalf<'_>, to: WriteHalf<'_>) -> io::Result<()> {
        let (send, queue) = mpsc::channel(UNDER_WAY);
        let (is_half_open, way, counts, weather) = (self.is_half_open, self.way, self.counts, self.weather.clone());
        let reading = async move {
            let mut is_dumb = false;
            let mut latest = Instant::now();
            let mut bytes = vec![0; PIECE];
            loop {
                let most = piece(&self.weather.borrow());
                let some = match from.read(&mut bytes[..most]).await {
                    Ok(0) => return Ok(()),
                    Ok(some) => some,
                    Err(_) if is_half_open.load(Ordering::Relaxed) => return Ok(()),
                    Err(error) => return Err(error),
                };
                let weather = *self.weather.borrow();
                if weather.swallow.has(way) {
                    is_dumb = true;
                    is_half_open.store(true, Ordering::Relaxed);
                }
                if is_dumb {
                    Counts::add(&counts.swallowed, some);
                    continue;
                }
                let mut piece = bytes[..some].to_vec();
                Counts::add(&counts.flipped, flip(&mut piece, weather.flips, &mut self.chance));
                let later = weather.latency + weather.jitter.mul_f64(f64::from(self.chance.swing()).abs().min(1.0));
                latest = latest.max(Instant::now() + later);
                // Nobody takes it any more: the far end is gone. A half-open line goes on swallowing.
                if send.send((latest, piece)).await.is_err() {
                    is_dumb = true;
                }
            }
        };
        let (done, ()) = tokio::try_join!(reading, write(to, queue, way, weather, is_half_open, counts))?;
        Ok(done)
    }
}

/// Hands pieces over when their time has come.
async fn write(
    mut to: WriteHalf<'_>,
    mut queue: mpsc::Receiver<(Instant, Vec<u8>)>,
    way: Way,
    mut weather: watch::Receiver<Weather>,
    is_half_open: &AtomicBool,
    counts: &Counts,
) -> io::Result<()> {
    while let Some((due, piece)) = queue.recv().await {
        tokio::time::sleep_until(due).await;
        if weather.wait_for(|weather| !weather.stall.has(way)).await.is_err() {
            return Ok(());
        }
        match to.write_all(&piece).await {
            Ok(()) => Counts::add(if way == Way::Up { &counts.up } else { &counts.down }, piece.len()),
            Err(_) if is_half_open.load(Ordering::Relaxed) => return Ok(()),
            Err(error) => return Err(error),
        }
        let rate = weather.borrow().rate;
        if rate > 0 {
            tokio::time::sleep(Duration::from_secs_f64(piece.len() as f64 / rate as f64)).await;
        }
    }
    if !is_half_open.load(Ordering::Relaxed) {
        // An end that says goodbye in one direction may still listen in the other.
        let _ = to.shutdown().await;
    }
    Ok(())
}

/// Pieces small enough for a slow line to give a steady trickle: a twentieth of a second.
fn piece(weather: &Weather) -> usize {
    if weather.rate == 0 { PIECE } else { usize::try_from(weather.rate / 20).unwrap_or(PIECE).clamp(1, PIECE) }
}

/// Flips one bit in a share of the bytes; how many.
pub fn flip(bytes: &mut [u8], share: f64, chance: &mut Chance) -> usize {
    if share <= 0.0 {
        return 0;
    }
    // Of 2^32 draws, so many flip.
    let few = (share * f64::from(u32::MAX)) as u64;
    let mut flipped = 0;
    for byte in bytes {
        let drawn = chance.next();
        if drawn & 0xFFFF_FFFF < few {
            *byte ^= 1 << (drawn >> 61);
            flipped += 1;
        }
    }
    flipped
}
