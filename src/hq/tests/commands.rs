//! The program itself, as an operator uses it: from founding a region to a pass that boxes refuse.
#![expect(clippy::unwrap_used, reason = "a test and its helpers may say what they mean; clippy knows only the former")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use trust::{Folder, Store};
use verdict::Status;
use wire::{ClockTrust, WallTime};

/// A desk with a folder on it.
struct Desk(tempfile::TempDir);

struct Done {
    code: i32,
    out: String,
    err: String,
}

impl Desk {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn founded() -> Self {
        let desk = Self::new();
        let done = desk.run(&["init", "tver", "--region", "RU-TVE", "--name", "Тверская область", "--territory", "69"]);
        assert_eq!(done.code, 0, "{}", done.err);
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_checkpoint-hq"));
        command.args(arguments).current_dir(self.0.path()).env("CHECKPOINT_OPERATOR", "О. Дежурная");
        command
    }

    fn run(&self, arguments: &[&str]) -> Done {
        let Output { status, stdout, stderr } = self.command(arguments).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Done { code: status.code().unwrap(), out: text(stdout), err: text(stderr) }
    }

    /// Issues a pass; its id and its text.
    fn issue(&self, more: &[&str]) -> (String, String) {
        let arguments = [&["issue", "tver", "--kind", "work", "--plate", "А123ВС69", "--out", "passes"], more].concat();
        let done = self.run(&arguments);
        assert_eq!(done.code, 0, "{}", done.err);
        let id = done.out.split(' ').next().unwrap().to_owned();
        let text = std::fs::read_to_string(self.path(&format!("passes/{id}.txt"))).unwrap();
        (id, text.trim_end().to_owned())
    }

    fn a_box(&self) -> Store {
        let root = std::fs::read(self.path("tver/release/root.1")).unwrap();
        Store::provision(&self.path("box"), &root, &"RU-TVE".parse().unwrap()).unwrap()
    }

    /// Publishes, and lets the box adopt it.
    fn release(&self, store: &mut Store) {
        let done = self.run(&["release", "tver"]);
        assert_eq!(done.code, 0, "{}", done.err);
        let now = jiff::Timestamp::now().as_second();
        store.adopt(&mut Folder(self.path("tver/release")), WallTime::from_unix(now, ClockTrust::Ntp)).unwrap();
    }
}

fn status(store: &Store, text: &str) -> Status {
    let release = store.current().unwrap();
    let verified = pass::read(text, &*release).unwrap();
    release.status(&verified.document.issuer, verified.document.status)
}

/// What a pass says, with no word on whether it is true.
fn claims(text: &str) -> pass::Document {
    pass::trace(text, &Vec::<(Vec<u8>, pass::PublicKey)>::new()).document.unwrap()
}

fn files(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.starts_with("hq.db-"))
        .collect();
    names.sort();
    names
}

#[test]
fn a_region_is_run_by_hand_from_its_founding_to_a_revocation() {
    let desk = Desk::founded();
    assert_eq!(files(&desk.path("tver")), ["foreign", "hq.db", "keys", "policy.toml", "region.toml", "release"]);
    let mut store = desk.a_box();
    let [(revoked, revoked_text), (suspended, suspended_text), (_, placed_text)] =
        [&[][..]; 3].map(|more| desk.issue(more));
    desk.release(&mut store);
    assert_eq!(status(&store, &revoked_text), Status::Valid);

    assert_eq!(desk.run(&["revoke", "tver", "--id", &revoked]).code, 0);
    assert_eq!(desk.run(&["revoke", "tver", "--text", &suspended_text, "--suspend"]).code, 0);
    let place = claims(&placed_text).status.unwrap();
    let place = format!("{}:{}", place.series, place.index);
    assert_eq!(desk.run(&["revoke", "tver", "--index", &place]).code, 0);
    desk.release(&mut store);
    assert_eq!(status(&store, &revoked_text), Status::Revoked);
    assert_eq!(status(&store, &suspended_text), Status::Suspended);
    assert_eq!(status(&store, &placed_text), Status::Revoked);

    let restored = desk.run(&["revoke", "tver", "--id", &suspended, "--restore"]);
    assert!(restored.out.contains("in force"), "{}", restored.out);
    desk.release(&mut store);
    assert_eq!(status(&store, &suspended_text), Status::Valid);
    let refused = desk.run(&["revoke", "tver", "--id", &revoked, "--restore"]);
    assert_eq!(refused.code, 3);
    assert!(refused.err.contains("[revoked-is-final]"), "{}", refused.err);
}

#[test]
fn founding_says_loudly_where_the_root_keys_lie_and_never_overwrites() {
    let desk = Desk::new();
    let init = ["init", "tver", "--region", "RU-TVE", "--name", "Тверская область", "--territory", "69"];
    let first = desk.run(&init);
    assert_eq!(first.code, 0);
    assert!(first.err.contains("THIS IS A DESK") && first.err.contains("root-1.key"), "{}", first.err);
    assert!(first.out.contains("root"), "{}", first.out);
    let key = std::fs::read(desk.path("tver/keys/root-1.key")).unwrap();
    let again = desk.run(&init);
    assert_eq!((again.code, again.out.as_str()), (3, ""));
    assert!(again.err.contains("[folder-exists]"));
    assert_eq!(std::fs::read(desk.path("tver/keys/root-1.key")).unwrap(), key);
    let wrong = desk.run(&["init", "x", "--region", "RU/TVE", "--name", "x", "--territory", "69"]);
    assert_eq!(wrong.code, 2);
    let wrong =
        desk.run(&["init", "x", "--region", "RU-TVE", "--name", "x", "--territory", "69", "--utc-offset", "-25:00"]);
    assert_eq!(wrong.code, 3);
    assert!(!desk.path("x").exists());
}

#[test]
fn a_pass_comes_as_text_picture_and_drawing_and_one_line() {
    let desk = Desk::founded();
    let done = desk.run(&[
        "issue",
        "tver",
        "--kind",
        "family",
        "--plate",
        "А123ВС69",
        "--plate",
        "?777??",
        "--holder",
        "И. П.",
        "--valid-from",
        "2030-05-01",
        "--valid-to",
        "2030-05-02",
        "--regions",
        "69,77",
        "--limits",
        "trips=1,days=14",
        "--route",
        "М10",
        "--paper",
        "--out",
        "passes",
    ]);
    // More than a year ahead: refused, and nothing written.
    assert_eq!(done.code, 3, "{}", done.err);
    assert!(done.err.contains("[dates]"), "{}", done.err);
    let done = desk.run(&[
        "issue",
        "tver",
        "--kind",
        "family",
        "--plate",
        "А123ВС69",
        "--plate",
        "?777??",
        "--holder",
        "И. П.",
        "--valid-for",
        "36h",
        "--regions",
        "69,77",
        "--limits",
        "trips=1,days=14",
        "--route",
        "М10",
        "--paper",
        "--out",
        "passes",
    ]);
    assert_eq!(done.code, 0, "{}", done.err);
    assert_eq!(done.out.lines().count(), 1);
    let line = done.out.trim_end();
    for part in ["family", "A123BC69 ?777??", "characters, QR ", "-Q", ".{txt,png,svg}"] {
        assert!(line.contains(part), "{line}");
    }
    let id = line.split(' ').next().unwrap();
    assert_eq!(files(&desk.path("passes")), [format!("{id}.png"), format!("{id}.svg"), format!("{id}.txt")]);
    let text = std::fs::read_to_string(desk.path(&format!("passes/{id}.txt"))).unwrap();
    let picture = image::open(desk.path(&format!("passes/{id}.png"))).unwrap().into_luma8();
    let (width, height) = picture.dimensions();
    let read = rxing::helpers::detect_in_luma(picture.into_raw(), width, height, None).unwrap();
    assert_eq!(read.getText(), text.trim_end());
    let document = claims(text.trim_end());
    assert_eq!((document.regions, document.route.as_deref()), (vec![69, 77], Some("М10")));
    assert_eq!(document.expires.unwrap() - document.not_before.unwrap(), 36 * 3600);
}

#[test]
fn mistakes_end_with_their_code_and_exit_code_and_leave_nothing_behind() {
    let desk = Desk::founded();
    let issue = |more: &[&str]| desk.run(&[&["issue", "tver", "--out", "passes"], more].concat());
    for (more, exit, code) in [
        (&["--kind", "holiday"][..], 3, "[unknown-kind]"),
        (&["--kind", "work"], 3, "[plate-needed]"),
        (&["--kind", "work", "--plate", "?"], 3, "[plate]"),
        (&["--kind", "work", "--plate", "A123BC69", "--valid-to", "2020-01-01"], 3, "[dates]"),
        (&["--kind", "work", "--plate", "A123BC69", "--valid-from", "tomorrow"], 3, "[field]"),
        (&["--kind", "work", "--plate", "A123BC69", "--valid-for", "soon"], 2, "30d"),
        (
            &["--kind", "work", "--plate", "A123BC69", "--valid-for", "1d", "--valid-to", "2030-01-01"],
            2,
            "cannot be used",
        ),
        (&["--kind", "vaccination"], 3, "[out-of-scope]"),
        (&["--plate", "A123BC69"], 2, "--kind"),
    ] {
        let done = issue(more);
        assert_eq!((done.code, done.out.as_str()), (exit, ""), "{more:?}: {}", done.err);
        assert!(done.err.contains(code), "{more:?}: {}", done.err);
    }
    assert!(!desk.path("passes").exists() || files(&desk.path("passes")).is_empty());
    assert_eq!(desk.run(&["release", "nowhere"]).code, 3);
    assert_eq!(desk.run(&["revoke", "tver"]).code, 2);
    assert_eq!(desk.run(&["revoke", "tver", "--id", "12"]).code, 2);
    assert_eq!(desk.run(&["revoke", "tver", "--id", "0011223344556677", "--suspend", "--restore"]).code, 2);
    let unknown = desk.run(&["revoke", "tver", "--id", "0011223344556677"]);
    assert!(unknown.code == 3 && unknown.err.contains("[unknown-pass]"));
    let rules = std::fs::read(desk.path("tver/policy.toml")).unwrap();
    std::fs::write(desk.path("tver/policy.toml"), "formats = []\ncolour = 1\n").unwrap();
    let policy = desk.run(&["release", "tver"]);
    assert!(policy.code == 3 && policy.err.contains("[policy]") && policy.err.contains("line 2"), "{}", policy.err);
    std::fs::write(desk.path("tver/policy.toml"), rules).unwrap();
    std::fs::set_permissions(
        desk.path("tver/keys/publishing.key"),
        std::os::unix::fs::PermissionsExt::from_mode(0o644),
    )
    .unwrap();
    let open = desk.run(&["release", "tver"]);
    assert!(open.code == 3 && open.err.contains("[key]"), "{}", open.err);
}

/// A Dutch test certificate for tests of people who were tested, valid until 2032, and a pass signed with it.
fn dutch() -> (String, String) {
    let vector =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/dgc-testdata/NL/2DCode/raw/000-NL-test.json");
    let vector: serde_json::Value = serde_json::from_slice(&std::fs::read(vector).unwrap()).unwrap();
    let text = |at: &str| vector.pointer(at).unwrap().as_str().unwrap().to_owned();
    let lines: Vec<String> = text("/TESTCTX/CERTIFICATE")
        .into_bytes()
        .chunks(64)
        .map(|line| String::from_utf8(line.to_vec()).unwrap())
        .collect();
    let pem = format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"));
    (pem, text("/PREFIX"))
}

#[test]
fn a_foreign_certificate_is_believed_for_what_was_said_and_what_it_allows_and_no_more() {
    let desk = Desk::founded();
    let mut store = desk.a_box();
    let (pem, text) = dutch();
    std::fs::write(desk.path("dsc.pem"), pem).unwrap();
    let trust = |file: &str, issuer: &str, types: &str| {
        desk.run(&["trust-certificate", "tver", file, "--issuer", issuer, "--types", types])
    };
    let vaccinations = trust("dsc.pem", "NL", "v");
    assert!(vaccinations.code == 3 && vaccinations.err.contains("[certificate-types]"), "{}", vaccinations.err);
    let done = trust("dsc.pem", "NL", "v,t,r");
    assert_eq!(done.code, 0, "{}", done.err);
    assert!(done.out.contains("as 1002,") && done.out.contains("sha-256"), "{}", done.out);
    desk.release(&mut store);
    let release = store.current().unwrap();
    assert_eq!(release.keys(), 2);
    let verified = pass::read(&text, &*release).unwrap();
    assert_eq!(
        (release.scope(verified.key).issuer.as_str(), &release.scope(verified.key).kinds[..]),
        ("NL", &[1002][..])
    );
    std::fs::write(desk.path("no.pem"), "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").unwrap();
    assert_eq!(trust("no.pem", "NL", "t").code, 3);
    assert_eq!(trust("gone.pem", "NL", "t").code, 1);
    assert_eq!(trust("dsc.pem", "../x", "t").code, 3);
    assert_eq!(trust("dsc.pem", "NL", "x").code, 2);
    // A file that was lost or changed must not silently take a country's passes out of force.
    let kept = files(&desk.path("tver/foreign")).pop().unwrap();
    std::fs::write(desk.path("tver/foreign").join(kept), "damaged").unwrap();
    assert_eq!(desk.run(&["release", "tver"]).code, 3);
}

#[test]
fn a_box_gets_its_folder_and_its_key_is_learned_once() {
    let desk = Desk::founded();
    let add = |more: &[&str]| desk.run(&[&["box", "add", "tver", "m10-km178"], more].concat());
    let announced = add(&[]);
    assert!(announced.code == 0 && announced.out.starts_with("m10-km178 is announced"), "{}", announced.out);
    let done = add(&["--out", "stick", "--release", "http://127.0.0.1:8440/release", "--broker", "127.0.0.1:1883"]);
    assert_eq!(done.code, 0, "{}", done.err);
    assert_eq!(files(&desk.path("stick")), ["box.toml", "root.1"]);
    let config: toml::Table = toml::from_str(&std::fs::read_to_string(desk.path("stick/box.toml")).unwrap()).unwrap();
    assert_eq!((config["region"].as_str(), config["name"].as_str()), (Some("RU-TVE"), Some("m10-km178")));
    assert_eq!(config["trust"]["http"].as_str(), Some("http://127.0.0.1:8440/release"));
    assert_eq!(config["uplink"]["broker"].as_str(), Some("127.0.0.1:1883"));
    assert_eq!(config["uplink"]["tls"].as_bool(), Some(false));
    assert_eq!(
        std::fs::read(desk.path("stick/root.1")).unwrap(),
        std::fs::read(desk.path("tver/release/root.1")).unwrap()
    );
    assert_eq!(add(&["--out", "stick"]).code, 1, "a folder is never overwritten");
    // Two public keys of RFC 8032 §7.1.
    let key = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
    let other = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c";
    assert_eq!(add(&["--key", key]).code, 0);
    assert_eq!(add(&["--key", key]).code, 0, "the same key again is no news");
    let taken = add(&["--key", other]);
    assert!(taken.code == 3 && taken.err.contains("[box-exists]"));
    let weak = add(&["--key", &format!("01{}", "00".repeat(31))]);
    assert!(weak.code == 3 && weak.err.contains("[box-key]"));
    let listed = desk.run(&["box", "list", "tver"]).out;
    assert!(listed.starts_with(&format!("m10-km178  {key}  announced ")), "{listed}");
    assert_eq!(add(&["--out", "locked"]).code, 0);
    let config: toml::Table = toml::from_str(&std::fs::read_to_string(desk.path("locked/box.toml")).unwrap()).unwrap();
    assert!(
        config["uplink"]["tls"].as_bool() == Some(true) && !config["uplink"].as_table().unwrap().contains_key("broker")
    );
    assert_eq!(desk.run(&["box", "add", "tver", "a/b", "--key", key]).code, 2);
}

#[test]
fn an_issuer_of_its_own_signs_its_own_kinds() {
    let desk = Desk::founded();
    let mut store = desk.a_box();
    assert_eq!(desk.run(&["issuer", "add", "tver", "konakovo", "--kinds", "family,one-time"]).code, 0);
    assert_eq!(desk.run(&["issuer", "add", "tver", "konakovo", "--kinds", "family"]).code, 3);
    desk.release(&mut store);
    let done = desk.run(&["issue", "tver", "--kind", "family", "--issuer", "konakovo", "--out", "passes"]);
    assert_eq!(done.code, 0, "{}", done.err);
    let id = done.out.split(' ').next().unwrap();
    let text = std::fs::read_to_string(desk.path(&format!("passes/{id}.txt"))).unwrap();
    assert_eq!(status(&store, text.trim_end()), Status::Valid);
    let outside = desk.run(&["issue", "tver", "--kind", "official", "--issuer", "konakovo", "--out", "passes"]);
    assert!(outside.code == 3 && outside.err.contains("[out-of-scope]"));
}

#[test]
fn every_command_has_help_with_an_example() {
    let desk = Desk::new();
    for command in [
        &[][..],
        &["init"],
        &["issue"],
        &["revoke"],
        &["release"],
        &["serve"],
        &["trust-certificate"],
        &["issuer", "add"],
        &["box", "add"],
        &["box", "list"],
    ] {
        let done = desk.run(&[command, &["--help"]].concat());
        assert_eq!(done.code, 0, "{command:?}");
        assert!(done.out.contains("Example") && done.out.contains("checkpoint-hq"), "{command:?}");
    }
}

#[test]
fn two_operators_at_once_publish_two_releases_and_issue_two_passes() {
    let desk = Desk::founded();
    let children: Vec<_> = (0..4)
        .map(|_| desk.command(&["release", "tver"]).stdout(std::process::Stdio::piped()).spawn().unwrap())
        .collect();
    let more: Vec<_> = (0..4)
        .map(|_| {
            let arguments = ["issue", "tver", "--kind", "family", "--out", "passes"];
            desk.command(&arguments).stdout(std::process::Stdio::null()).spawn().unwrap()
        })
        .collect();
    let mut sequences: Vec<String> = children
        .into_iter()
        .map(|child| {
            let Output { status, stdout, .. } = child.wait_with_output().unwrap();
            assert!(status.success());
            String::from_utf8(stdout).unwrap().split(' ').nth(1).unwrap().to_owned()
        })
        .collect();
    sequences.sort();
    assert_eq!(sequences, ["1", "2", "3", "4"]);
    for mut child in more {
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(files(&desk.path("passes")).len(), 12);
}

#[test]
fn serving_says_where_and_ends_in_order_when_it_is_told_to() {
    use std::io::{BufRead as _, BufReader, Read as _, Write as _};
    let desk = Desk::founded();
    for signal in ["TERM", "INT"] {
        let arguments = ["serve", "tver", "--http", "127.0.0.1:0", "--embedded-broker", "127.0.0.1:0"];
        let mut child = desk
            .command(&arguments)
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.split("http://").nth(1).unwrap().split('/').next().unwrap().to_owned();
        let mut stream = std::net::TcpStream::connect(&address).unwrap();
        write!(stream, "GET /api/counts HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("\"crossings\":0"), "{answer}");
        // By its own id: nothing else is ended.
        let ended = Command::new("kill").args([&format!("-{signal}"), &child.id().to_string()]).status().unwrap();
        assert!(ended.success());
        let Output { status, stderr, .. } = child.wait_with_output().unwrap();
        let log = String::from_utf8(stderr).unwrap();
        assert!(status.success(), "{log}");
        assert!(log.contains("stopped") && log.contains("how the region is") && !log.contains("ERROR"), "{log}");
        // The first one found no release, so it published one; the second found it fresh.
        assert_eq!(log.contains("published"), signal == "TERM", "{log}");
    }
}

#[test]
fn orders_are_given_shown_followed_and_ended() {
    let desk = Desk::founded();
    let mut store = desk.a_box();
    let text = ["--ru", "Рабочие пропуска отменены", "--en", "Work passes have ended"];
    let add = |more: &[&str]| desk.run(&[&["order", "add", "tver"], more, &text].concat());
    let done = add(&["stop", "--kind", "work", "--issuer", "RU-TVE"]);
    assert_eq!(done.code, 0, "{}", done.err);
    assert!(done.out.starts_with("order 1: stop work of RU-TVE"), "{}", done.out);
    assert_eq!(add(&["extend", "--kind", "work", "--until", "2100-05-31"]).code, 0);
    for (bad, code) in [
        (&["extend", "--kind", "work"][..], 3),
        (&["stop", "--kind", "holiday"], 3),
        (&["stop"], 2),
        (&["stop", "--kind", "work", "--all-kinds"], 2),
        (&["pardon", "--all-kinds"], 2),
    ] {
        assert_eq!(add(bad).code, code, "{bad:?}");
    }
    let listed = desk.run(&["order", "list", "tver"]).out;
    assert!(listed.lines().count() == 2 && listed.contains("order 2: extend work"), "{listed}");
    desk.release(&mut store);
    let orders = store.current().unwrap().orders().to_vec();
    assert_eq!(orders.iter().map(|order| order.number).collect::<Vec<_>>(), [1, 2]);
    assert_eq!((orders[0].en.as_str(), &orders[0].kinds[..]), ("Work passes have ended", &[1][..]));
    // A bare day counts to its last second in the region's time.
    assert_eq!(orders[1].until, Some("2100-05-31T23:59:59+03:00".parse::<jiff::Timestamp>().unwrap().as_second()));

    assert_eq!(desk.run(&["order", "end", "tver", "2"]).code, 0);
    let again = desk.run(&["order", "end", "tver", "2"]);
    assert!(again.code == 3 && again.err.contains("[unknown-order]"), "{}", again.err);
    desk.release(&mut store);
    assert_eq!(store.current().unwrap().orders(), &orders[..1]);
}

#[test]
fn keys_and_batches_are_revoked_for_good() {
    let desk = Desk::founded();
    let mut store = desk.a_box();
    desk.issue(&[]);
    let done = desk.run(&["revoke", "tver", "--kind", "work", "--issued-before", "2100-01-01"]);
    assert!(done.code == 0 && done.out.contains("1 of these books"), "{}{}", done.out, done.err);
    assert_eq!(desk.run(&["revoke", "tver", "--kid", "3f2a9b0c1d4e5f60"]).code, 0);
    let again = desk.run(&["revoke", "tver", "--kid", "3F2A9B0C1D4E5F60"]);
    assert!(again.out.contains("as it was before"), "{}", again.out);
    for bad in [
        &["--kid", "xyz"][..],
        &["--kind", "work"],
        &["--kid", "00", "--suspend"],
        &["--kid", "00", "--kind", "work"],
        &["--issued-before", "2020-05-01"],
    ] {
        assert_eq!(desk.run(&[&["revoke", "tver"], bad].concat()).code, 2, "{bad:?}");
    }
    desk.release(&mut store);
    let release = store.current().unwrap();
    let kids: Vec<_> = release.rules().iter().map(|rule| (rule.kid.is_some(), rule.kind)).collect();
    assert_eq!(kids, [(false, Some(1)), (true, None)]);
}

#[test]
fn the_register_is_taken_in_shown_and_taken_out() {
    let desk = Desk::founded();
    let rows = "what,text,kind,valid_from,valid_to,alert,holder,birth,id_digits,plate\n\
                plate,А123ВС77,work,2020-05-01,2100-05-31,yes,,,,\n\
                code,K7M2-9QXA-4TRB-8ZWC,family,2020-05-01,2100-05-31,,Иванов И.,1984,4567,А123ВС77\n";
    std::fs::write(desk.path("register.csv"), rows).unwrap();
    let done = desk.run(&["register", "import", "tver", "register.csv"]);
    assert!(done.code == 0 && done.out.starts_with("2 of 2 records"), "{}{}", done.out, done.err);
    let shown = desk.run(&["register", "show", "tver", "code", "k7m2 9qxa 4trb 8zwc"]);
    assert!(shown.out.contains("family") && shown.out.contains("holder: Иванов И."), "{}{}", shown.out, shown.err);
    assert!(shown.out.contains("next release"));
    desk.release(&mut desk.a_box());
    let shown = desk.run(&["register", "show", "tver", "plate", "а123вс 77"]);
    assert!(shown.out.contains("ALERT") && !shown.out.contains("next release"), "{}{}", shown.out, shown.err);
    assert_eq!(desk.run(&["register", "remove", "tver", "plate", "А123ВС77"]).code, 0);
    let gone = desk.run(&["register", "show", "tver", "plate", "А123ВС77"]);
    assert!(gone.code == 3 && gone.err.contains("[not-registered]"), "{}", gone.err);
    std::fs::write(desk.path("wrong.csv"), rows.replace("family", "holiday")).unwrap();
    let refused = desk.run(&["register", "import", "tver", "wrong.csv"]);
    assert!(refused.code == 3 && refused.err.contains("[register-file]") && refused.err.contains("line 3"));
    // Who looks into the books finds out who did it, and to nothing that names anybody.
    let hq = rusqlite::Connection::open(desk.path("tver/hq.db")).unwrap();
    let mut audit = hq.prepare("SELECT subject FROM audit WHERE action = 'register'").unwrap();
    let subjects: Vec<String> = audit.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
    assert_eq!(subjects.len(), 2);
    assert!(subjects.iter().all(|subject| !subject.contains("A123BC77")), "{subjects:?}");
}
