//! Keys in a token: the real `checkpoint-hq` with SoftHSM's module, and everything that can be wrong with it.
#![expect(clippy::unwrap_used, reason = "a test and its helpers may say what they mean; clippy knows only the former")]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use checkpoint_tests::programs;

const PIN: &str = "271828";

/// Where Debian puts SoftHSM's module.
const MODULES: [&str; 2] = ["/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so"];

/// HQ with a token.
struct Desk {
    folder: tempfile::TempDir,
    module: &'static str,
}

impl Desk {
    /// A token HQ with Ed25519 keys `publishing`, `receipt`, `issuing`, `spare`, and one of P-256.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let module = MODULES.into_iter().find(|path| Path::new(path).is_file());
        let module = module.expect("SoftHSM is not installed: tests/run installs it (Debian's package softhsm2)");
        let desk = Self { folder, module };
        std::fs::create_dir(desk.path("tokens")).unwrap();
        std::fs::write(desk.path("pin"), format!("{PIN}\n")).unwrap();
        std::fs::write(desk.path("wrong-pin"), "314159\n").unwrap();
        let conf = format!("directories.tokendir = {}\nlog.level = ERROR\n", desk.path("tokens").display());
        std::fs::write(desk.path("softhsm2.conf"), conf).unwrap();
        let util = programs::of_the_system("softhsm2-util", "softhsm2");
        desk.done(Command::new(util).args([
            "--init-token",
            "--free",
            "--label",
            "HQ",
            "--pin",
            PIN,
            "--so-pin",
            "161803",
        ]));
        for (id, name, kind) in [
            ("01", "publishing", "EC:edwards25519"),
            ("02", "receipt", "EC:edwards25519"),
            ("03", "issuing", "EC:edwards25519"),
            ("04", "spare", "EC:edwards25519"),
            ("05", "p256", "EC:prime256v1"),
        ] {
            let tool = programs::of_the_system("pkcs11-tool", "opensc");
            let mut command = Command::new(tool);
            command.args(["--module", module, "--token-label", "HQ", "--login", "--pin", PIN]);
            desk.done(command.args(["--keypairgen", "--key-type", kind, "--label", name, "--id", id]));
        }
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn uri(&self, object: &str) -> String {
        self.uri_with("HQ", object, &format!("&pin-source=file:{}", self.path("pin").display()))
    }

    fn uri_with(&self, token: &str, object: &str, more: &str) -> String {
        format!("pkcs11:token={token};object={object}?module-path={}{more}", self.module)
    }

    /// Runs something in HQ's surroundings: exit code, what it printed, what it complained of.
    fn run(&self, command: &mut Command) -> (i32, String, String) {
        let done = command
            .current_dir(self.folder.path())
            .env("SOFTHSM2_CONF", self.path("softhsm2.conf"))
            .env("CREDENTIALS_DIRECTORY", self.path("credentials"))
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (done.status.code().unwrap(), text(&done.stdout), text(&done.stderr))
    }

    fn done(&self, command: &mut Command) -> String {
        let (code, out, err) = self.run(command);
        assert_eq!(code, 0, "{command:?}\n{out}\n{err}");
        out
    }

    fn hq(&self, arguments: &[&str]) -> String {
        self.done(Command::new(programs::ours("checkpoint-hq")).args(arguments))
    }

    /// A refusal: exit code and complaint.
    fn refused(&self, arguments: &[&str]) -> String {
        let (code, out, err) = self.run(Command::new(programs::ours("checkpoint-hq")).args(arguments));
        assert!(code != 0 && out.is_empty(), "{arguments:?} was done: {out}");
        assert!(!err.contains(PIN), "{err}");
        err
    }

    /// Two keepers sign what was composed, and it is installed.
    fn ceremony(&self, request: &str) {
        for keeper in ["a", "b"] {
            let told = self.hq(&["root", "show", request]);
            let told = told.lines().find_map(|line| line.strip_prefix("fingerprint")).unwrap().trim().to_owned();
            let mut command = Command::new(programs::ours("checkpoint-hq"));
            let out = format!("{keeper}.signed");
            command.args(["root", "sign", "--stick", keeper, request, "--out", &out]).current_dir(self.folder.path());
            let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            std::io::Write::write_all(&mut child.stdin.take().unwrap(), format!("{told}\n").as_bytes()).unwrap();
            assert!(child.wait().unwrap().success());
        }
        self.hq(&["root", "add", "tver", "a.signed", "b.signed"]);
    }

    /// A region whose publishing, receipt and issuing keys are in the token.
    fn founded() -> Self {
        let desk = Self::new();
        for keeper in ["a", "b"] {
            std::fs::create_dir(desk.path(keeper)).unwrap();
            desk.hq(&["root", "key", "--stick", keeper, "--no-passphrase"]);
        }
        let (publishing, receipt, issuing) = (desk.uri("publishing"), desk.uri("receipt"), desk.uri("issuing"));
        desk.hq(&[
            "init",
            "tver",
            "--region",
            "RU-TVE",
            "--name",
            "Тверская область",
            "--territory",
            "69",
            "--publishing",
            &publishing,
            "--receipt",
            &receipt,
            "--issuing",
            &issuing,
            "--roots",
            "a/root.pub",
            "b/root.pub",
        ]);
        desk.ceremony("tver/root-1.request");
        desk
    }

    /// Names other publishing keys in `region.toml`.
    fn name(&self, places: &[&str]) {
        let path = self.path("tver/region.toml");
        let text = std::fs::read_to_string(&path).unwrap();
        let list: Vec<String> = places.iter().map(|place| format!("\"{place}\"")).collect();
        let line = format!("publishing = [{}]", list.join(", "));
        let changed: Vec<&str> =
            text.lines().map(|old| if old.starts_with("publishing = ") { line.as_str() } else { old }).collect();
        std::fs::write(&path, changed.join("\n") + "\n").unwrap();
    }
}

#[test]
fn a_region_publishes_and_issues_with_keys_that_never_leave_their_token() {
    let desk = Desk::founded();
    assert!(desk.hq(&["release", "tver"]).contains("release 1 "));
    let kept = programs::files(&desk.path("tver/keys"));
    let names: Vec<_> = kept.iter().filter_map(|path| path.file_name()?.to_str()).collect();
    assert_eq!(
        names,
        ["command.key", "sealing.key", "uses.key"],
        "what a running HQ works with; all else is in the token"
    );
    let issued =
        desk.hq(&["issue", "tver", "--kind", "work", "--plate", "A123BC69", "--valid-for", "1d", "--out", "passes"]);
    assert!(!issued.is_empty());

    // The next key stands in region.toml before the ceremony, and serves from it on.
    let (first, next) = (desk.uri("publishing"), desk.uri("spare"));
    desk.name(&[&first, &next]);
    assert!(desk.hq(&["release", "tver"]).contains("release 2 "));
    desk.hq(&["root", "rotate", "tver", "--publishing", &next]);
    desk.ceremony("tver/root-2.request");
    desk.name(&[&next]);
    assert!(desk.hq(&["release", "tver"]).contains("release 3 "));
}

#[test]
fn what_is_wrong_with_a_token_is_said_by_its_code() {
    let desk = Desk::founded();
    let pin = format!("&pin-source=file:{}", desk.path("pin").display());
    let wrong = format!("&pin-source=file:{}", desk.path("wrong-pin").display());
    let nowhere = format!("&pin-source=file:{}", desk.path("no-pin").display());
    for (place, code) in [
        (desk.uri_with("Another", "publishing", &pin), "token-absent"),
        (desk.uri_with("HQ", "publishing", &wrong), "wrong-pin"),
        (desk.uri_with("HQ", "publishing", &nowhere), "pin-source"),
        (desk.uri_with("HQ", "publishing", ""), "pin-needed"),
        (desk.uri_with("HQ", "nothing", &pin), "key-absent"),
        (desk.uri_with("HQ", "p256", &pin), "not-ed25519"),
        (desk.uri_with("HQ", "spare", &pin), "not-in-root"),
        (desk.uri("publishing").replace(".so", ".none"), "token-module"),
        ("credential:publishing".to_owned(), "no-credential"),
    ] {
        desk.name(&[&place]);
        let said = desk.refused(&["release", "tver"]);
        assert!(said.contains(&format!("[{code}]")), "{code}: {said}");
    }
    // One that does not open is passed over as long as another serves.
    desk.name(&[&desk.uri_with("Another", "publishing", &pin), &desk.uri("publishing")]);
    desk.hq(&["release", "tver"]);
}

#[test]
fn systemd_hands_over_a_key_and_the_pin_of_a_token() {
    let desk = Desk::founded();
    std::fs::create_dir(desk.path("credentials")).unwrap();
    std::fs::copy(desk.path("pin"), desk.path("credentials/pin")).unwrap();
    desk.name(&[&desk.uri_with("HQ", "publishing", "&pin-source=credential:pin")]);
    desk.hq(&["release", "tver"]);

    desk.hq(&["root", "rotate", "tver", "--publishing", "new"]);
    desk.ceremony("tver/root-2.request");
    // What LoadCredentialEncrypted= would have decrypted.
    std::fs::rename(desk.path("tver/keys/publishing-2.key"), desk.path("credentials/publishing")).unwrap();
    desk.name(&["credential:publishing"]);
    assert!(desk.hq(&["release", "tver"]).contains("release 2 "));
}
