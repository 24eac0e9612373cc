//! Characters that people take for one another. One is read as the other only where the alphabet leaves no choice.

/// The same shape in two scripts. These come first: who types Cyrillic means the letter that looks the same.
const TWINS: [&str; 15] = ["AА", "BВ", "CС", "EЕЁ", "HН", "IІ", "JЈ", "KК", "MМ", "OО", "PР", "SЅ", "TТ", "XХ", "YУ"];

/// Nearly the same shape.
const NEAR: [&str; 8] = ["0OОQ", "1IІLJ", "2Z", "3ЗЭ", "4Ч", "5SЅ", "6БG", "8BВ"];

/// The character of an alphabet that is meant, if there is but one.
pub(super) fn fold(typed: char, alphabet: &str) -> Option<char> {
    let mut capitals = typed.to_uppercase();
    let (Some(capital), None) = (capitals.next(), capitals.next()) else { return None };
    if alphabet.contains(capital) {
        return Some(capital);
    }
    [&TWINS[..], &NEAR].into_iter().find_map(|groups| {
        let mut meant = groups
            .iter()
            .filter(|group| group.contains(capital))
            .flat_map(|group| group.chars())
            .filter(|like| *like != capital && alphabet.contains(*like));
        let first = meant.next()?;
        // Two that could be meant: none is.
        meant.all(|other| other == first).then_some(first)
    })
}

/// What people put between groups of characters.
pub(super) fn is_separator(c: char) -> bool {
    c.is_whitespace() || matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '.' | '·')
}
