//! What the columns of a spreadsheet are called, by its own maker or by a web form, in English and in Russian.

use trust::register::Presented;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    What,
    Text(Option<Presented>),
    Kind,
    From,
    To,
    Alert,
    Holder,
    Birth,
    IdDigits,
    Plate,
    Contact,
    /// Nothing of it is looked at.
    Skipped,
}

/// Names, folded: lower case, single spaces, `ё` as `е`.
const NAMES: [(&str, Column); 42] = [
    ("what", Column::What),
    ("тип", Column::What),
    ("text", Column::Text(None)),
    ("code", Column::Text(Some(Presented::Code))),
    ("код", Column::Text(Some(Presented::Code))),
    ("код пропуска", Column::Text(Some(Presented::Code))),
    ("номер пропуска", Column::Text(Some(Presented::Code))),
    ("link", Column::Text(Some(Presented::Link))),
    ("ссылка", Column::Text(Some(Presented::Link))),
    ("card", Column::Text(Some(Presented::Card))),
    ("карта", Column::Text(Some(Presented::Card))),
    ("номер карты", Column::Text(Some(Presented::Card))),
    ("транспортная карта", Column::Text(Some(Presented::Card))),
    ("kind", Column::Kind),
    ("вид", Column::Kind),
    ("вид пропуска", Column::Kind),
    ("цель", Column::Kind),
    ("valid_from", Column::From),
    ("from", Column::From),
    ("действует с", Column::From),
    ("дата начала", Column::From),
    ("valid_to", Column::To),
    ("to", Column::To),
    ("действует по", Column::To),
    ("действует до", Column::To),
    ("дата окончания", Column::To),
    ("alert", Column::Alert),
    ("карантин", Column::Alert),
    ("holder", Column::Holder),
    ("фио", Column::Holder),
    ("birth", Column::Birth),
    ("дата рождения", Column::Birth),
    ("год рождения", Column::Birth),
    ("id_digits", Column::IdDigits),
    ("последние цифры документа", Column::IdDigits),
    ("plate", Column::Plate),
    ("госномер", Column::Plate),
    ("номер автомобиля", Column::Plate),
    ("phone", Column::Contact),
    ("contact", Column::Contact),
    ("телефон", Column::Contact),
    ("примечание", Column::Skipped),
];

/// A row, by what its columns hold; what has no column is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Row {
    pub what: String,
    pub text: String,
    pub kind: String,
    pub valid_from: String,
    pub valid_to: String,
    pub alert: String,
    pub holder: String,
    pub birth: String,
    pub id_digits: String,
    pub plate: String,
    pub contact: String,
}

/// The columns of a file.
#[derive(Debug)]
pub struct Columns(Vec<Column>);

impl Columns {
    /// Reads the first line.
    ///
    /// # Errors
    /// A name that is not known, or stands there twice; none that says what is presented.
    pub fn new(header: &[String]) -> Result<Self, String> {
        let mut columns = Vec::with_capacity(header.len());
        for name in header {
            let folded = fold(name);
            let known = NAMES.iter().find(|(known, _)| *known == folded).map(|(_, column)| *column);
            let column = known.ok_or_else(|| {
                format!("line 1: no column is called {name:?}; call it «примечание» when nothing of it is needed")
            })?;
            let same = |other: &Column| std::mem::discriminant(other) == std::mem::discriminant(&column);
            if column != Column::Skipped && columns.iter().any(same) {
                return Err(format!("line 1: the column {name:?} stands there twice"));
            }
            columns.push(column);
        }
        // A plate alone is presented by a file that has `what`, or no other column that could be.
        let has = |wanted: fn(&Column) -> bool| columns.iter().any(wanted);
        let is_text = |column: &Column| matches!(column, Column::Text(_));
        if !has(is_text) && !has(|column| *column == Column::Plate) {
            return Err("line 1: no column says what is presented: text, code, link, card or plate".to_owned());
        }
        Ok(Self(columns))
    }

    /// A line as a row.
    ///
    /// # Errors
    /// Another number of cells than columns.
    pub fn row(&self, cells: Vec<String>) -> Result<Row, String> {
        if cells.len() != self.0.len() {
            return Err(format!("has {} cells, and the first line {} columns", cells.len(), self.0.len()));
        }
        let mut row = Row::default();
        let says_what = self.0.contains(&Column::What);
        for (column, cell) in self.0.iter().zip(cells) {
            match column {
                Column::What => row.what = cell,
                Column::Text(what) => {
                    row.text = cell;
                    if let Some(what) = what.filter(|_| !says_what) {
                        what.as_str().clone_into(&mut row.what);
                    }
                }
                Column::Kind => row.kind = cell,
                Column::From => row.valid_from = cell,
                Column::To => row.valid_to = cell,
                Column::Alert => row.alert = cell,
                Column::Holder => row.holder = cell,
                Column::Birth => row.birth = cell,
                Column::IdDigits => row.id_digits = cell,
                Column::Plate => row.plate = cell,
                Column::Contact => row.contact = cell,
                Column::Skipped => {}
            }
        }
        // A list of plates, as the quarantine has: they are what is presented.
        if !self.0.iter().any(|column| matches!(column, Column::Text(_))) {
            (row.what, row.text) = (Presented::Plate.as_str().to_owned(), std::mem::take(&mut row.plate));
        }
        Ok(row)
    }
}

/// What a word of a cell says that something is presented as.
pub fn presented(word: &str) -> Option<Presented> {
    Presented::named(word).or(match fold(word).as_str() {
        "код" => Some(Presented::Code),
        "ссылка" => Some(Presented::Link),
        "карта" => Some(Presented::Card),
        "номер" | "госномер" | "автомобиль" => Some(Presented::Plate),
        _ => None,
    })
}

/// Yes or no, in either language; nothing is no.
pub fn yes(word: &str) -> Option<bool> {
    match fold(word).as_str() {
        "" | "no" | "нет" => Some(false),
        "yes" | "да" => Some(true),
        _ => None,
    }
}

/// `01.05.2020` and `01.05.2020 14:00`, or `2020-05-01 14:00`, as RFC 3339 writes them in a zone; anything else stays.
pub fn date(text: &str, zone: &str) -> String {
    let (day, time) = text.split_once([' ', 'T']).map_or((text, None), |(day, time)| (day, Some(time.trim())));
    let parts: Vec<&str> = day.split('.').collect();
    let day = match parts[..] {
        [day, month, year] if (day.len(), month.len(), year.len()) == (2, 2, 4) => format!("{year}-{month}-{day}"),
        _ => day.to_owned(),
    };
    match time {
        None => day,
        Some(time) if time.len() == 5 => format!("{day}T{time}:00{zone}"),
        Some(time) if time.len() == 8 => format!("{day}T{time}{zone}"),
        Some(_) => text.to_owned(),
    }
}

fn fold(name: &str) -> String {
    let words: Vec<_> = name.split_whitespace().collect();
    words.join(" ").to_lowercase().replace('ё', "е").trim_end_matches(['.', ':']).to_owned()
}
