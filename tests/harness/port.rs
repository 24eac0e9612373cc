//! Loopback ports that nobody has.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};

/// Ports below those that the system hands out by itself. A program that is down for a moment must find its port
/// free when it comes back; and one that dials such a port on loopback while nobody listens may be given that
/// very port as its own and talk to itself.
const RANGE: std::ops::Range<u16> = 21_000..31_000;

/// A loopback address that nobody listens on. Tests that run side by side look in different places first.
///
/// # Panics
/// When there is none.
pub fn free() -> SocketAddr {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let count = u32::from(RANGE.end - RANGE.start);
    let own = std::process::id().wrapping_mul(97) % count;
    for _ in 0..count {
        let at = (own + NEXT.fetch_add(1, Ordering::Relaxed)) % count;
        let port = RANGE.start + u16::try_from(at).expect("the range has fewer than 2^16 ports");
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        if TcpListener::bind(address).is_ok() {
            return address;
        }
    }
    panic!("no port is free between {} and {}", RANGE.start, RANGE.end)
}
