//! What is said is heard, and nothing else is believed.

use super::*;

fn code(text: &str) -> Found {
    Found { text: text.to_owned(), corners: [(0.5, 1.0), (99.0, 2.0), (98.0, 97.5), (-3.0, 96.0)] }
}

fn messages() -> Vec<Message> {
    let tried = OUTCOMES.map(|outcome| Message::Tried { outcome, micros: 1_234_567 });
    let done = [vec![], vec![code("")], vec![code("MP1:абв"), code("HC1:…")]]
        .map(|codes| Message::Done(Done { located: !codes.is_empty(), retires: codes.is_empty(), codes }));
    [Message::Ready].into_iter().chain(tried).chain(done).collect()
}

fn hear(bytes: &[u8]) -> Result<Option<Message>, Lie> {
    Message::take(&mut bytes.to_vec())
}

/// A body with an honest length in front.
fn framed(body: &[u8]) -> Vec<u8> {
    [&(body.len() as u32).to_le_bytes(), body].concat()
}

#[test]
fn what_is_said_is_heard_however_it_is_cut() {
    let said = messages();
    let bytes: Vec<u8> = said.iter().flat_map(Message::to_bytes).collect();
    for piece in [1, 2, 3, 7, 64, bytes.len()] {
        let (mut heard, mut messages) = (Vec::new(), Vec::new());
        for chunk in bytes.chunks(piece) {
            heard.extend_from_slice(chunk);
            while let Some(message) = Message::take(&mut heard).unwrap() {
                messages.push(message);
            }
        }
        assert_eq!((messages, heard), (said.clone(), vec![]));
    }
    let request = Request { width: 1280, height: 720, budget: Duration::from_micros(250_001) };
    assert_eq!(Request::from_bytes(request.to_bytes()), request);
}

#[test]
fn a_message_cut_short_or_drawn_out_is_a_lie() {
    for message in messages() {
        let bytes = message.to_bytes();
        let body = &bytes[4..];
        for length in 0..body.len() {
            assert!(hear(&framed(&body[..length])).is_err(), "{message:?} cut to {length}");
        }
        assert_eq!(hear(&framed(&[body, &[0]].concat())), Err(Lie::Long));
    }
}

#[test]
fn every_kind_of_lie_is_told_apart() {
    assert_eq!(hear(&u32::MAX.to_le_bytes()), Err(Lie::Length(u32::MAX)));
    assert_eq!(hear(&(LONGEST as u32 + 1).to_le_bytes()), Err(Lie::Length(LONGEST as u32 + 1)));
    assert_eq!(hear(&framed(&[0])), Err(Lie::Kind));
    assert_eq!(hear(&framed(&[READY, 9, 0, 0, 0])), Err(Lie::Version(9)));
    assert_eq!(hear(&framed(&[TRIED, 3, 0, 0, 0, 0, 0, 0, 0, 0])), Err(Lie::Outcome));
    assert_eq!(hear(&framed(&[DONE, 0, 0, 33])), Err(Lie::Codes(33)));
    let answer = |corner: f32, length: u16, text: &[u8]| {
        let corners = [corner; 8].map(f32::to_le_bytes).concat();
        framed(&[&[DONE, 1, 0, 1], &*corners, &length.to_le_bytes(), text].concat())
    };
    assert!(hear(&answer(1.0, 2, b"ab")).is_ok());
    assert_eq!(hear(&answer(f32::NAN, 2, b"ab")), Err(Lie::Corner));
    assert_eq!(hear(&answer(f32::INFINITY, 2, b"ab")), Err(Lie::Corner));
    assert_eq!(hear(&answer(1.0, 2, b"\xff\xfe")), Err(Lie::Text));
    assert_eq!(hear(&answer(1.0, u16::MAX, &[b'a'; u16::MAX as usize - 64])), Err(Lie::Text));
    assert_eq!(hear(&answer(1.0, 3, b"ab")), Err(Lie::Short));
}

#[test]
fn an_honest_child_keeps_the_bounds() {
    let long = "я".repeat(LONGEST_TEXT / 2);
    let mut codes = vec![code(&long); 40];
    codes[0].corners[2].1 = f32::NAN;
    codes[1].text.push_str(&long);
    let bytes = Message::Done(Done { codes, located: true, retires: false }).to_bytes();
    let Ok(Some(Message::Done(done))) = hear(&bytes) else { panic!("it is heard") };
    assert_eq!(done.codes.len(), LONGEST / (LONGEST_TEXT + 34));
    assert_eq!(done.codes[0].corners[2], (98.0, 0.0));
    assert!(done.codes.iter().all(|code| code.text == long));
}
