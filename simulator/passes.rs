//! The passes a visitor can hold up, each issued by a real headquarters, or made as a forger would.

use std::sync::Arc;

use hq::qr::{Code, Ecc};
use hq::{IssueRequest, Region, Which};
use image::GrayImage;
use serde::Deserialize;

use crate::certificates::Published;
use crate::era::DAY;
use crate::play::{self, Words};
use crate::{Error, paper};

/// Who does this, for HQ's audit.
const BY: &str = "simulator";

/// Number of the kind `work` in the default policy.
const WORK: u16 = 1;

/// Seed of the crumpled pass: the same creases every time.
const CREASES: u64 = 20;

/// PIN of every service card here, as its hint says.
pub(crate) const PIN: &str = "402713";

/// Which pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sort {
    /// In force, for this car.
    Valid,
    /// In force, printed and kept in a pocket.
    Crumpled,
    /// Of an EU country.
    Eu,
    /// Ended two days ago.
    Expired,
    /// Begins in three days.
    NotYetValid,
    /// Revoked by HQ.
    Revoked,
    /// In force, but the car is another one.
    WrongPlate,
    /// Changed by hand: the plate was rewritten.
    Forged,
    /// Signed by somebody this region does not know.
    UnknownIssuer,
    /// Some other code.
    None,
    /// The officer's own: it begins a shift.
    ServiceCard,
}

impl Sort {
    /// Every sort, in the order of the page.
    pub const ALL: [Self; 11] = [
        Self::Valid,
        Self::Crumpled,
        Self::Eu,
        Self::Revoked,
        Self::Expired,
        Self::NotYetValid,
        Self::WrongPlate,
        Self::Forged,
        Self::UnknownIssuer,
        Self::None,
        Self::ServiceCard,
    ];

    /// Its id in addresses.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Crumpled => "crumpled",
            Self::Eu => "eu",
            Self::Expired => "expired",
            Self::NotYetValid => "not-yet-valid",
            Self::Revoked => "revoked",
            Self::WrongPlate => "wrong-plate",
            Self::Forged => "forged",
            Self::UnknownIssuer => "unknown-issuer",
            Self::None => "none",
            Self::ServiceCard => "service-card",
        }
    }

    /// Its title in Russian and English.
    pub const fn title(self) -> (&'static str, &'static str) {
        match self {
            Self::Valid => ("Действующий", "Valid"),
            Self::Crumpled => ("Мятый, на бумаге", "Crumpled paper"),
            Self::Eu => ("Сертификат ЕС", "EU certificate"),
            Self::Expired => ("Истёкший", "Expired"),
            Self::NotYetValid => ("Ещё не начался", "Not yet valid"),
            Self::Revoked => ("Аннулированный", "Revoked"),
            Self::WrongPlate => ("Чужой номер", "Wrong plate"),
            Self::Forged => ("Подделка", "Forged"),
            Self::UnknownIssuer => ("Неизвестный издатель", "Unknown issuer"),
            Self::None => ("Не пропуск", "Not a pass"),
            Self::ServiceCard => ("Служебная карта", "Service card"),
        }
    }

    /// What is special about it, in Russian and English.
    pub const fn hint(self) -> (&'static str, &'static str) {
        match self {
            Self::Valid => ("рабочий, на эту машину", "work, for this car"),
            Self::Crumpled => ("действует, но побывал в кармане", "in force, but has been in a pocket"),
            Self::Eu => ("вакцинация, Чехия, 2021", "vaccination, Czechia, 2021"),
            Self::Expired => ("закончился два дня назад", "ended two days ago"),
            Self::NotYetValid => ("начнётся через три дня", "begins in three days"),
            Self::Revoked => ("штаб его отозвал", "HQ has revoked it"),
            Self::WrongPlate => ("пропуск выдан на другую машину", "the pass is for another car"),
            Self::Forged => ("номер в пропуске переписан", "the plate in it was rewritten"),
            Self::UnknownIssuer => ("подписан чужим регионом", "signed by a stranger"),
            Self::None => ("QR-код с меню кафе", "the QR code of a menu"),
            Self::ServiceCard => ("инспектора, ПИН 402713", "the officer's, PIN 402713"),
        }
    }

    fn plate(self) -> &'static str {
        match self {
            Self::Crumpled => "O555OO69",
            Self::Eu => "T777TT178",
            Self::Expired => "B456EK69",
            Self::NotYetValid => "E789KX69",
            Self::Revoked => "K321MH69",
            Self::WrongPlate => "M654PC69",
            Self::UnknownIssuer => "P987CT77",
            Self::Valid | Self::Forged | Self::None | Self::ServiceCard => "A123BC69",
        }
    }
}

/// How a pass comes to the box.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Shown {
    /// On a screen, held in a hand.
    #[default]
    Screen,
    /// On paper that was in a pocket.
    Paper,
    /// Read out, and typed on the keys.
    Keys,
}

/// A pass as somebody holds it up.
#[derive(Clone)]
pub struct Card {
    /// Its name in addresses.
    pub name: String,
    /// Its title.
    pub title: Words,
    /// What is special about it.
    pub hint: Words,
    /// How it comes to the box.
    pub shown: Shown,
    /// Which of those that are issued afresh by their sort.
    pub sort: Option<Sort>,
    /// Text of its code.
    pub text: String,
    /// What it looks like.
    pub picture: Arc<GrayImage>,
    /// Plate of the car it comes in; empty: on foot.
    pub car: String,
    /// Whether HQ has revoked it.
    pub is_revoked: bool,
    /// Its id at HQ, if this HQ issued it.
    pub id: Option<Vec<u8>>,
}

impl Card {
    fn new(sort: Sort, text: String, id: Option<Vec<u8>>) -> Result<Self, Error> {
        let shown = if sort == Sort::Crumpled { Shown::Paper } else { Shown::Screen };
        let picture = Arc::new(picture(&text, shown)?);
        let car = if sort == Sort::WrongPlate { "X999XX197" } else { sort.plate() }.to_owned();
        let (name, title, hint) = (sort.id().to_owned(), sort.title().into(), sort.hint().into());
        let is_revoked = sort == Sort::Revoked;
        Ok(Self { name, title, hint, shown, sort: Some(sort), text, picture, car, is_revoked, id })
    }
}

/// What a pass looks like.
///
/// # Errors
/// When its text has no code.
pub fn picture(text: &str, shown: Shown) -> Result<GrayImage, Error> {
    Ok(match shown {
        Shown::Screen => Code::new(text, Ecc::Screen)?.picture(),
        Shown::Paper => paper::crumpled(&Code::new(text, Ecc::Paper)?.picture(), CREASES),
        Shown::Keys => play::keys(),
    })
}

/// Issues every pass there is. `stranger` is a region whose keys nobody here knows.
///
/// # Errors
/// What HQ refuses: a bug here.
pub fn issue_all(region: &Region, stranger: &Region, eu: &Published, now: i64) -> Result<Vec<Card>, Error> {
    Sort::ALL.into_iter().map(|sort| issue(sort, region, stranger, eu, now)).collect()
}

/// Issues one of them, afresh.
///
/// # Errors
/// What HQ refuses.
pub fn issue(sort: Sort, region: &Region, stranger: &Region, eu: &Published, now: i64) -> Result<Card, Error> {
    let (text, id) = match sort {
        Sort::Eu => (eu.text.clone(), None),
        Sort::None => ("https://cafe.example/menu?table=4".to_owned(), None),
        Sort::ServiceCard => {
            let pin = Some(PIN.to_owned().into());
            (region.issue_card("Рысь-4", (now - DAY, now + 30 * DAY), pin, BY, now)?.text, None)
        }
        Sort::Forged => {
            (rewritten(&issue_from(region, sort, now - DAY, now + 29 * DAY, now)?.text, sort.plate()), None)
        }
        Sort::UnknownIssuer => (issue_from(stranger, sort, now - DAY, now + 29 * DAY, now)?.text, None),
        Sort::Expired => {
            let begins = now - 10 * DAY;
            let issued = issue_from(region, sort, begins, now - 2 * DAY, begins)?;
            (issued.text, Some(issued.id))
        }
        Sort::NotYetValid => {
            let issued = issue_from(region, sort, now + 3 * DAY, now + 30 * DAY, now)?;
            (issued.text, Some(issued.id))
        }
        Sort::Valid | Sort::Crumpled | Sort::Revoked | Sort::WrongPlate => {
            let issued = issue_from(region, sort, now - DAY, now + 29 * DAY, now)?;
            (issued.text, Some(issued.id))
        }
    };
    if sort == Sort::Revoked
        && let Some(id) = &id
    {
        region.revoke(&Which::Id(id.clone()), BY, now)?;
    }
    Card::new(sort, text, id)
}

fn issue_from(region: &Region, sort: Sort, begins: i64, ends: i64, now: i64) -> Result<hq::IssuedPass, Error> {
    let request = IssueRequest {
        kind: WORK,
        plates: vec![sort.plate().to_owned()],
        holder: Some("И. П.".to_owned()),
        not_before: begins,
        expires: ends,
        ..IssueRequest::default()
    };
    Ok(region.issue(&request, BY, now)?)
}

/// What a forger does: a digit of the plate in the code is rewritten, the signature stays what it was.
pub fn rewritten(text: &str, plate: &str) -> String {
    let (prefix, body) = text.split_at(text.find(':').map_or(0, |at| at + 1));
    let Some(mut bytes) = pass::base45_decode(body) else { return text.to_owned() };
    let plate = plate.as_bytes();
    if let Some(at) = bytes.windows(plate.len().max(1)).position(|window| window == plate) {
        // A123BC69 becomes A124BC69.
        bytes[at + 3] = if bytes[at + 3] == b'9' { b'0' } else { bytes[at + 3] + 1 };
    }
    format!("{prefix}{}", pass::base45_encode(&bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_titles_are_there_once() {
        for (at, sort) in Sort::ALL.into_iter().enumerate() {
            assert!(Sort::ALL[..at].iter().all(|other| other.id() != sort.id() && other.title() != sort.title()));
        }
    }
}
