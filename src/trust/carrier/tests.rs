use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::Instant;

use super::*;
use crate::desk::{BEGIN, DAY, Desk, clock, noise, stream};
use crate::format::{BASE, CHUNK, HEAD, Part};
use crate::{Adoption, Bits, StatusList};

/// How a small web server behaves.
#[derive(Clone, Copy)]
struct Manners {
    ranges: bool,
    /// Closes the connection after so many bytes of a body.
    breaks_after: usize,
    /// Waits so long after every byte.
    pause: Duration,
}

const GOOD: Manners = Manners { ranges: true, breaks_after: usize::MAX, pause: Duration::ZERO };

/// Serves a desk's files on loopback until the test process ends.
fn serve(desk: &Desk, manners: Manners) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/release/", listener.local_addr().unwrap());
    let desk = desk.clone();
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let desk = desk.clone();
            std::thread::spawn(move || answer(connection.unwrap(), &desk, manners));
        }
    });
    address
}

fn answer(mut connection: TcpStream, desk: &Desk, manners: Manners) {
    let mut lines = BufReader::new(connection.try_clone().unwrap()).lines();
    let Some(Ok(request)) = lines.next() else { return };
    let headers: Vec<String> = lines.map_while(Result::ok).take_while(|line| !line.is_empty()).collect();
    let name = request.split(' ').nth(1).unwrap().trim_start_matches("/release/").to_owned();
    let from = headers.iter().find_map(|line| line.to_lowercase().strip_prefix("range: bytes=").map(str::to_owned));
    let from: usize = from.map_or(0, |range| range.trim_end_matches('-').parse().unwrap());
    let Some(file) = desk.files.get(&name) else {
        let _ = connection.write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        return;
    };
    let (status, body) = match (manners.ranges, from) {
        (true, 1..) => ("206 Partial Content", &file[from..]),
        _ => ("200 OK", &file[..]),
    };
    let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
    let _ = connection.write_all(head.as_bytes());
    let body = &body[..body.len().min(manners.breaks_after)];
    if manners.pause.is_zero() {
        let _ = connection.write_all(body);
        return;
    }
    for byte in body {
        if connection.write_all(&[*byte]).is_err() {
            return;
        }
        std::thread::sleep(manners.pause);
    }
}

/// A desk with a base of several chunks.
fn desk() -> Desk {
    let mut desk = Desk::new();
    let noise = noise(CHUNK * 5, 3);
    let mut list = StatusList::new(Bits::Eight, noise.len());
    for (index, value) in (0..).zip(noise) {
        list.set(index, value);
    }
    let mut content = Desk::content(1);
    content.push((stream(Part::Status, "RU-TVE", 1), list.encode()));
    desk.publish_content(1, BEGIN, content);
    desk
}

#[test]
fn the_same_release_comes_by_http_and_by_folder() {
    let desk = desk();
    let stick = tempfile::tempdir().unwrap();
    desk.write_to(stick.path());
    let carriers: [Box<dyn Carrier>; 2] =
        [Box::new(Http::new(&serve(&desk, GOOD))), Box::new(Folder(stick.path().to_owned()))];
    for mut carrier in carriers {
        let folder = tempfile::tempdir().unwrap();
        let mut store = desk.provision(folder.path());
        assert!(matches!(store.adopt(&mut *carrier, clock(BEGIN)), Ok(Adoption::Adopted { sequence: 1, .. })));
        let outcome = store.adopt(&mut *carrier, clock(BEGIN)).unwrap();
        assert_eq!(outcome, Adoption::NothingNew { fetched: desk.files[HEAD].len() as u64 });
    }
}

#[test]
fn a_server_that_breaks_off_is_asked_for_the_rest_with_ranges_or_without() {
    for (ranges, breaks_after) in [(true, CHUNK * 2 + 9), (false, CHUNK * 3 + 9)] {
        let desk = desk();
        let folder = tempfile::tempdir().unwrap();
        let mut store = desk.provision(folder.path());
        let mut http = Http::new(&serve(&desk, Manners { ranges, breaks_after, ..GOOD }));
        let outcome = store.adopt(&mut http, clock(BEGIN));
        if ranges {
            assert!(matches!(outcome, Ok(Adoption::Adopted { sequence: 1, .. })), "{outcome:?}");
        } else {
            // Always cut off at the same place, it can never bring more.
            assert_eq!(outcome.unwrap_err().code(), "carrier");
            let mut whole = Http::new(&serve(&desk, Manners { ranges, ..GOOD }));
            assert!(matches!(store.adopt(&mut whole, clock(BEGIN)), Ok(Adoption::Adopted { sequence: 1, .. })));
        }
    }
}

#[test]
fn a_server_that_drips_cannot_hold_the_box() {
    let mut desk = desk();
    let folder = tempfile::tempdir().unwrap();
    let mut store = desk.provision(folder.path());
    store.adopt(&mut desk.clone(), clock(BEGIN)).unwrap();
    desk.publish(2, BEGIN + DAY);
    let address = serve(&desk, Manners { pause: Duration::from_millis(50), ..GOOD });
    let mut http = Http::with_patience(&address, Duration::from_millis(400));
    let began = Instant::now();
    let error = store.adopt(&mut http, clock(BEGIN + DAY)).unwrap_err();
    assert_eq!(error.code(), "carrier");
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    assert_eq!(store.current().unwrap().sequence(), 1);
}

#[test]
fn limits_are_kept_while_bytes_come() {
    let desk = desk();
    let stick = tempfile::tempdir().unwrap();
    desk.write_to(stick.path());
    let base = desk.names(BASE).into_iter().max_by_key(|name| desk.files[name].len()).unwrap();
    let length = desk.files[&base].len() as u64;
    let carriers: [Box<dyn Carrier>; 2] =
        [Box::new(Http::new(&serve(&desk, GOOD))), Box::new(Folder(stick.path().to_owned()))];
    for mut carrier in carriers {
        assert!(matches!(carrier.get(&base, length - 1), Err(CarrierError::TooLong(_))));
        assert_eq!(carrier.get(&base, length).unwrap(), desk.files[&base]);
        assert!(matches!(carrier.get("nothing", 10), Err(CarrierError::NotFound(_))));
        let mut rest = Vec::new();
        carrier.open(&base, length - 3).unwrap().read_to_end(&mut rest).unwrap();
        assert_eq!(rest, desk.files[&base][desk.files[&base].len() - 3..]);
    }
    let mut nowhere = Http::with_patience("http://127.0.0.1:1", Duration::from_secs(2));
    assert!(matches!(nowhere.get(HEAD, 10), Err(CarrierError::Failed { .. })));
}
