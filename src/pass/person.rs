//! What is kept of a certificate's holder: only what an officer compares with a document.

/// Initials, one of each name: `M.G.`; none when no name has a letter.
pub(crate) fn initials<'a>(names: impl IntoIterator<Item = Option<&'a str>>) -> Option<String> {
    let initial =
        |name: &str| name.chars().find(|c| c.is_alphabetic()).map(|c| c.to_uppercase().chain(['.']).collect());
    let initials: Vec<String> = names.into_iter().flatten().filter_map(initial).collect();
    (!initials.is_empty()).then(|| initials.concat())
}

/// The year of a date of birth, whole or partial.
pub(crate) fn year(date: Option<&str>) -> Option<String> {
    let year = date?.get(..4).filter(|year| year.bytes().all(|digit| digit.is_ascii_digit()));
    year.map(str::to_owned)
}
