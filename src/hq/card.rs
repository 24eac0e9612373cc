//! Service cards: what an officer begins a shift with.
//!
//! The command key signs them: it is HQ's word to boxes already, its signatures hold for the purpose they were made
//! for and for no other, and every root names it. The books keep which pseudonym got which card; who that is stands
//! in the force's own lists, and the PIN stands nowhere.

use rusqlite::params;
use trust::service::{self, LONGEST_LIFE, LONGEST_PSEUDONYM, ServiceCard};
use wire::sign::{Context, try_sign};
use zeroize::Zeroizing;

use crate::Error;
use crate::qr::{Code, Ecc};
use crate::region::{Region, db, who};

/// Digits of a PIN that is drawn.
const DRAWN: usize = 6;

/// A card that was issued.
pub struct IssuedCard {
    /// The text of its code.
    pub text: String,
    /// What it says.
    pub card: ServiceCard,
    /// Its PIN: to be told to the officer, and kept by nobody else.
    pub pin: Zeroizing<String>,
}

impl IssuedCard {
    /// Its code, as it is printed.
    ///
    /// # Errors
    /// [`Error::Qr`].
    pub fn code(&self) -> Result<Code, Error> {
        Code::new(&self.text, Ecc::Paper)
    }
}

/// A card in the books.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnteredCard {
    /// Its id.
    pub id: [u8; 8],
    /// The pseudonym on it.
    pub pseudonym: String,
    /// Unix seconds from which it counts.
    pub valid_from: i64,
    /// Unix seconds until which it counts.
    pub valid_to: i64,
}

impl Region {
    /// Issues a service card; without a PIN one is drawn.
    ///
    /// # Errors
    /// [`Error::Field`] for a pseudonym, a time or a PIN that cannot be, [`Error::Unsigned`] or what is wrong with the
    /// command key, [`Error::Database`].
    pub fn issue_card(
        &self,
        pseudonym: &str,
        (valid_from, valid_to): (i64, i64),
        pin: Option<Zeroizing<String>>,
        by: &str,
        now: i64,
    ) -> Result<IssuedCard, Error> {
        let by = who(by)?;
        let length = pseudonym.chars().count();
        let is_plain = pseudonym.trim() == pseudonym && !pseudonym.chars().any(char::is_control);
        if length == 0 || length > LONGEST_PSEUDONYM || !is_plain {
            return Err(Error::field("pseudonym", format!("is 1 to {LONGEST_PSEUDONYM} characters")));
        }
        if valid_to <= valid_from || valid_to - valid_from > LONGEST_LIFE {
            let days = LONGEST_LIFE / 86_400;
            return Err(Error::field("time of a card", format!("ends after it begins, and within {days} days")));
        }
        let pin = match pin {
            Some(pin) if service::is_pin(&pin) => pin,
            Some(_) => return Err(Error::field("PIN", "has six to eight digits".to_owned())),
            None => draw_pin()?,
        };
        let (mut id, mut salt) = ([0; 8], [0; 16]);
        getrandom::fill(&mut id).and_then(|()| getrandom::fill(&mut salt)).map_err(|_| Error::Random)?;
        let proof = service::prove(&pin, &salt).ok_or_else(|| Error::field("PIN", "there is no memory to prove it"))?;
        let (region, pseudonym) = (self.id().clone(), pseudonym.to_owned());
        let card = ServiceCard { region, id, pseudonym, valid_from, valid_to, salt, proof };
        let key = self.command_key()?;
        let signed = try_sign(Context::ServiceCard, key.as_ref(), &wire::encode(&card))?;
        let failed = || Error::database("entering a service card");
        self.books(|books| {
            let sql = "INSERT INTO service_card (id, pseudonym, valid_from, valid_to) VALUES (?1, ?2, ?3, ?4)";
            books.execute(sql, params![card.id, card.pseudonym, valid_from, valid_to]).map_err(failed())?;
            db::audit(books, now, by, "card", &trust::format::hex(&card.id)).map_err(failed())
        })?;
        Ok(IssuedCard { text: ServiceCard::text(&signed), card, pin })
    }

    /// The cards in the books, the one that counts longest first.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub fn cards(&self) -> Result<Vec<EnteredCard>, Error> {
        let failed = || Error::database("listing the service cards");
        self.books(|books| {
            let sql = "SELECT id, pseudonym, valid_from, valid_to FROM service_card ORDER BY valid_to DESC, pseudonym";
            let mut query = books.prepare(sql).map_err(failed())?;
            let card = |row: &rusqlite::Row<'_>| {
                let (id, pseudonym, valid_from, valid_to) = (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
                Ok(EnteredCard { id, pseudonym, valid_from, valid_to })
            };
            query.query_map([], card).map_err(failed())?.collect::<rusqlite::Result<_>>().map_err(failed())
        })
    }
}

/// Six digits, each as likely as any other.
fn draw_pin() -> Result<Zeroizing<String>, Error> {
    let mut pin = Zeroizing::new(String::with_capacity(DRAWN));
    while pin.len() < DRAWN {
        let mut byte = [0];
        getrandom::fill(&mut byte).map_err(|_| Error::Random)?;
        // 250 is the last multiple of ten in a byte.
        if byte[0] < 250 {
            pin.push(char::from(b'0' + byte[0] % 10));
        }
    }
    Ok(pin)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Founding;

    const NOW: i64 = 1_588_334_400;
    const MONTH: i64 = 31 * 86_400;

    fn region(folder: &std::path::Path) -> Region {
        let founding = Founding {
            region: "RU-TVE".parse().unwrap(),
            name: "Тверь".to_owned(),
            territory: 69,
            utc_offset: "+03:00".to_owned(),
        };
        Region::create(&folder.join("tver"), &founding, "test", NOW).unwrap()
    }

    #[test]
    fn a_card_is_read_with_the_keys_of_the_root_and_proven_by_the_pin_that_was_told() {
        let folder = tempfile::tempdir().unwrap();
        let region = region(folder.path());
        let issued = region.issue_card("Рысь-4", (NOW, NOW + MONTH), None, "test", NOW).unwrap();
        let keys: Vec<_> = region.newest_root().unwrap().unwrap().command_at(NOW).collect();
        let read = ServiceCard::read(&issued.text, region.id(), &keys, NOW + 1).unwrap();
        assert_eq!(read, issued.card);
        assert!(read.is_proven_by(&issued.pin) && issued.pin.len() == DRAWN);
        let code = issued.code().unwrap();
        println!("measured: a service card is a QR code of version {}", code.version());
        let entered = region.cards().unwrap();
        assert_eq!((entered.len(), entered[0].pseudonym.as_str(), entered[0].id), (1, "Рысь-4", read.id));
        let other = region.issue_card("Рысь-5", (NOW, NOW + MONTH), Some("12345678".to_owned().into()), "test", NOW);
        assert!(other.unwrap().card.is_proven_by("12345678"));
    }

    #[test]
    fn what_no_box_would_take_is_not_issued() {
        let folder = tempfile::tempdir().unwrap();
        let region = region(folder.path());
        let issue = |name: &str, to, pin: Option<&str>| {
            region.issue_card(name, (NOW, to), pin.map(|pin| pin.to_owned().into()), "test", NOW).err()
        };
        for name in ["", " Рысь", "Рысь\n", &"Р".repeat(25)] {
            assert!(issue(name, NOW + MONTH, None).unwrap().is_refusal(), "{name:?}");
        }
        assert!(issue("Рысь", NOW, None).is_some() && issue("Рысь", NOW + LONGEST_LIFE + 1, None).is_some());
        for pin in ["12345", "123456789", "12345x"] {
            assert!(issue("Рысь", NOW + MONTH, Some(pin)).is_some(), "{pin}");
        }
    }
}
