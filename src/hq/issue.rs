//! Issuing: a request becomes a signed pass, its row in the region's books, and a place in a status list.

use pass::{Document, Format, Kind, Limits, PublicKey, StatusIndex};
use plate::Binding;
use unicode_normalization::UnicodeNormalization as _;
use verdict::PlateRule;
use wire::cbor::Problem;
use wire::sign::Context;

use crate::qr::{Code, Ecc};
use crate::region::{Issuer, Region, db, who};
use crate::{Error, keys::Key, policy::Rules};

/// Bytes of an id: with 64 random bits, two of a hundred million passes of one issuer share one with a
/// chance of 1 in 3,700, and then the books refuse the second.
const ID_BYTES: usize = 8;

/// Most last digits of an ID document: enough to compare, too few to be the number.
const MOST_ID_DIGITS: usize = 4;

/// Most characters of what an officer compares.
const LONGEST_TEXT: usize = 64;

/// Most seconds ahead that a pass may begin: a slip of the year is the commonest slip there is.
const FARTHEST_BEGIN: i64 = 366 * 86_400;

/// Seconds of validity up to which a pass goes into a list of its class.
const CLASSES: [i64; db::CLASSES as usize - 1] = [7 * 86_400, 45 * 86_400];

/// What a pass is to say.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IssueRequest {
    /// Who signs; none: the region's own issuer.
    pub issuer: Option<String>,
    /// Number of the kind.
    pub kind: u16,
    /// Plates, any one of which will do, as people write them.
    pub plates: Vec<String>,
    /// What the officer compares with the document: initials, a first letter.
    pub holder: Option<String>,
    /// Birth date as far as the pass shows it.
    pub birth: Option<String>,
    /// Last digits of the ID document.
    pub id_digits: Option<String>,
    /// Transport cards.
    pub cards: Vec<u64>,
    /// Regions it is valid for, by number; empty does not limit.
    pub regions: Vec<u64>,
    /// Limits of use.
    pub limits: Option<Limits>,
    /// Route or zone.
    pub route: Option<String>,
    /// Unix seconds from which it is valid.
    pub not_before: i64,
    /// Unix seconds after which it is not.
    pub expires: i64,
}

/// A pass that was issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuedPass {
    /// The text of its code.
    pub text: String,
    /// Its id.
    pub id: Vec<u8>,
    /// Its place in its issuer's status list.
    pub index: StatusIndex,
    /// What it says.
    pub document: Document,
}

impl IssuedPass {
    /// Its code: [`Ecc::Screen`] to be shown, [`Ecc::Paper`] to be printed.
    ///
    /// # Errors
    /// [`Error::Qr`].
    pub fn code(&self, ecc: Ecc) -> Result<Code, Error> {
        Code::new(&self.text, ecc)
    }

    /// Its code for a screen as a picture, PNG.
    ///
    /// # Errors
    /// [`Error::Qr`], [`Error::Picture`].
    pub fn png(&self) -> Result<Vec<u8>, Error> {
        self.code(Ecc::Screen)?.png()
    }

    /// Its code for a screen as a drawing, SVG.
    ///
    /// # Errors
    /// [`Error::Qr`].
    pub fn svg(&self) -> Result<String, Error> {
        Ok(self.code(Ecc::Screen)?.svg())
    }
}

impl Region {
    /// Issues a pass: in the books and durable before the text is given out.
    ///
    /// # Errors
    /// What speaks against it ([`Error::is_refusal`]), or what failed.
    pub fn issue(&self, request: &IssueRequest, by: &str, now: i64) -> Result<IssuedPass, Error> {
        let mut issued = self.issue_all(std::slice::from_ref(request), by, now)?;
        Ok(issued.pop().expect("one request gives one pass"))
    }

    /// Issues many passes at once: all of them, or none.
    ///
    /// # Errors
    /// The first request that cannot be met.
    pub fn issue_all(&self, requests: &[IssueRequest], by: &str, now: i64) -> Result<Vec<IssuedPass>, Error> {
        let by = who(by)?;
        let rules = self.rules()?;
        let issuers = self.issuers()?;
        let mut desks: Vec<(&Issuer, Key)> = Vec::new();
        let mut work = Vec::with_capacity(requests.len());
        for request in requests {
            let name = request.issuer.as_ref().unwrap_or(&self.settings().issuer);
            let at = match desks.iter().position(|(issuer, _)| issuer.name == *name) {
                Some(at) => at,
                None => {
                    let issuer = issuers.iter().find(|issuer| issuer.name == *name);
                    let issuer = issuer.ok_or_else(|| Error::UnknownIssuer(name.clone()))?;
                    desks.push((issuer, self.issuing_key(issuer)?));
                    desks.len() - 1
                }
            };
            work.push((at, draft(request, &rules, desks[at].0, now)?));
        }
        self.books(|books| {
            let issue = |(at, draft)| {
                let (issuer, key): &(&Issuer, Key) = &desks[at];
                let document = enter(books, draft, issuer, self.settings().series_size, by, now)?;
                sign(document, key)
            };
            work.into_iter().map(issue).collect()
        })
    }
}

/// Everything of the pass but its id and its place, or what speaks against it.
fn draft(request: &IssueRequest, rules: &Rules, issuer: &Issuer, now: i64) -> Result<Document, Error> {
    let kind = request.kind;
    let rule = rules.policy.rule(Kind(kind)).ok_or_else(|| Error::UnknownKind(kind.to_string()))?;
    if !rule.admitted {
        return Err(Error::KindStopped(kind));
    }
    if !issuer.kinds.contains(&kind) {
        return Err(Error::OutOfScope { issuer: issuer.name.clone(), kind });
    }
    dates(request, issuer, now)?;
    let mut plates = Vec::<Binding>::new();
    for plate in &request.plates {
        let binding = Binding::new(plate)?;
        if !plates.contains(&binding) {
            plates.push(binding);
        }
    }
    if plates.is_empty() && rule.plate == PlateRule::Required {
        return Err(Error::PlateNeeded(kind));
    }
    Ok(Document {
        format: Format::Mp1,
        issuer: issuer.name.clone(),
        id: Vec::new(),
        kind: Kind(kind),
        not_before: Some(request.not_before),
        expires: Some(request.expires),
        issued: Some(now),
        plates,
        holder: text("holder", request.holder.as_deref())?,
        birth: birth(request.birth.as_deref())?,
        id_digits: id_digits(request.id_digits.as_deref())?,
        cards: request.cards.clone(),
        regions: request.regions.clone(),
        limits: request.limits.filter(|limits| *limits != Limits::default()),
        route: text("route", request.route.as_deref())?,
        status: None,
        revocation: None,
    })
}

fn dates(request: &IssueRequest, issuer: &Issuer, now: i64) -> Result<(), Error> {
    let (begins, ends) = (request.not_before, request.expires);
    if ends <= begins {
        return Err(Error::Dates("it ends before it begins"));
    }
    if begins < 0 || ends.saturating_sub(begins) > pass::mp1::LONGEST_VALIDITY {
        return Err(Error::Dates("no pass is valid for more than 400 days"));
    }
    if ends <= now {
        return Err(Error::Dates("it would have ended already"));
    }
    if begins.saturating_sub(now) > FARTHEST_BEGIN {
        return Err(Error::Dates("it begins more than a year ahead"));
    }
    if now < issuer.valid_from || now > issuer.valid_to {
        return Err(Error::Dates("the issuer's key does not count today"));
    }
    if ends > issuer.valid_to {
        return Err(Error::Dates("the issuer's key ends before the pass does"));
    }
    Ok(())
}

/// A line for the officer, in the one normal form that passes have.
fn text(name: &'static str, given: Option<&str>) -> Result<Option<String>, Error> {
    let Some(given) = given else { return Ok(None) };
    let text: String = given.trim().nfc().collect();
    if text.is_empty() || text.chars().count() > LONGEST_TEXT || text.chars().any(char::is_control) {
        return Err(Error::field(name, format!("needs 1 to {LONGEST_TEXT} characters on one line")));
    }
    Ok(Some(text))
}

fn birth(given: Option<&str>) -> Result<Option<String>, Error> {
    let Some(given) = given else { return Ok(None) };
    let whole = match given.len() {
        4 => format!("{given}-01-01"),
        7 => format!("{given}-01"),
        _ => given.to_owned(),
    };
    // `jiff` reads other writings too; a pass has this one.
    let is_so = whole.parse::<jiff::civil::Date>().is_ok_and(|date| date.to_string() == whole);
    if is_so { Ok(Some(given.to_owned())) } else { Err(Error::field("birth date", "is YYYY, YYYY-MM or YYYY-MM-DD")) }
}

fn id_digits(given: Option<&str>) -> Result<Option<String>, Error> {
    let Some(given) = given else { return Ok(None) };
    if (1..=MOST_ID_DIGITS).contains(&given.len()) && given.bytes().all(|c| c.is_ascii_digit()) {
        Ok(Some(given.to_owned()))
    } else {
        Err(Error::field("end of the ID's number", format!("is 1 to {MOST_ID_DIGITS} digits, never the whole number")))
    }
}

/// Draws id and place, and enters the pass in the books.
fn enter(
    books: &rusqlite::Connection,
    mut document: Document,
    issuer: &Issuer,
    size: u64,
    by: &str,
    now: i64,
) -> Result<Document, Error> {
    let failed = || Error::database("entering a pass");
    let (valid_from, valid_to) = (document.not_before.unwrap_or(now), document.expires.unwrap_or(now));
    let class = CLASSES.iter().filter(|longest| valid_to - valid_from > **longest).count() as u8;
    let (series, size) = db::open_series(books, &issuer.name, class, size).map_err(failed())?;
    let mut id = [0; ID_BYTES];
    getrandom::fill(&mut id).map_err(|_| Error::Random)?;
    let place = loop {
        let place = below(size)?;
        if !db::is_taken(books, &issuer.name, series, place).map_err(failed())? {
            break place;
        }
    };
    document.id = id.to_vec();
    document.status = Some(StatusIndex { series, index: place });
    let plates = document.plates.iter().map(Binding::as_str).collect::<Vec<_>>().join(" ");
    let row = db::Issued {
        cti: &id,
        issuer: &issuer.name,
        kind: document.kind.number(),
        plates: &plates,
        valid_from,
        valid_to,
        issued: now,
        series,
        place,
    };
    db::add_pass(books, &row)
        .and_then(|()| db::audit(books, now, by, "issue", &trust::format::hex(&id)))
        .map_err(failed())?;
    Ok(document)
}

/// A number below another, every one as likely: by rejection.
fn below(size: u64) -> Result<u64, Error> {
    let fair = u64::MAX - u64::MAX % size;
    loop {
        let drawn = getrandom::u64().map_err(|_| Error::Random)?;
        if drawn < fair {
            return Ok(drawn % size);
        }
    }
}

fn sign(document: Document, key: &Key) -> Result<IssuedPass, Error> {
    let payload = pass::mp1::encode(&document).map_err(|error| match error {
        pass::Error::Claims(pass::ClaimsFault::Cbor(Some(fault))) if fault.problem == Problem::TooLong => {
            Error::TooLong
        }
        other => Error::Unreadable(other),
    })?;
    let cose = key.envelope(Context::MovementPass, &payload)?;
    let text = pass::mp1::text(&cose);
    // Read as a box will: what it would refuse is not given out.
    let key = PublicKey::Ed25519(key.public());
    let read = pass::read(&text, &vec![(key.kid().to_vec(), key)]).map_err(Error::Unreadable)?;
    let Document { id, status, .. } = &read.document;
    let (id, index) = (id.clone(), status.expect("every pass of ours has a place"));
    Ok(IssuedPass { text, id, index, document })
}

#[cfg(test)]
mod tests;
