//! Codes that HQ draws: for passes that are told by SMS, and for lists of employers that bring none.

use pass::registered::{Check, Claims, CodeForm, Forms};

use crate::Error;

/// Draws a code of a form, with its check digits; `until` is day and month for forms that claim them.
///
/// # Errors
/// [`Error::Random`]; [`Error::Field`] when the form allows no such code.
pub fn code(form: &CodeForm, until: (i8, i8)) -> Result<String, Error> {
    let alphabet: Vec<char> = form.alphabet.chars().collect();
    let check = match form.check {
        Check::None => 0,
        Check::Luhn => 1,
        Check::Mod97 => 2,
    };
    let mut code = match form.claims {
        Claims::None => String::new(),
        Claims::ExpiryDdMm => format!("{:02}{:02}", until.0, until.1),
    };
    let length = usize::from(form.length);
    while code.chars().count() < length.saturating_sub(check) {
        code.push(any(&alphabet)?);
    }
    let only = Forms { codes: vec![form.clone()], ..Forms::default() };
    let ends = match form.check {
        Check::None => vec![String::new()],
        Check::Luhn => alphabet.iter().map(char::to_string).collect(),
        Check::Mod97 => (0..100).map(|number| format!("{number:02}")).collect(),
    };
    let whole = ends.into_iter().map(|end| format!("{code}{end}"));
    let fits = |code: &String| code.chars().count() == length && only.recognise(code).is_ok();
    whole.into_iter().find(fits).ok_or_else(|| Error::field("form", format!("{} allows no code", form.name)))
}

/// One of some characters, each as likely.
fn any(of: &[char]) -> Result<char, Error> {
    let count = u8::try_from(of.len()).map_err(|_| Error::Random)?;
    // Bytes beyond the last whole multiple would make the first characters likelier.
    let limit = 255 - 255 % count.max(1);
    loop {
        let mut byte = [0];
        getrandom::fill(&mut byte).map_err(|_| Error::Random)?;
        if byte[0] < limit && count > 0 {
            return Ok(of[usize::from(byte[0] % count)]);
        }
        if count == 0 {
            return Err(Error::field("form", "has no alphabet"));
        }
    }
}
