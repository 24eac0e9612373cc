//! What stands in `policy.toml`, key by key. What is said of a key here is what the schema and `docs/policy.md` say.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::span::Span;

/// The rules of a region.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// Formats of passes that boxes read: "MP1" (our own), "HC1" (EU), "NZCP" (New Zealand), "SHC" (SMART Health
    /// Cards), "VDS-NC"; and those that the register knows: "link", "code", "card", "plate" (a plate alone). What is
    /// not named is refused with a reason of its own.
    pub formats: Vec<String>,
    /// For how long the same pass at the same box is the same crossing, and not a second one. Without it, the box's
    /// own setting counts.
    pub grace: Option<Span>,
    /// How old knowledge may be.
    pub freshness: Freshness,
    /// The officer's shift.
    #[serde(default)]
    pub shift: Shift,
    /// How often codes may be tried that nobody knows.
    pub attempts: Option<Attempts>,
    /// One block for each kind of pass. A kind without a block is not admitted.
    #[serde(default, rename = "kind")]
    pub kinds: Vec<Kind>,
    /// One block for each form of links that the register knows. A link is looked up and never opened.
    #[serde(default, rename = "link")]
    pub links: Vec<Link>,
    /// One block for each form of codes that the register knows: typed, read out or printed.
    #[serde(default, rename = "code")]
    pub codes: Vec<Code>,
    /// One block for each form of numbers of transport cards that the register knows.
    #[serde(default, rename = "card")]
    pub cards: Vec<Card>,
    /// One block for each sort of people who need no pass: a key with a reason on the panel, counted in the journal.
    #[serde(default, rename = "exemption")]
    pub exemptions: Vec<Exemption>,
    /// How those are registered who arrive without a pass. Without it they are not.
    pub arrivals: Option<Arrivals>,
    /// One block for each purpose for which somebody may declare a trip at the checkpoint.
    #[serde(default, rename = "trip")]
    pub trips: Vec<Purpose>,
    /// One block for each sort of device that reads plates. A sort without a block is believed nothing.
    #[serde(default, rename = "plates")]
    pub plates: Vec<Plates>,
    /// One block for each country by whose published rules certificates are accepted (`checkpoint-hq import rules`).
    /// Certificates of kinds without such a block are accepted when their signature holds and they have not ended.
    /// What stands in the register is the region's own word and is not asked about; certificates that are not the EU's
    /// stay open, for the officer.
    #[serde(default, rename = "acceptance")]
    pub acceptance: Vec<Acceptance>,
}

/// How old knowledge may be.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Freshness {
    /// For so long after its issue a release counts as fresh: a pass with an unknown key, or that the register does
    /// not know, is refused. After it the officer checks, since a newer release may know it.
    pub fresh_for: Span,
    /// After so long every verdict that would admit says "check: knowledge is old".
    pub old_after: Span,
    /// After so long without word of other boxes, a pass that may be used only so often says "check: used elsewhere
    /// perhaps". Without it, never.
    pub uses_old_after: Option<Span>,
    /// Bounds of their own for the keys of issuers.
    pub keys: Option<Part>,
    /// Bounds of their own for the lists of our passes.
    pub status: Option<Part>,
    /// Bounds of their own for these rules.
    pub policy: Option<Part>,
    /// Bounds of their own for the sets of revoked certificates.
    pub ids: Option<Part>,
    /// Bounds of their own for revocations of whole batches.
    pub rules: Option<Part>,
    /// Bounds of their own for the register.
    pub register: Option<Part>,
    /// Bounds of their own for orders.
    pub orders: Option<Part>,
    /// Bounds of their own for the rules by which certificates are accepted.
    pub acceptance: Option<Part>,
}

/// Bounds of one part of knowledge.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// As above, for this part alone.
    pub fresh_for: Option<Span>,
    /// As above, for this part alone.
    pub old_after: Option<Span>,
}

/// The officer's shift.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Shift {
    /// Whether an officer must have signed in with a service card before anything is judged.
    pub required: bool,
}

/// How often codes may be tried.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Attempts {
    /// So many that nobody knows. After that none is looked up until the time is over.
    pub tries: u64,
    /// Within so long.
    pub within: Span,
}

/// A kind of pass.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Kind {
    /// Its number in passes; never reused. 1001, 1002 and 1003 are the certificates of vaccination, test and recovery.
    pub number: u16,
    /// Its name for commands: lower-case letters, digits and '-'.
    pub code: String,
    /// Its name on the panel, in Russian.
    pub ru: String,
    /// Its name on the panel, in English.
    pub en: String,
    /// Whether boxes admit it at present. Taking a whole kind out of traffic is this one word.
    pub admitted: bool,
    /// The best verdict of it: "admit", or "check" when the officer has to compare another fact every time, because
    /// the pass does not say enough to be sure.
    #[serde(default)]
    pub best: Best,
    /// The plate: "required" (the pass must bind one), "if-bound" (compared when the pass binds one) or "ignored".
    pub plate: Plate,
    /// Whether the officer compares the document every time, even when everything else is proven.
    pub compare_document: bool,
    /// For how long it is valid when `issue` is not told another.
    pub valid_for: Option<Span>,
    /// Until when passes of it are valid at most, whatever they say: "2020-04-30T23:59:59+03:00".
    /// An order to extend passes moves it.
    pub valid_until: Option<String>,
    /// How often a pass of it may be used. Where the pass itself says less, that counts.
    pub limits: Option<Limits>,
    /// What must hold beyond this table, in CEL.
    pub condition: Option<String>,
}

/// The best verdict of a kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Best {
    /// Green, when everything is proven.
    #[default]
    Admit,
    /// The officer compares another fact every time.
    Check,
}

/// How the plate matters.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Plate {
    /// Compared when the pass binds one.
    IfBound,
    /// The pass must bind one.
    Required,
    /// Not looked at.
    Ignored,
}

/// How often a pass may be used; what is absent does not limit.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Trips in all, or within `within`.
    pub trips: Option<u64>,
    /// Whole days within which `trips` are counted.
    pub within: Option<Span>,
    /// Trips a day, by the clock of the checkpoint.
    pub per_day: Option<u64>,
    /// Minutes that one trip takes: whoever comes again within them is on the same trip.
    pub minutes: Option<u64>,
}

/// A form of links.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// Its name: lower-case letters, digits and '-'. The register's keys are made with it, so it is never changed.
    pub name: String,
    /// The host, in lower-case ASCII, compared exactly. Look-alikes are refused.
    pub host: String,
    /// What stands between the host and the identifier, with both slashes.
    pub path: String,
    /// What the identifier looks like.
    pub id: Id,
    /// Whether a query may follow. It is not looked at.
    #[serde(default)]
    pub query: bool,
    /// Whether `http://` will do as well. Nothing is opened, so nothing depends on it.
    #[serde(default)]
    pub http: bool,
}

/// What an identifier looks like: "uuid", { digits = 16 }, or { token = { min = 10, max = 24 } }.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Id {
    /// A UUID.
    Uuid,
    /// So many digits.
    Digits(u8),
    /// ASCII letters, digits, '-' and '_', so many.
    #[serde(rename = "token")]
    Token {
        /// At least.
        min: u8,
        /// At most.
        max: u8,
    },
}

/// A form of codes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Code {
    /// Its name: lower-case letters, digits and '-'. The register's keys are made with it, so it is never changed.
    pub name: String,
    /// Its characters, in capitals, 10 to 64. What only looks like one of them is read as it.
    pub alphabet: String,
    /// How many characters it has, spaces and hyphens apart.
    pub length: u8,
    /// How it is checked in itself.
    #[serde(default)]
    pub check: Check,
    /// What it says by itself; it is shown as a claim, since nothing proves it.
    #[serde(default)]
    pub claims: Claims,
}

/// What a code says by itself.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Claims {
    /// Nothing.
    #[default]
    None,
    /// It begins with the day and the month until which it is valid.
    ExpiryDdMm,
}

/// A check digit.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Check {
    /// None.
    #[default]
    None,
    /// The last character, after Luhn.
    Luhn,
    /// The last two digits, ISO/IEC 7064 MOD 97-10.
    Mod97,
}

/// A form of numbers of cards.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Card {
    /// Its name: lower-case letters, digits and '-'. The register's keys are made with it, so it is never changed.
    pub name: String,
    /// Fewest and most digits.
    pub digits: (u8, u8),
    /// How it is checked in itself.
    #[serde(default)]
    pub check: Check,
}

/// People who need no pass.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Exemption {
    /// Its name in the journal: lower-case letters, digits and '-'.
    pub code: String,
    /// Who they are and what the officer looks at, in Russian.
    pub ru: String,
    /// The same in English.
    pub en: String,
}

/// Those who arrive without a pass.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Arrivals {
    /// For how many days they stay where they say.
    pub days: u64,
    /// Places they may name, to be picked on the panel instead of spelled.
    #[serde(default)]
    pub places: Vec<String>,
    /// One block for each purpose they may come for.
    #[serde(default, rename = "purpose")]
    pub purposes: Vec<Purpose>,
}

/// A purpose that somebody gives.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Purpose {
    /// Its name in the journal: lower-case letters, digits and '-'.
    pub code: String,
    /// Its name on the panel, in Russian.
    pub ru: String,
    /// Its name on the panel, in English.
    pub en: String,
    /// For how long it is good, in whole minutes.
    pub valid_for: Option<Span>,
}

/// A sort of device that reads plates.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Plates {
    /// Its sort, as the box's settings name it: "hikvision", "frigate", "axis" or "json".
    pub source: String,
    /// The confidence from which on its readings count, 0.0 to 1.0. Below it a reading is only a hint.
    pub least: f64,
    /// Whether a reading that agrees counts as the officer's yes to the plate.
    #[serde(default)]
    pub may_agree: bool,
}

/// A country by whose rules certificates are accepted.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Acceptance {
    /// Its two letters.
    pub country: String,
    /// Codes of the kinds of certificates for which its rules count.
    pub kinds: Vec<String>,
}
