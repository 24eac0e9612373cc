//! Cards and views for tests: what they show was made up.

use verdict::{Grade, Outcome, Reason};

use crate::desk::{Meant, Typed};
use crate::enrol::{Enrol, Modules, NotEnrolled};
use crate::view::{Bar, Card, Language, Names, Screen, View};

/// A card with these reasons, with everything that a pass can show.
pub fn card(reasons: &[Reason]) -> Card {
    let doubtful = [Reason::WrongPlate, Reason::PlateReadingDoubtful].iter().any(|r| reasons.contains(r));
    let plate = if reasons.contains(&Reason::PartialPlate) { "?123??" } else { "A123BC77" };
    let unread = reasons.first().is_some_and(|r| matches!(r, Reason::NotAPass | Reason::Unreadable | Reason::NoTrust));
    let mut card = Card {
        outcome: reasons.iter().map(|r| r.outcome()).max().unwrap_or(Outcome::Admit),
        reasons: reasons.to_vec(),
        kind: Some(Names { ru: "Рабочий".into(), en: "Work".into() }),
        issuer: Some("Московская область".into()),
        plates: vec![plate.into()],
        plate_seen: doubtful.then(|| "A128BC77".into()),
        holder: Some("ИВАНОВ И. И.".into()),
        birth: Some("1984".into()),
        id_digits: Some("4567".into()),
        ends: Some("30.06.2020 23:59".into()),
        presented: None,
        claimed_until: None,
        route: None,
        minutes: None,
        by_feed: false,
        list_age_minutes: 31 * 60 + 20,
    };
    if unread {
        card.plates.clear();
        (card.kind, card.issuer, card.holder) = (None, None, None);
        (card.birth, card.id_digits, card.ends) = (None, None, None);
    }
    card
}

/// A request as long as that of a box with names of ordinary length, or of the longest.
pub fn request(characters: usize, name: &str) -> Enrol {
    let code = qrcode::QrCode::with_error_correction_level("MPE1:".repeat(characters / 5), qrcode::EcLevel::L);
    let dark = code.unwrap().to_colors().into_iter().map(|colour| colour == qrcode::Color::Dark).collect();
    let digits = ["09060", "60585", "17429", "00731", "88104", "52966"].map(Into::into);
    Enrol::Request { code: Modules::new(dark).unwrap(), name: name.to_owned(), digits }
}

/// Everything that can become of a box that is to be enrolled.
pub fn enrols() -> Vec<Enrol> {
    let refused = [
        NotEnrolled::Damaged,
        NotEnrolled::NotSigned,
        NotEnrolled::OtherRoot,
        NotEnrolled::OtherRegion { region: "RU-KOS".into() },
        NotEnrolled::OtherBox { name: "a112-km24".into() },
        NotEnrolled::Replayed,
        NotEnrolled::Unfit,
        NotEnrolled::TooOld,
        NotEnrolled::Failed,
    ];
    let others =
        [request(520, "m10-km178"), Enrol::Receiving { percent: 43 }, Enrol::Accepted { until: "05.06.2021".into() }];
    others.into_iter().chain(refused.map(Enrol::Refused)).collect()
}

/// A view of a box that is well.
pub fn view(language: Language, screen: Screen) -> View {
    View { language, screen, typed: None, bar: bar() }
}

/// Something that is being typed.
pub fn typed(text: &str) -> Typed {
    Typed { text: text.to_owned(), meant: Meant::Unknown, letters: None }
}

fn bar() -> Bar {
    Bar {
        time: Some("14:07".into()),
        clock_is_sound: true,
        online: Some(true),
        queue: 3,
        release: Some(812),
        release_age_minutes: 95,
        knowledge: Grade::Fresh,
        worst: None,
        journal_fails: false,
        room: None,
    }
}
