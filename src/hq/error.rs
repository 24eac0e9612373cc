//! What can go wrong at HQ.

use std::path::{Path, PathBuf};

/// Each variant names what failed and keeps its cause. [`Error::code`] is stable.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A region is founded once; its folder must not be there yet.
    #[error("{0} is there already, and a region is never founded over something")]
    FolderExists(PathBuf),
    /// The folder holds no region.
    #[error("{0} is not a region's folder; `checkpoint-hq init` makes one")]
    NotARegion(PathBuf),
    /// The system refused a file.
    #[error("{path} cannot be read or written")]
    File {
        /// The file.
        path: PathBuf,
        /// The system's word.
        source: std::io::Error,
    },
    /// `region.toml` says something that cannot be.
    #[error("{path} is wrong: {detail}")]
    Settings {
        /// The file.
        path: PathBuf,
        /// What and where.
        detail: String,
    },
    /// `policy.toml` says something that cannot be.
    #[error("{path} is wrong: {detail}")]
    Policy {
        /// The file.
        path: PathBuf,
        /// What and where.
        detail: String,
    },
    /// A key file that does not hold one key of its own purpose, or that others may read.
    #[error("the key {path} cannot be used: {problem}")]
    Key {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// Two files hold one key: a key serves one purpose.
    #[error("the keys {0} and {1} are the same, and a key serves one purpose")]
    SameKey(String, String),
    /// A key was asked to sign for a purpose that is not its own.
    #[error("the key {key} does not sign {context}")]
    Purpose {
        /// The key.
        key: String,
        /// What it was asked for.
        context: &'static str,
    },
    /// A step of the root ceremony.
    #[error(transparent)]
    Ceremony(#[from] crate::ceremony::Error),
    /// A key in a credential or a token.
    #[error("a key cannot be used")]
    Signer(#[from] crate::signer::Error),
    /// The key is there and did not sign.
    #[error("nothing was signed")]
    Unsigned(#[from] wire::sign::Unsigned),
    /// The key is not one that boxes know by the root.
    #[error("the {key} key at {place} is not named by root.{root}: nothing it signs would be believed")]
    NotInRoot {
        /// What for.
        key: String,
        /// Where it is.
        place: String,
        /// Version of the newest root.
        root: u64,
    },
    /// The region was founded from public keys and has no root yet.
    #[error("{0} waits for its first root: two keepers sign its request, and `checkpoint-hq root add` installs it")]
    Waiting(PathBuf),
    /// No randomness: nothing may be made.
    #[error("the system gives no random bytes")]
    Random,
    /// The region's database.
    #[error("{action} in hq.db failed")]
    Database {
        /// What was done.
        action: &'static str,
        /// SQLite's word.
        source: rusqlite::Error,
    },
    /// A text of the operator's that cannot stand where it should.
    #[error("the {name} {problem}")]
    Field {
        /// Which one.
        name: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// No such kind in `policy.toml`.
    #[error("policy.toml has no kind {0:?}")]
    UnknownKind(String),
    /// The kind is not admitted at present, so no box would let its passes through.
    #[error("policy.toml does not admit the kind {0} at present")]
    KindStopped(u16),
    /// No such issuer in this region.
    #[error("this region has no issuer {0:?}")]
    UnknownIssuer(String),
    /// The issuer exists already.
    #[error("the issuer {0:?} is there already")]
    IssuerExists(String),
    /// The issuer's scope does not hold the kind.
    #[error("the issuer {issuer} may not issue the kind {kind}")]
    OutOfScope {
        /// The issuer.
        issuer: String,
        /// The kind.
        kind: u16,
    },
    /// The kind needs a plate.
    #[error("passes of the kind {0} must bind a plate")]
    PlateNeeded(u16),
    /// A plate that binds nothing.
    #[error("a plate cannot be bound")]
    Plate(#[from] plate::BadBinding),
    /// Dates no pass may have.
    #[error("the dates cannot be: {0}")]
    Dates(&'static str),
    /// A reader would refuse the pass.
    #[error("such a pass could not be read")]
    Unreadable(#[source] pass::Error),
    /// More than one code of this format holds.
    #[error("the pass says too much for one code")]
    TooLong,
    /// The text does not fit into a QR code of this error correction.
    #[error("the text does not fit into a QR code")]
    Qr(#[source] qrcode::types::QrError),
    /// What a box lacks is more than a phone can show.
    #[error("{0} bytes are more than a phone can show: take a stick")]
    RunTooLong(usize),
    /// The picture cannot be written.
    #[error("the picture of the code cannot be written")]
    Picture(#[source] image::ImageError),
    /// A text whose signature is not of this region's issuers: it names nothing.
    #[error("the text is not a pass of this region")]
    NotOurs(#[source] pass::Error),
    /// Nothing with this id or index was issued here.
    #[error("no such pass was issued here")]
    UnknownPass,
    /// A revocation cannot be taken back; a suspension can.
    #[error("the pass is revoked, and that is final: issue a new one")]
    RevokedIsFinal,
    /// A pass without a place in a list: boxes know it by its id, as revoked or not at all.
    #[error("the pass has no place in a status list, so it can be revoked but not suspended or restored")]
    OnlyRevocable,
    /// No such order, or it has ended.
    #[error("there is no order {0} in force here")]
    UnknownOrder(u64),
    /// A file of the register that cannot be taken in; nothing of it was.
    #[error("nothing was taken from {path}: {problem}")]
    RegisterFile {
        /// The file.
        path: PathBuf,
        /// The rows that are wrong, a line each.
        problem: String,
    },
    /// The register holds nothing under this.
    #[error("the register holds nothing under this")]
    NotRegistered,
    /// The register cannot be written or read.
    #[error("the register cannot be used")]
    Register(#[from] trust::register::Error),
    /// A foreign certificate that cannot be trusted.
    #[error("the certificate {path} cannot be used")]
    Certificate {
        /// The file.
        path: PathBuf,
        /// Why.
        source: pass::BadCertificate,
    },
    /// The certificate does not allow any of the types asked for.
    #[error("the certificate {path} does not allow these types")]
    CertificateTypes {
        /// The file.
        path: PathBuf,
    },
    /// The name is taken by a box with another key.
    #[error(
        "the box {0} is known already, with another key: a box that lost its key, or was made ready anew, gets a new \
         name, because its journal begins anew; `checkpoint-hq box add REGION NEW-NAME` announces it"
    )]
    BoxExists(String),
    /// A box was not enrolled.
    #[error("the box was not enrolled")]
    Enrol(#[from] crate::enrol::Error),
    /// The region's certification authority.
    #[error("no certificate was issued")]
    Authority(#[from] crate::ca::Failure),
    /// The release was not published.
    #[error("the release was not published")]
    Publish(#[from] crate::publish::Error),
    /// The stick.
    #[error("there is no new release on the stick")]
    Stick(#[from] crate::stick::Error),
    /// The address for releases and pages is taken, or not this machine's.
    #[error("cannot listen on {address}")]
    Listen {
        /// Where.
        address: std::net::SocketAddr,
        /// The system's word.
        source: std::io::Error,
    },
    /// The broker.
    #[error("there is no broker")]
    Broker(#[from] crate::broker::Error),
    /// The collector.
    #[error("nothing can be collected")]
    Collector(#[from] crate::collect::Error),
    /// The ledger.
    #[error("the ledger cannot be used")]
    Ledger(#[from] crate::ledger::Error),
    /// A box's export on a stick.
    #[error("nothing was taken from the export")]
    Export(#[from] journal::export::Error),
    /// Rows are missing between those of a box that are here and those of its export.
    #[error("rows {0} to {1} of the box are missing: export them too, with --all")]
    RowsMissing(u64, u64),
    /// What was collected cannot be opened or searched.
    #[error("the crossings cannot be read")]
    Open(#[from] crate::open::Error),
    /// The system gives no thread or no event loop.
    #[error("the region cannot be put to work")]
    Start(#[source] std::io::Error),
    /// A list of others was not taken in.
    #[error("nothing was imported")]
    Import(#[from] crate::import::Error),
    /// A part of the running region ended by itself.
    #[error("a part of the running region has ended; the log says which")]
    Ended,
    /// The books hold a public key that is none.
    #[error("the books hold no sound key of the issuer {0:?}")]
    UnsoundIssuer(String),
    /// Not an Ed25519 public key in hexadecimal, or a weak one.
    #[error("the box's key is not a sound Ed25519 public key of 64 hexadecimal digits")]
    BoxKey,
}

impl Error {
    /// Stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::FolderExists(_) => "folder-exists",
            Self::NotARegion(_) => "not-a-region",
            Self::File { .. } => "file",
            Self::Settings { .. } => "settings",
            Self::Policy { .. } => "policy",
            Self::Key { .. } => "key",
            Self::SameKey(..) => "same-key",
            Self::Purpose { .. } => "purpose",
            Self::Ceremony(error) => error.code(),
            Self::Signer(error) => error.code(),
            Self::Unsigned(_) => "unsigned",
            Self::NotInRoot { .. } => "not-in-root",
            Self::Waiting(_) => "waiting-for-root",
            Self::Random => "random",
            Self::Database { .. } => "database",
            Self::Field { .. } => "field",
            Self::UnknownKind(_) => "unknown-kind",
            Self::KindStopped(_) => "kind-stopped",
            Self::UnknownIssuer(_) => "unknown-issuer",
            Self::IssuerExists(_) => "issuer-exists",
            Self::OutOfScope { .. } => "out-of-scope",
            Self::PlateNeeded(_) => "plate-needed",
            Self::Plate(_) => "plate",
            Self::Dates(_) => "dates",
            Self::Unreadable(_) => "unreadable",
            Self::TooLong => "too-long",
            Self::Qr(_) => "qr",
            Self::RunTooLong(_) => "run-too-long",
            Self::Picture(_) => "picture",
            Self::NotOurs(_) => "not-ours",
            Self::UnknownPass => "unknown-pass",
            Self::RevokedIsFinal => "revoked-is-final",
            Self::OnlyRevocable => "only-revocable",
            Self::UnknownOrder(_) => "unknown-order",
            Self::RegisterFile { .. } => "register-file",
            Self::NotRegistered => "not-registered",
            Self::Register(error) => error.code(),
            Self::Certificate { .. } => "certificate",
            Self::CertificateTypes { .. } => "certificate-types",
            Self::BoxExists(_) => "box-exists",
            Self::Enrol(error) => error.code(),
            Self::Authority(error) => error.code(),
            Self::Publish(error) => error.code(),
            Self::Stick(error) => error.code(),
            Self::Listen { .. } => "listen",
            Self::Broker(_) => "broker",
            Self::Collector(error) => error.code(),
            Self::Ledger(error) => error.code(),
            Self::Export(error) => error.code(),
            Self::RowsMissing(..) => "rows-missing",
            Self::Open(error) => error.code(),
            Self::Import(error) => error.code(),
            Self::Start(_) => "start",
            Self::Ended => "ended",
            Self::UnsoundIssuer(_) => "unsound-issuer",
            Self::BoxKey => "box-key",
        }
    }

    /// Whether HQ's own rules refused what was asked: asking again the same way will not help.
    pub const fn is_refusal(&self) -> bool {
        if let Self::Import(error) = self {
            return error.is_refusal();
        }
        !matches!(
            self,
            Self::File { .. }
                | Self::Random
                | Self::Signer(_)
                | Self::Unsigned(_)
                | Self::Database { .. }
                | Self::Listen { .. }
                | Self::Broker(_)
                | Self::Collector(_)
                | Self::Ledger(_)
                | Self::Export(_)
                | Self::RowsMissing(..)
                | Self::Open(_)
                | Self::Start(_)
                | Self::Stick(_)
                | Self::Ended
                | Self::UnsoundIssuer(_)
                | Self::Publish(crate::publish::Error::File { .. })
        )
    }

    pub(crate) fn file(path: &Path) -> impl FnOnce(std::io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::File { path, source }
    }

    pub(crate) const fn database(action: &'static str) -> impl FnOnce(rusqlite::Error) -> Self {
        move |source| Self::Database { action, source }
    }

    pub(crate) fn field(name: &'static str, problem: impl Into<String>) -> Self {
        Self::Field { name, problem: problem.into() }
    }
}
