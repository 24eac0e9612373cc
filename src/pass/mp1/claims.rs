//! The content of an MP1 pass: a CWT claims map in deterministic CBOR, written and read.

use minicbor::{Decoder, Encoder};
use plate::Binding;
use wire::cbor;

use super::{CLAIM, LONGEST_PAYLOAD, LONGEST_VALIDITY};
use crate::{ClaimsFault, Document, Error, Format, Kind, Limits, StatusIndex};

const PAYLOAD: cbor::Limits = cbor::Limits { bytes: LONGEST_PAYLOAD, depth: 4, map_entries: 24, array_items: 24 };

/// Ids are random: 8 bytes are enough within one issuer, 16 make a UUID.
const ID_BYTES: std::ops::RangeInclusive<usize> = 8..=16;

/// Longest issuer: ISO 3166-2 codes have up to 6 characters, a municipality's code below one some more.
const LONGEST_ISSUER: usize = 32;

/// Most digits of an ID document; a Russian passport has a series of 4 and a number of 6.
const MOST_ID_DIGITS: usize = 10;

/// The payload of a pass as deterministic CBOR (RFC 8949 §4.2.1), for an issuer to sign.
///
/// # Errors
/// [`Error::Claims`] when a reader would refuse it.
pub fn encode(document: &Document) -> Result<Vec<u8>, Error> {
    let mut payload = Vec::with_capacity(128);
    write(document, &mut Encoder::new(&mut payload)).expect("writing to memory cannot fail");
    // The reader's own rules decide what may be issued.
    if decode(&payload)? == *document { Ok(payload) } else { Err(Error::Claims(ClaimsFault::Shape)) }
}

type Written = Result<(), minicbor::encode::Error<core::convert::Infallible>>;

fn write(d: &Document, e: &mut Encoder<&mut Vec<u8>>) -> Written {
    let times = [(4, d.expires), (5, d.not_before), (6, d.issued)];
    let present = times.iter().filter(|(_, time)| time.is_some()).count() as u64;
    e.map(3 + present)?.u8(1)?.str(&d.issuer)?;
    for (key, time) in times {
        if let Some(time) = time {
            e.u8(key)?.i64(time)?;
        }
    }
    e.u8(7)?.bytes(&d.id)?.i64(CLAIM)?;
    let optional = [
        !d.plates.is_empty(),
        d.holder.is_some(),
        d.birth.is_some(),
        d.id_digits.is_some(),
        !d.cards.is_empty(),
        !d.regions.is_empty(),
        d.limits.is_some(),
        d.route.is_some(),
        d.status.is_some(),
    ];
    e.map(1 + optional.iter().filter(|there| **there).count() as u64)?.u8(1)?.u16(d.kind.number())?;
    if !d.plates.is_empty() {
        e.u8(2)?.array(d.plates.len() as u64)?;
        for plate in &d.plates {
            e.str(plate.as_str())?;
        }
    }
    for (key, value) in [(3, &d.holder), (4, &d.birth), (5, &d.id_digits)] {
        if let Some(value) = value {
            e.u8(key)?.str(value)?;
        }
    }
    for (key, numbers) in [(6, &d.cards), (7, &d.regions)] {
        if !numbers.is_empty() {
            e.u8(key)?.array(numbers.len() as u64)?;
            for number in numbers {
                e.u64(*number)?;
            }
        }
    }
    if let Some(limits) = &d.limits {
        let all = [limits.trips, limits.days, limits.per_day, limits.minutes];
        e.u8(8)?.map(all.iter().flatten().count() as u64)?;
        for (key, limit) in (1u8..).zip(all) {
            if let Some(limit) = limit {
                e.u8(key)?.u64(limit)?;
            }
        }
    }
    if let Some(route) = &d.route {
        e.u8(9)?.str(route)?;
    }
    if let Some(status) = d.status {
        e.u8(10)?.array(2)?.u64(status.series)?.u64(status.index)?;
    }
    Ok(())
}

/// Reads a payload; one that is no pass of this version is refused whole.
pub(super) fn decode(payload: &[u8]) -> Result<Document, Error> {
    cbor::check(payload, &PAYLOAD).map_err(|error| Error::Claims(ClaimsFault::Cbor(Some(error))))?;
    let mut claims = Claims::default();
    claims.take(&mut Decoder::new(payload)).map_err(|_| Error::Claims(ClaimsFault::Shape))?;
    claims.document().map_err(Error::Claims)
}

/// The claims as they come, before what must be there is asked for.
#[derive(Default)]
struct Claims {
    issuer: Option<String>,
    expires: Option<i64>,
    not_before: Option<i64>,
    issued: Option<i64>,
    id: Option<Vec<u8>>,
    kind: Option<u16>,
    plates: Vec<String>,
    holder: Option<String>,
    birth: Option<String>,
    id_digits: Option<String>,
    cards: Vec<u64>,
    regions: Vec<u64>,
    limits: Option<Limits>,
    route: Option<String>,
    status: Option<StatusIndex>,
}

type Taken<T> = Result<T, minicbor::decode::Error>;

fn unknown<T>() -> Taken<T> {
    Err(minicbor::decode::Error::message("a key this version does not know"))
}

/// Length of a map or array; strict CBOR has only definite ones.
fn definite(length: Option<u64>) -> u64 {
    length.expect("the strict check has refused indefinite lengths")
}

fn list<T>(d: &mut Decoder<'_>, mut one: impl FnMut(&mut Decoder<'_>) -> Taken<T>) -> Taken<Vec<T>> {
    let items = definite(d.array()?);
    if items == 0 {
        return Err(minicbor::decode::Error::message("an empty list is left out"));
    }
    (0..items).map(|_| one(d)).collect()
}

impl Claims {
    fn take(&mut self, d: &mut Decoder<'_>) -> Taken<()> {
        for _ in 0..definite(d.map()?) {
            match d.i64()? {
                1 => self.issuer = Some(d.str()?.to_owned()),
                4 => self.expires = Some(d.i64()?),
                5 => self.not_before = Some(d.i64()?),
                6 => self.issued = Some(d.i64()?),
                7 => self.id = Some(d.bytes()?.to_vec()),
                CLAIM => self.take_ours(d)?,
                _ => return unknown(),
            }
        }
        Ok(())
    }

    fn take_ours(&mut self, d: &mut Decoder<'_>) -> Taken<()> {
        for _ in 0..definite(d.map()?) {
            match d.u64()? {
                1 => self.kind = Some(d.u16()?),
                2 => self.plates = list(d, |d| d.str().map(str::to_owned))?,
                3 => self.holder = Some(d.str()?.to_owned()),
                4 => self.birth = Some(d.str()?.to_owned()),
                5 => self.id_digits = Some(d.str()?.to_owned()),
                6 => self.cards = list(d, |d| d.u64())?,
                7 => self.regions = list(d, |d| d.u64())?,
                8 => self.limits = Some(take_limits(d)?),
                9 => self.route = Some(d.str()?.to_owned()),
                10 => {
                    if definite(d.array()?) != 2 {
                        return unknown();
                    }
                    self.status = Some(StatusIndex { series: d.u64()?, index: d.u64()? });
                }
                _ => return unknown(),
            }
        }
        Ok(())
    }

    /// What must be there is there, and plausible in itself.
    fn document(self) -> Result<Document, ClaimsFault> {
        let issuer = self.issuer.ok_or(ClaimsFault::Missing("iss"))?;
        let not_before = self.not_before.ok_or(ClaimsFault::Missing("nbf"))?;
        let expires = self.expires.ok_or(ClaimsFault::Missing("exp"))?;
        let id = self.id.ok_or(ClaimsFault::Missing("cti"))?;
        let kind = self.kind.ok_or(ClaimsFault::Missing("kind"))?;
        if !is_identifier(&issuer) {
            return Err(ClaimsFault::Issuer);
        }
        if !ID_BYTES.contains(&id.len()) {
            return Err(ClaimsFault::Id);
        }
        let validity = expires.checked_sub(not_before).filter(|v| (1..=LONGEST_VALIDITY).contains(v));
        if validity.is_none() || not_before < 0 {
            return Err(ClaimsFault::Validity);
        }
        if self.birth.as_deref().is_some_and(|birth| !is_date(birth)) {
            return Err(ClaimsFault::Birth);
        }
        if self.id_digits.as_deref().is_some_and(|d| !(1..=MOST_ID_DIGITS).contains(&d.len()) || !is_digits(d)) {
            return Err(ClaimsFault::IdDigits);
        }
        let plates = self.plates.iter().map(|text| {
            let folded = Binding::new(text).ok().filter(|binding| binding.as_str() == text);
            folded.ok_or(ClaimsFault::Plate)
        });
        Ok(Document {
            format: Format::Mp1,
            issuer,
            id,
            kind: Kind(kind),
            not_before: Some(not_before),
            expires: Some(expires),
            issued: self.issued,
            plates: plates.collect::<Result<_, _>>()?,
            holder: self.holder,
            birth: self.birth,
            id_digits: self.id_digits,
            cards: self.cards,
            regions: self.regions,
            limits: self.limits,
            route: self.route,
            status: self.status,
            revocation: None,
        })
    }
}

fn take_limits(d: &mut Decoder<'_>) -> Taken<Limits> {
    let mut limits = Limits::default();
    for _ in 0..definite(d.map()?) {
        let slot = match d.u64()? {
            1 => &mut limits.trips,
            2 => &mut limits.days,
            3 => &mut limits.per_day,
            4 => &mut limits.minutes,
            _ => return unknown(),
        };
        *slot = Some(d.u64()?);
    }
    Ok(limits)
}

/// An ISO 3166-2 code or a municipality's, in the alphabet of every other name on the wire.
fn is_identifier(text: &str) -> bool {
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    (1..=LONGEST_ISSUER).contains(&text.len()) && text.chars().all(good)
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|c| c.is_ascii_digit())
}

/// `YYYY`, `YYYY-MM` or `YYYY-MM-DD`. Whether there was such a day is for the officer's eyes.
fn is_date(text: &str) -> bool {
    let mut parts = text.split('-');
    let year = parts.next().is_some_and(|year| year.len() == 4 && is_digits(year));
    let mut rest = 0;
    let others = parts.all(|part| {
        rest += 1;
        part.len() == 2 && is_digits(part)
    });
    year && others && rest <= 2
}
