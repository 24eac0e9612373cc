//! What Russian plates look like (GOST R 50577-2018 and its predecessor of 1993), in folded form.

/// A type of plate, by who carries it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Cars, lorries, buses: `A123BC77`.
    Private,
    /// Taxis and buses on licence: `AB12377`.
    Taxi,
    /// Trailers, and military trailers, whose plates have the same form: `AB123477`.
    Trailer,
    /// Motorcycles, tractors, and military vehicles, whose plates have the same form: `1234AB77`.
    MotorcycleOrMilitary,
    /// Police cars: `A123477`.
    Police,
    /// Police trailers: `123A77`.
    PoliceTrailer,
    /// Police motorcycles: `1234A77`.
    PoliceMotorcycle,
    /// Heads of missions: `001CD177`.
    DiplomaticHead,
    /// Diplomats and staff: `001D00177`.
    Diplomatic,
    /// In transit: `AB123C77`, and until 2019, when leaving the country, `TAB12377`.
    Transit,
}

/// `L` is one of the twelve letters, `9` a digit, anything else itself; the region follows.
const FORMS: [(Kind, &str); 12] = [
    (Kind::Private, "L999LL"),
    (Kind::Taxi, "LL999"),
    (Kind::Trailer, "LL9999"),
    (Kind::MotorcycleOrMilitary, "9999LL"),
    (Kind::Police, "L9999"),
    (Kind::PoliceTrailer, "999L"),
    (Kind::PoliceMotorcycle, "9999L"),
    (Kind::DiplomaticHead, "999CD9"),
    (Kind::Diplomatic, "999D999"),
    (Kind::Diplomatic, "999T999"),
    (Kind::Transit, "LL999L"),
    (Kind::Transit, "TLL999"),
];

/// The letters on Russian plates, folded.
pub const LETTERS: &str = "ABEKMHOPCTYX";

/// First digits of the regions' codes of three digits.
const FIRST_OF_THREE: &[u8] = b"123579";

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

/// Two digits, or three of which the first is one of those in use; a region's last two digits are never `00`.
fn is_region(text: &str) -> bool {
    let digits = text.bytes().all(|b| b.is_ascii_digit()) && !text.ends_with("00");
    let first = text.as_bytes().first();
    digits && (text.len() == 2 || text.len() == 3 && first.is_some_and(|first| FIRST_OF_THREE.contains(first)))
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
            ("A1234777", Kind::Police),
            ("123A77", Kind::PoliceTrailer),
            ("1234A77", Kind::PoliceMotorcycle),
            ("001CD177", Kind::DiplomaticHead),
            ("001D00177", Kind::Diplomatic),
            ("001T00177", Kind::Diplomatic),
            ("AB123C77", Kind::Transit),
            ("TAB12377", Kind::Transit),
            ("TAB123777", Kind::Transit),
        ] {
            assert!(parses(text).any(|p| p.kind == kind), "{text}");
        }
        for not in [
            "",
            "A123BC",
            "D123BC77",
            "A12ЯBC77",
            "A123BC7",
            "A123BC00",
            "A123BC477",
            "A123BC700",
            "A123BC0077",
            "AAAAAAAA",
        ] {
            assert_eq!(parses(not).count(), 0, "{not}");
        }
    }

    #[test]
    fn a_region_has_two_digits_or_three_and_no_text_is_two_types_at_once_but_for_its_region() {
        for region in ["01", "77", "99", "102", "116", "199", "250", "299", "323", "550", "702", "797", "999"] {
            assert!(parses(&format!("A123BC{region}")).count() == 1, "{region}");
        }
        // A taxi of a region with three digits and a trailer of one with two are written alike.
        let kinds: Vec<Kind> = parses("AB123477").map(|parse| parse.kind).collect();
        assert_eq!(kinds, [Kind::Trailer]);
        let kinds: Vec<Kind> = parses("AB123777").map(|parse| parse.kind).collect();
        assert_eq!(kinds, [Kind::Taxi, Kind::Trailer]);
    }
}
