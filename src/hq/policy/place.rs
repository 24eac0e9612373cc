//! Where in the file a key stands.

use toml::de::{DeTable, DeValue};

/// The line of a key such as `kind[2].limits.per_day`, or of the nearest block around it that is there.
pub fn line(text: &str, key: &str) -> Option<usize> {
    let table = DeTable::parse(text).ok()?;
    let mut at = None;
    let mut here: Option<&DeValue<'_>> = None;
    for step in key.split('.').filter(|step| !step.is_empty()) {
        let (name, index) = match step.strip_suffix(']').and_then(|step| step.split_once('[')) {
            Some((name, index)) => (name, index.parse::<usize>().ok()),
            None => (step, None),
        };
        let within = match here {
            None => table.get_ref(),
            Some(DeValue::Table(within)) => within,
            Some(_) => break,
        };
        let Some((found, value)) = within.iter().find(|(known, _)| known.get_ref().as_ref() == name) else { break };
        at = Some(found.span().start);
        here = Some(value.get_ref());
        if let (Some(DeValue::Array(items)), Some(index)) = (here, index) {
            let Some(item) = items.get(index) else { break };
            at = Some(item.span().start);
            here = Some(item.get_ref());
        }
    }
    at.map(|at| text[..at].matches('\n').count() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_is_that_of_the_key_or_of_what_is_around_it() {
        let text = "a = 1\n\n[b]\nc = 2\n\n[[d]]\ne = 3\n\n[[d]]\n# more\ne = 4\n[d.f]\ng = 5\n";
        for (key, expected) in [
            ("a", Some(1)),
            ("b", Some(3)),
            ("b.c", Some(4)),
            ("b.missing", Some(3)),
            ("d[0].e", Some(7)),
            ("d[1]", Some(9)),
            ("d[1].e", Some(11)),
            ("d[1].f.g", Some(13)),
            ("d[1].missing", Some(9)),
            ("missing", None),
            ("", None),
        ] {
            assert_eq!(line(text, key), expected, "{key}");
        }
        assert_eq!(line("no toml", "a"), None);
    }
}
