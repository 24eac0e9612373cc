//! What Russian plates look like (GOST R 50577-2018), in folded form.

/// A type of plate, by who carries it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Cars, lorries, buses: `A123BC77`.
    Private,
    /// Taxis and buses on licence: `AB12377`.
    Taxi,
    /// Trailers: `AB123477`.
    Trailer,
    /// Motorcycles, and military vehicles, whose plates have the same form: `1234AB77`.
    MotorcycleOrMilitary,
    /// Police cars: `A123477`.
    Police,
    /// Police motorcycles: `1234A77`.
    PoliceMotorcycle,
    /// Heads of missions: `001CD177`.
    DiplomaticHead,
    /// Diplomats and staff: `001D00177`.
    Diplomatic,
    /// In transit: `AB123C77`.
    Transit,
}

/// `L` is one of the twelve letters, `9` a digit, anything else itself; the region follows.
const FORMS: [(Kind, &str); 10] = [
    (Kind::Private, "L999LL"),
    (Kind::Taxi, "LL999"),
    (Kind::Trailer, "LL9999"),
    (Kind::MotorcycleOrMilitary, "9999LL"),
    (Kind::Police, "L9999"),
    (Kind::PoliceMotorcycle, "9999L"),
    (Kind::DiplomaticHead, "999CD9"),
    (Kind::Diplomatic, "999D999"),
    (Kind::Diplomatic, "999T999"),
    (Kind::Transit, "LL999L"),
];

/// The letters on Russian plates, folded.
pub const LETTERS: &str = "ABEKMHOPCTYX";

/// One way in which a folded plate can be understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parse {
    /// Its type.
    pub kind: Kind,
    /// Characters before the region.
    pub base: usize,
}

/// Every way in which a folded text is a plate with its region; usually none or one.
pub fn parses(folded: &str) -> impl Iterator<Item = Parse> + '_ {
    FORMS.iter().filter_map(move |(kind, form)| {
        let base = form.len();
        let (body, region) = folded.split_at_checked(base)?;
        let fits = body.chars().zip(form.chars()).all(|(c, f)| stands(c, f)) && is_region(region);
        fits.then_some(Parse { kind: *kind, base })
    })
}

/// Whether a text without its region has the form of a plate, `?` standing for anything.
pub fn is_base(folded: &str) -> bool {
    FORMS.iter().any(|(_, form)| {
        folded.chars().count() == form.len() && folded.chars().zip(form.chars()).all(|(c, f)| c == '?' || stands(c, f))
    })
}

fn stands(c: char, form: char) -> bool {
    match form {
        'L' => LETTERS.contains(c),
        '9' => c.is_ascii_digit(),
        itself => c == itself,
    }
}

/// Two digits, or three of which the first is one of those in use.
fn is_region(text: &str) -> bool {
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    digits && (text.len() == 2 || text.len() == 3 && matches!(text.as_bytes()[0], b'1' | b'2' | b'7' | b'9'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_type_of_plate_is_known_by_its_form() {
        for (text, kind) in [
            ("A123BC77", Kind::Private),
            ("A123BC777", Kind::Private),
            ("AB12377", Kind::Taxi),
            ("AB123477", Kind::Trailer),
            ("1234AB77", Kind::MotorcycleOrMilitary),
            ("A123477", Kind::Police),
            ("1234A77", Kind::PoliceMotorcycle),
            ("001CD177", Kind::DiplomaticHead),
            ("001D00177", Kind::Diplomatic),
            ("001T00177", Kind::Diplomatic),
            ("AB123C77", Kind::Transit),
        ] {
            assert!(parses(text).any(|p| p.kind == kind), "{text}");
        }
        for not in ["", "A123BC", "D123BC77", "A12ЯBC77", "A123BC7", "A123BC477", "AAAAAAAA"] {
            assert_eq!(parses(not).count(), 0, "{not}");
        }
    }
}
