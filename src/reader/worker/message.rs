//! What the parent and its child say to each other: messages with their length in front, little-endian.
//!
//! The child is not believed: it has looked at pictures that may be made to take it over. Every length, text and
//! corner is checked before anything is kept of it, and a message that does not hold is the end of the child.

use std::time::Duration;

use crate::Outcome;

/// Changes with every message here: a program that was replaced under a running box must not be misunderstood.
const VERSION: u32 = 1;

/// Most codes in one answer; more have never been seen in one picture.
const MOST_CODES: usize = 32;

/// Longest text, in bytes: the 2,953 bytes of the largest code (ISO/IEC 18004 table 7), each of which becomes at most
/// three in UTF-8. Digits, of which a code holds more, stay one byte each.
const LONGEST_TEXT: usize = 3 * 2953;

/// Longest message, in bytes. Codes that do not fit are left off.
const LONGEST: usize = 64 * 1024;

/// Bytes of a request.
pub(super) const REQUEST: usize = 16;

/// The frame that lies in the shared memory, and the time for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Request {
    pub width: u32,
    pub height: u32,
    /// In whole microseconds.
    pub budget: Duration,
}

impl Request {
    /// In bytes. It has one length, so none stands in front.
    pub(super) fn to_bytes(self) -> [u8; REQUEST] {
        let budget = u64::try_from(self.budget.as_micros()).unwrap_or(u64::MAX);
        let mut bytes = [0; REQUEST];
        bytes[..4].copy_from_slice(&self.width.to_le_bytes());
        bytes[4..8].copy_from_slice(&self.height.to_le_bytes());
        bytes[8..].copy_from_slice(&budget.to_le_bytes());
        bytes
    }

    pub(super) fn from_bytes(bytes: [u8; REQUEST]) -> Self {
        let [w0, w1, w2, w3, h0, h1, h2, h3, budget @ ..] = bytes;
        Self {
            width: u32::from_le_bytes([w0, w1, w2, w3]),
            height: u32::from_le_bytes([h0, h1, h2, h3]),
            budget: Duration::from_micros(u64::from_le_bytes(budget)),
        }
    }
}

/// One code of an answer. Which rung read it is known: the last that was tried.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Found {
    pub text: String,
    pub corners: [(f32, f32); 4],
}

/// The end of an answer.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Done {
    pub codes: Vec<Found>,
    pub located: bool,
    /// The child has worked long enough and ends now.
    pub retires: bool,
}

/// What the child says.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Message {
    /// It is locked in and waits for requests. Said once.
    Ready,
    /// A rung is over. Which one is known: both sides go through the same rungs in the same order.
    Tried { outcome: Outcome, micros: u64 },
    /// The request is answered.
    Done(Done),
}

/// Why a message is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Lie {
    #[error("it speaks version {0}")]
    Version(u32),
    #[error("a message of {0} bytes")]
    Length(u32),
    #[error("a message that is shorter than what it should hold")]
    Short,
    #[error("a message that is longer than what it should hold")]
    Long,
    #[error("a message of an unknown kind")]
    Kind,
    #[error("an unknown outcome")]
    Outcome,
    #[error("{0} codes in one picture")]
    Codes(u8),
    #[error("a text that is too long or not UTF-8")]
    Text,
    #[error("a corner that is nowhere")]
    Corner,
    #[error("a message out of turn")]
    Turn,
}

const READY: u8 = 1;
const TRIED: u8 = 2;
const DONE: u8 = 3;

/// Outcomes of a rung, by their number in a message.
const OUTCOMES: [Outcome; 3] = [Outcome::Nothing, Outcome::Read, Outcome::Panicked];

impl Message {
    /// In bytes, its length in front. What an honest child must not say is left off here: codes beyond the bounds.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![0; 4];
        match self {
            Self::Ready => {
                bytes.push(READY);
                bytes.extend(VERSION.to_le_bytes());
            }
            Self::Tried { outcome, micros } => {
                let number = OUTCOMES.iter().position(|known| known == outcome).unwrap_or_default();
                bytes.extend([TRIED, number as u8]);
                bytes.extend(micros.to_le_bytes());
            }
            Self::Done(done) => {
                bytes.extend([DONE, u8::from(done.located), u8::from(done.retires), 0]);
                let count = bytes.len() - 1;
                for found in done.codes.iter().filter(|found| found.text.len() <= LONGEST_TEXT).take(MOST_CODES) {
                    let size = 4 * 8 + 2 + found.text.len();
                    if bytes.len() + size > LONGEST {
                        break;
                    }
                    for corner in found.corners.iter().flat_map(|(x, y)| [x, y]) {
                        // Corners are worked out; a code that reads must not be lost because they went astray.
                        bytes.extend(if corner.is_finite() { *corner } else { 0.0 }.to_le_bytes());
                    }
                    bytes.extend((found.text.len() as u16).to_le_bytes());
                    bytes.extend(found.text.as_bytes());
                    bytes[count] += 1;
                }
            }
        }
        let length = (bytes.len() - 4) as u32;
        bytes[..4].copy_from_slice(&length.to_le_bytes());
        bytes
    }

    /// Takes the first whole message off what was heard, if there is one.
    pub(super) fn take(heard: &mut Vec<u8>) -> Result<Option<Self>, Lie> {
        let Some((length, rest)) = heard.split_first_chunk() else { return Ok(None) };
        let length = u32::from_le_bytes(*length);
        if length as usize > LONGEST {
            return Err(Lie::Length(length));
        }
        let Some(body) = rest.get(..length as usize) else { return Ok(None) };
        let message = Self::from_bytes(body)?;
        heard.drain(..4 + length as usize);
        Ok(Some(message))
    }

    fn from_bytes(mut bytes: &[u8]) -> Result<Self, Lie> {
        let rest = &mut bytes;
        let message = match split(rest)? {
            [READY] => match u32::from_le_bytes(split(rest)?) {
                VERSION => Self::Ready,
                other => return Err(Lie::Version(other)),
            },
            [TRIED] => {
                let [number] = split(rest)?;
                let outcome = *OUTCOMES.get(usize::from(number)).ok_or(Lie::Outcome)?;
                Self::Tried { outcome, micros: u64::from_le_bytes(split(rest)?) }
            }
            [DONE] => {
                let [located, retires, count] = split(rest)?;
                if usize::from(count) > MOST_CODES {
                    return Err(Lie::Codes(count));
                }
                let codes = (0..count).map(|_| found(rest)).collect::<Result<_, _>>()?;
                Self::Done(Done { codes, located: located != 0, retires: retires != 0 })
            }
            _ => return Err(Lie::Kind),
        };
        if bytes.is_empty() { Ok(message) } else { Err(Lie::Long) }
    }
}

fn found(rest: &mut &[u8]) -> Result<Found, Lie> {
    let mut corners = [(0.0, 0.0); 4];
    for (x, y) in &mut corners {
        (*x, *y) = (f32::from_le_bytes(split(rest)?), f32::from_le_bytes(split(rest)?));
        if !x.is_finite() || !y.is_finite() {
            return Err(Lie::Corner);
        }
    }
    let length = usize::from(u16::from_le_bytes(split(rest)?));
    if length > LONGEST_TEXT {
        return Err(Lie::Text);
    }
    let (text, after) = rest.split_at_checked(length).ok_or(Lie::Short)?;
    *rest = after;
    let text = std::str::from_utf8(text).map_err(|_| Lie::Text)?.to_owned();
    Ok(Found { text, corners })
}

/// The next bytes, as many as are asked for.
fn split<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], Lie> {
    let (first, after) = rest.split_first_chunk().ok_or(Lie::Short)?;
    *rest = after;
    Ok(*first)
}

#[cfg(test)]
mod tests;
