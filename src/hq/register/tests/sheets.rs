//! Spreadsheets as they come: workbooks, web forms, old code pages, and codes that HQ draws.

use std::io::Write as _;

use super::*;

const SMS: &str = include_str!("../../../../simulator/regions/sms.toml");

fn sms() -> (tempfile::TempDir, Region) {
    let (folder, region) = region();
    std::fs::write(region.path("policy.toml"), SMS).unwrap();
    (folder, region)
}

fn take(region: &Region, name: &str, bytes: &[u8], draw: Option<&Draw>) -> Result<Imported, Error> {
    let path = region.path(name);
    std::fs::write(&path, bytes).unwrap();
    region.import_register(&path, (0, draw), "test", NOW, &mut |_| {})
}

fn problem(taken: Result<Imported, Error>) -> String {
    match taken {
        Err(Error::RegisterFile { problem, .. }) => problem,
        other => panic!("{other:?}"),
    }
}

const FORM: &str = "Код пропуска;Вид пропуска;Действует с;Действует по;Примечание\r\n\
                    4711 0812;one-time;01.05.2020 08:00;01.05.2020 20:00;«лично»\r\n\
                    12345674;shop;2020-05-01;01.05.2020;\r\n";

#[test]
fn a_web_forms_export_is_read_in_whatever_encoding_and_with_whatever_comma_it_comes() {
    let utf16: Vec<u8> = "\u{feff}".encode_utf16().chain(FORM.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let (windows, _, _) = encoding_rs::WINDOWS_1251.encode(FORM);
    let files: [(&str, Vec<u8>); 6] = [
        ("utf-8", FORM.as_bytes().to_vec()),
        ("utf-8 with its mark", [b"\xef\xbb\xbf", FORM.as_bytes()].concat()),
        ("utf-16", utf16),
        ("windows-1251", windows.into_owned()),
        ("tabs", FORM.replace(';', "\t").into_bytes()),
        ("commas and unix lines", FORM.replace(';', ",").replace("\r\n", "\n").into_bytes()),
    ];
    for (name, bytes) in files {
        let (_folder, region) = sms();
        assert_eq!(take(&region, "form.csv", &bytes, None).unwrap(), Imported { rows: 2, changed: 2 }, "{name}");
        let found = region.registered(Presented::Code, "4711-0812", 0).unwrap().unwrap().record;
        let eight = 1_588_309_200;
        assert_eq!((found.valid_from, found.valid_to), (eight, eight + 12 * 3600), "{name}");
        let found = region.registered(Presented::Code, "12345674", 0).unwrap().unwrap().record;
        assert_eq!((found.kind, found.valid_to - found.valid_from), (Some(41), 86_399), "{name}");
    }
}

#[test]
fn what_a_clerk_must_mend_is_named_with_its_line_and_column() {
    let (_folder, region) = sms();
    let said = |text: &str| problem(take(&region, "form.csv", text.as_bytes(), None));
    let header = "Код;Вид;Действует с;Действует по\n";
    for (row, line, names) in [
        ("4711 0813;one-time;01.05.2020;01.05.2020\n", "line 2", "check"),
        ("4711 081;one-time;01.05.2020;01.05.2020\n", "line 2", "length"),
        ("4711 0812;one-time;31.04.2020;01.05.2020\n", "line 2", "valid_from"),
        ("\n\n4711 0812;выходной;01.05.2020;01.05.2020\n", "line 4", "выходной"),
        (";one-time;01.05.2020;01.05.2020\n", "line 2", "--codes"),
        ("4711 0812;one-time\n", "line 2", "UnequalLengths"),
    ] {
        let problem = said(&format!("{header}{row}"));
        assert!(problem.contains(line) && problem.contains(names), "{row}: {problem}");
    }
    for (header, names) in
        [("Код;Отчество\n", "Отчество"), ("Код;Код пропуска\n", "twice"), ("Вид;Действует с\n", "what is presented")]
    {
        assert!(said(header).contains(names), "{header}");
    }
    assert_eq!(region.pending().unwrap(), []);
}

#[test]
fn a_list_of_plates_is_a_register_of_plates() {
    let (_folder, region) = sms();
    let rows = "Госномер;Карантин;Действует с;Действует по\nК777КК69;да;01.05.2020;14.05.2020\n";
    // Every row has as many cells as there are columns; what has no column is empty.
    assert_eq!(take(&region, "plates.csv", rows.as_bytes(), None).unwrap().rows, 1);
    let found = region.registered(Presented::Plate, "к777кк69", 0).unwrap().unwrap();
    assert_eq!(found.record.flags, Flags::ALERT);
}

#[test]
fn codes_are_drawn_by_the_policys_form_and_told_to_nobody_but_the_file() {
    let (_folder, region) = sms();
    let staff = "code,kind,valid_from,valid_to,phone\n,shop,2020-05-01,2020-05-31,+7 900 0000001\n\
                 ,shop,2020-05-01,2020-05-31,+7 900 0000002\n4711-0812,shop,2020-05-01,2020-05-31,\n";
    let draw = Draw { form: Some("tatarstan".to_owned()), to: region.path("codes.csv") };
    assert_eq!(take(&region, "staff.csv", staff.as_bytes(), Some(&draw)).unwrap(), Imported { rows: 3, changed: 3 });
    let told = std::fs::read_to_string(&draw.to).unwrap();
    let rows: Vec<Vec<&str>> = told.lines().map(|line| line.split(';').collect()).collect();
    assert_eq!((rows.len(), &rows[0][..]), (3, &["line", "contact", "code"][..]));
    assert_eq!(rows[1][..2], ["2", "+7 900 0000001"]);
    assert_ne!(rows[1][2], rows[2][2]);
    for row in &rows[1..] {
        assert_eq!(row[2].len(), 12);
        assert!(region.registered(Presented::Code, row[2], 0).unwrap().is_some());
    }
    // The file of an earlier import is never written over, and then nothing is taken.
    assert!(matches!(take(&region, "staff.csv", staff.as_bytes(), Some(&draw)), Err(Error::File { .. })));
    let unknown = Draw { form: Some("none".to_owned()), to: region.path("other.csv") };
    assert!(take(&region, "staff.csv", staff.as_bytes(), Some(&unknown)).is_err());
}

#[test]
fn drawn_codes_have_their_check_digits_and_claims() {
    let (_folder, region) = region();
    for policy in [SMS, include_str!("../../../../simulator/regions/moscow.toml")] {
        std::fs::write(region.path("policy.toml"), policy).unwrap();
        let forms = region.rules().unwrap().policy.forms;
        assert!(!forms.codes.is_empty());
        for form in &forms.codes {
            let only = Forms { codes: vec![form.clone()], ..Forms::default() };
            for _ in 0..50 {
                let code = draw::code(form, (30, 4)).unwrap();
                let presented = only.recognise(&code).unwrap_or_else(|error| panic!("{code}: {error}"));
                assert!(presented.claims_until.is_none_or(|until| until == (30, 4)), "{code}");
            }
        }
    }
}

/// A workbook of one sheet: texts, and numbers where they look like one.
fn workbook(rows: &[&[&str]]) -> Vec<u8> {
    let cell = |text: &&str| match text.parse::<f64>() {
        Ok(number) => format!("<c><v>{number}</v></c>"),
        Err(_) => format!("<c t=\"inlineStr\"><is><t>{text}</t></is></c>"),
    };
    let row = |(at, row): (usize, &&[&str])| {
        format!("<row r=\"{}\">{}</row>", at + 1, row.iter().map(cell).collect::<String>())
    };
    let sheet = format!(
        "<worksheet xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"><sheetData>{}</sheetData></worksheet>",
        rows.iter().enumerate().map(row).collect::<String>()
    );
    let relations = |target: &str, kind: &str| {
        format!(
            "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\"><Relationship \
             Id=\"rId1\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/{kind}\" \
             Target=\"{target}\"/></Relationships>"
        )
    };
    let book = "<workbook xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\" \
                xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\"><sheets><sheet \
                name=\"Лист1\" sheetId=\"1\" r:id=\"rId1\"/></sheets></workbook>";
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, text) in [
        ("_rels/.rels", relations("xl/workbook.xml", "officeDocument")),
        ("xl/workbook.xml", book.to_owned()),
        ("xl/_rels/workbook.xml.rels", relations("worksheets/sheet1.xml", "worksheet")),
        ("xl/worksheets/sheet1.xml", sheet),
    ] {
        let stored = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
        archive.start_file(name, stored).unwrap();
        archive.write_all(text.as_bytes()).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

#[test]
fn a_workbook_is_read_like_the_form_it_was_filled_in_for() {
    let (_folder, region) = sms();
    let book = workbook(&[
        &["Код пропуска", "Вид пропуска", "Действует с", "Действует по"],
        &["47110812", "one-time", "01.05.2020", "02.05.2020"],
        &["ABCE HKMP 0001", "shop", "2020-05-01", "2020-05-01"],
    ]);
    assert_eq!(take(&region, "list.xlsx", &book, None).unwrap(), Imported { rows: 2, changed: 2 });
    assert!(region.registered(Presented::Code, "4711 0812", 0).unwrap().is_some());
    let wrong = workbook(&[&["Код", "Вид", "С", "По"], &["1"]]);
    assert!(problem(take(&region, "list.xlsx", &wrong, None)).contains("\"С\""));
    let cut = &book[..book.len() / 2];
    assert!(problem(take(&region, "list.xlsx", cut, None)).contains("workbook"));
}
