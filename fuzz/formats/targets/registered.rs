//! Any text against the forms of the mission's regions: what is known has one form. Any bytes as the forms themselves.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use pass::Format;
use pass::registered::Forms;

static FORMS: LazyLock<Forms> = LazyLock::new(|| {
    let forms = r#"{
        "links": [
            { "name": "gu-vaccine", "host": "www.gosuslugi.ru", "path": "/vaccine/cert/verify/", "id": "uuid" },
            { "name": "gu-verify", "host": "www.gosuslugi.ru", "path": "/covid-cert/verify/",
              "id": { "digits": { "n": 16 } }, "query": true },
            { "name": "cloud", "host": "disk.yandex.ru", "path": "/i/", "id": { "token": { "min": 4, "max": 32 } } }
        ],
        "codes": [
            { "name": "moscow", "alphabet": "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", "length": 16, "claims": "expiry-dd-mm" },
            { "name": "sms", "alphabet": "0123456789", "length": 8, "check": "luhn" },
            { "name": "kazan", "alphabet": "0123456789АБВГДЕЖЗИКЛМНПРСТУФХЦЧШЭЮЯ", "length": 6 }
        ],
        "cards": [{ "name": "troika", "digits": [10, 10] }, { "name": "social", "digits": [19, 19], "check": "luhn" }]
    }"#;
    let forms: Forms = serde_json::from_str(forms).expect("forms");
    forms.check().expect("they make sense");
    forms
});

fuzz_target!(|bytes: &[u8]| {
    let Some((choice, bytes)) = bytes.split_first() else { return };
    let text = String::from_utf8_lossy(bytes);
    if choice % 2 == 1 {
        // The first half as forms, the rest as a text.
        let (forms, text) = bytes.split_at(bytes.len() / 2);
        if let Ok(forms) = minicbor::decode::<Forms>(forms) {
            let _ = forms.check();
            let _ = forms.recognise(&String::from_utf8_lossy(text));
        }
        return;
    }
    let Ok(presented) = FORMS.recognise(&text) else { return };
    let (name, id) = presented.normal.split_once(':').expect("a name and an id");
    assert_eq!(name, presented.form);
    if presented.format != Format::Link {
        assert_eq!(FORMS.recognise(id).as_ref(), Ok(&presented));
    }
});
