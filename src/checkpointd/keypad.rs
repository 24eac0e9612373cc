//! What the officer types on twelve to sixteen wet keys: digits as they are, letters by group and place.
//!
//! The menu key changes between digits and letters. While letters are typed, one digit names a group of three and the
//! next one the letter in it: plate letters stand in the groups 1 to 4 in the order of the alphabet, the other Latin
//! ones in 5 to 9, and what only a code of this region has in 0. A plate that begins with a letter changes by itself,
//! as its form says what follows, so that `A123BC77` takes thirteen keys with the one that ends it.
//!
//! Pure: no clock, no policy but the alphabets of its codes.

use pass::registered::Forms;

/// Longest text typed; the longest card numbers have nineteen digits.
const LONGEST: usize = 24;

/// Letters of a group.
const TOGETHER: usize = 3;

/// Letters that plates do not have: on foreign plates, and in codes.
const OTHER_LETTERS: &str = "DFGIJLNQRSUVWZ";

/// What is being typed.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Keypad {
    text: String,
    letters: Option<Letters>,
    /// Words are typed: no plate says what follows.
    is_words: bool,
}

/// Letters are being typed.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Letters {
    /// The group that was named.
    pub group: Option<u8>,
}

impl Keypad {
    /// What is typed so far.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether letters are typed now, and which group was named.
    pub const fn letters(&self) -> Option<Letters> {
        self.letters
    }

    /// Whether there is nothing to take back.
    pub fn is_at_rest(&self) -> bool {
        self.text.is_empty() && self.letters.is_none()
    }

    /// A digit key: a digit, a group, or a letter of it.
    pub fn digit(&mut self, digit: u8, groups: &Groups) {
        self.is_words = groups.is_words;
        match &mut self.letters {
            None => self.put(char::from(b'0' + digit % 10)),
            Some(Letters { group: group @ None }) => *group = groups.of(digit).map(|_| digit),
            Some(Letters { group: group @ Some(_) }) => {
                let named = group.take().and_then(|named| groups.of(named));
                let place = usize::from(digit).checked_sub(1);
                if let Some(letter) = named.zip(place).and_then(|(letters, place)| letters.chars().nth(place)) {
                    self.put(letter);
                }
            }
        }
    }

    /// A letter, from a keypad that has some.
    pub fn letter(&mut self, letter: char) {
        self.put(letter);
    }

    fn put(&mut self, sign: char) {
        if self.text.chars().count() >= LONGEST {
            return;
        }
        self.text.push(sign);
        self.follow();
    }

    fn follow(&mut self) {
        if let Some(letters) = follows(&self.text).filter(|_| !self.is_words) {
            self.letters = letters.then(Letters::default);
        }
    }

    /// Digits become letters and letters digits.
    pub fn change(&mut self) {
        self.letters = if self.letters.is_none() { Some(Letters::default()) } else { None };
    }

    /// Takes back the group that was named, or the last character.
    pub fn back(&mut self) {
        if let Some(Letters { group: group @ Some(_) }) = &mut self.letters {
            *group = None;
            return;
        }
        if self.text.pop().is_none() {
            self.letters = None;
        }
        self.follow();
    }

    /// Takes back everything.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Ends: gives what was typed, and begins anew.
    pub fn take(&mut self) -> String {
        std::mem::take(self).text
    }
}

/// Whether a letter follows what begins like a plate that begins with a letter; none: nobody can tell.
fn follows(text: &str) -> Option<bool> {
    let is_letter = |c: char| c.is_alphabetic();
    let shape: String = text.chars().map(|c| if is_letter(c) { 'L' } else { '9' }).collect();
    match shape.as_str() {
        "L999" | "L999L" => Some(true),
        // Cars are many, taxis few; who types a taxi presses the menu key once more.
        "L" | "L9" | "L99" => Some(false),
        shape if shape.starts_with("L999LL") || shape.starts_with("LL") => Some(false),
        _ => None,
    }
}

/// Which letters stand in which group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Groups {
    letters: Vec<String>,
    is_words: bool,
}

impl Groups {
    /// For plates and, with a region's forms, for its codes.
    pub fn new(forms: Option<&Forms>) -> Self {
        let together = |letters: &str| -> Vec<String> {
            letters.chars().collect::<Vec<_>>().chunks(TOGETHER).map(|chunk| chunk.iter().collect()).collect()
        };
        let mut groups = together(plate::grammar::LETTERS);
        groups.extend(together(OTHER_LETTERS));
        let known = |c: char| plate::grammar::LETTERS.contains(c) || OTHER_LETTERS.contains(c);
        let mut own: Vec<char> = Vec::new();
        for code in forms.map_or(&[][..], |forms| &forms.codes) {
            let new = code.alphabet.chars().filter(|c| !c.is_ascii_digit() && !known(plate_sign(*c)));
            own.extend(new);
        }
        own.sort_unstable();
        own.dedup();
        // A group has as many letters as there are digits to name them.
        own.truncate(9);
        if !own.is_empty() {
            groups.push(own.into_iter().collect());
        }
        Self { letters: groups, is_words: false }
    }

    /// For addresses: the alphabet, and what stands between a house and a flat.
    pub fn words() -> Self {
        let groups = ["АБВГ", "ДЕЖЗ", "ИЙКЛ", "МНОП", "РСТУ", "ФХЦЧ", "ШЩЪЫ", "ЬЭЮЯ", "-/. "];
        Self { letters: groups.map(str::to_owned).to_vec(), is_words: true }
    }

    /// The letters of the group that a digit names; none: there is no such group.
    pub fn of(&self, digit: u8) -> Option<&str> {
        let index = usize::from(digit).checked_sub(1).unwrap_or(9);
        self.letters.get(index).map(String::as_str)
    }

    /// Every group: the digit that names it, and its letters.
    pub fn all(&self) -> impl Iterator<Item = (u8, &str)> {
        (1..=9).chain([0]).filter_map(|digit| Some((digit, self.of(digit)?)))
    }
}

/// A letter as plates fold it; what only looks like one of theirs is theirs.
fn plate_sign(c: char) -> char {
    plate::fold(c.encode_utf8(&mut [0; 4])).chars().next().unwrap_or(c)
}

/// What a typed text is taken for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meant {
    /// A plate.
    Plate,
    /// A code of a form that is known here, by its name.
    Code(String),
    /// The number of a card, by its form's name.
    Card(String),
    /// Nothing that is known here, as far as it goes.
    Unknown,
}

/// Says what a typed text is, by the grammar of plates and the region's forms.
pub fn meant(text: &str, forms: Option<&Forms>) -> Meant {
    if plate::grammar::parses(&plate::fold(text)).next().is_some() {
        return Meant::Plate;
    }
    match forms.map(|forms| forms.recognise(text)) {
        Some(Ok(found)) if found.format == pass::Format::Card => Meant::Card(found.form),
        Some(Ok(found)) => Meant::Code(found.form),
        _ => Meant::Unknown,
    }
}

/// Whether a text that is nothing known is a plate all the same: of another country, or with an open place. Where
/// nothing is registered there is nothing else to type.
pub fn may_be_plate(text: &str, forms: Option<&Forms>) -> bool {
    let signs = text.chars().count();
    let has_letter = text.chars().any(char::is_alphabetic);
    forms.is_none_or(Forms::is_empty) || has_letter && (3..=9).contains(&signs)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The keys for a text, in the order an officer presses them: menu, digits and at last enter.
    fn keys(text: &str) -> Vec<&'static str> {
        const DIGITS: [&str; 10] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];
        let groups = Groups::new(None);
        let (mut pad, mut pressed) = (Keypad::default(), Vec::new());
        for sign in text.chars() {
            if sign.is_ascii_digit() == pad.letters().is_some() {
                pad.change();
                pressed.push("menu");
            }
            let digits = match sign.to_digit(10) {
                Some(digit) => vec![digit as u8],
                None => {
                    let (group, letters) = groups.all().find(|(_, letters)| letters.contains(sign)).unwrap();
                    vec![group, letters.chars().position(|c| c == sign).unwrap() as u8 + 1]
                }
            };
            for digit in digits {
                pad.digit(digit, &groups);
                pressed.push(DIGITS[usize::from(digit)]);
            }
        }
        assert_eq!(pad.text(), text);
        pressed.push("enter");
        pressed
    }

    #[test]
    fn a_plate_takes_thirteen_keys_and_so_less_than_twenty_seconds() {
        let plates = [
            ("A123BC77", 13),
            ("A123BC777", 14),
            ("X999YX199", 14),
            ("AB12377", 12),
            ("1234AB77", 14),
            ("A123477", 12),
            ("AB123C77", 15),
        ];
        for (plate, most) in plates {
            let keys = keys(plate);
            println!("measured: {plate} takes {} keys: {}", keys.len(), keys.join(" "));
            assert!(keys.len() <= most, "{plate}: {keys:?}");
            // An officer with cold hands presses a key in 1.2 s; 20 s are 16 of them.
            assert!(keys.len() <= 16);
        }
        println!("measured: 1104T123MO11K123 takes {} keys", keys("1104T123MO11K123").len());
    }

    #[test]
    fn the_twelve_letters_stand_where_the_alphabet_puts_them() {
        let groups = Groups::new(None);
        assert_eq!([1, 2, 3, 4].map(|digit| groups.of(digit).unwrap()), ["ABE", "KMH", "OPC", "TYX"]);
        let all: String = groups.all().map(|(_, letters)| letters).collect();
        assert_eq!(('A'..='Z').filter(|c| !all.contains(*c)).collect::<String>(), "");
        assert_eq!(groups.of(0), None);
    }

    #[test]
    fn what_is_wrong_is_taken_back_one_by_one_or_at_once() {
        let (groups, mut pad) = (Groups::new(None), Keypad::default());
        pad.change();
        pad.digit(1, &groups);
        assert_eq!(pad.letters(), Some(Letters { group: Some(1) }));
        pad.back();
        assert_eq!(pad.letters(), Some(Letters { group: None }));
        for digit in [1, 2, 1, 2, 3] {
            pad.digit(digit, &groups);
        }
        assert_eq!((pad.text(), pad.letters()), ("B123", Some(Letters::default())));
        pad.back();
        assert_eq!((pad.text(), pad.letters()), ("B12", None));
        // A group that is not there, and a letter that is not in it.
        pad.change();
        pad.digit(0, &groups);
        assert_eq!(pad.letters(), Some(Letters { group: None }));
        pad.digit(9, &groups);
        pad.digit(9, &groups);
        assert_eq!(pad.text(), "B12");
        pad.clear();
        assert!(pad.is_at_rest());
        pad.change();
        pad.back();
        assert!(pad.is_at_rest());
    }

    #[test]
    fn nobody_types_for_ever() {
        let (groups, mut pad) = (Groups::new(None), Keypad::default());
        (0..1000).for_each(|n| pad.digit((n % 10) as u8, &groups));
        assert_eq!(pad.text().len(), LONGEST);
    }

    #[test]
    fn a_plate_is_known_in_any_writing_and_the_rest_by_the_regions_forms() {
        for plate in ["A123BC77", "1234AB77", "AB12377"] {
            assert_eq!(meant(plate, None), Meant::Plate);
        }
        assert_eq!(meant("12345", None), Meant::Unknown);
        assert!(may_be_plate("WX70KLM", Some(&Forms::default())));
    }
}
