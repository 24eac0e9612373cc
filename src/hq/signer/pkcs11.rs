//! A key in a token (PKCS#11), named by its URI (RFC 7512): it never leaves the token.
//!
//! The maker's module is loaded while running; nothing is linked. A PIN stands in no URI, only where to find
//! it. A wrong PIN is tried once: tokens lock themselves. What a token has signed is checked under the public
//! half before anybody gets it.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::RvError;
use cryptoki::mechanism::Mechanism;
use cryptoki::mechanism::eddsa::{EddsaParams, EddsaSignatureScheme};
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::{Slot, TokenInfo};
use cryptoki::types::AuthPin;
use ed25519_dalek::{Signature, VerifyingKey};
use wire::sign::{TrySigner, Unsigned};
use zeroize::Zeroizing;

use super::{Error, credential};

/// CKA_EC_PARAMS of Ed25519: its OID 1.3.101.112 (RFC 8410), or the curve's name (PKCS#11 3.0, 6.3.3).
const CURVE: [&[u8]; 2] = [b"\x06\x03\x2b\x65\x70", b"\x13\x0cedwards25519"];

/// CKA_EC_POINT: an OCTET STRING of 32 bytes; some modules leave its header out.
const POINT: &[u8] = b"\x04\x20";

/// Where a key is: what the token and the key are called, which module speaks to it, where its PIN is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Uri {
    token: Option<String>,
    manufacturer: Option<String>,
    model: Option<String>,
    serial: Option<String>,
    object: Option<String>,
    id: Option<Vec<u8>>,
    module: PathBuf,
    pin: Option<Pin>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Pin {
    File(PathBuf),
    Credential(String),
}

impl Uri {
    /// Reads what stands behind `pkcs11:`.
    pub(super) fn parse(rest: &str) -> Result<Self, Error> {
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        // The query may hold a PIN, which must not get into any log.
        let wrong = |problem| Error::Place { place: format!("pkcs11:{path}"), problem };
        let mut uri = Self::default();
        let mut seen = Vec::new();
        for pair in path.split(';').chain(query.split('&')).filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').ok_or_else(|| wrong("each part is NAME=VALUE"))?;
            if seen.contains(&name) {
                return Err(wrong("a part stands twice"));
            }
            seen.push(name);
            let bytes = unescape(value).ok_or_else(|| wrong("a % is followed by two hexadecimal digits"))?;
            if name == "id" {
                uri.id = Some(bytes);
                continue;
            }
            let text = String::from_utf8(bytes).map_err(|_| wrong("a part is no text"))?;
            match name {
                "token" => uri.token = Some(text),
                "manufacturer" => uri.manufacturer = Some(text),
                "model" => uri.model = Some(text),
                "serial" => uri.serial = Some(text),
                "object" => uri.object = Some(text),
                "type" if text == "private" => {}
                "type" => return Err(wrong("only type=private signs")),
                "module-path" if Path::new(&text).is_absolute() => uri.module = text.into(),
                "module-path" => return Err(wrong("module-path is absolute")),
                "pin-source" => uri.pin = Some(Pin::parse(&text).map_err(wrong)?),
                "pin-value" => return Err(wrong("a PIN does not stand in a URI: use pin-source=file:/…")),
                _ => return Err(wrong("a part is not known here")),
            }
        }
        if uri.object.is_none() && uri.id.is_none() {
            return Err(wrong("object= or id= names the key"));
        }
        if uri.module.as_os_str().is_empty() {
            return Err(wrong("module-path=/… names the maker's module"));
        }
        Ok(uri)
    }

    /// The whole URI.
    pub(super) fn written(&self) -> String {
        let parts = [
            ("token", &self.token),
            ("manufacturer", &self.manufacturer),
            ("model", &self.model),
            ("serial", &self.serial),
            ("object", &self.object),
        ];
        let named =
            |(name, value): (&str, &Option<String>)| Some(format!("{name}={}", escape(value.as_ref()?.as_bytes())));
        let id = self.id.as_ref().map(|id| format!("id={}", escape(id)));
        let path: Vec<String> = parts.into_iter().filter_map(named).chain(id).collect();
        let pin = match &self.pin {
            Some(Pin::File(path)) => format!("&pin-source=file:{}", escape(path.as_os_str().as_encoded_bytes())),
            Some(Pin::Credential(name)) => format!("&pin-source=credential:{name}"),
            None => String::new(),
        };
        let module = escape(self.module.as_os_str().as_encoded_bytes());
        format!("pkcs11:{}?module-path={module}{pin}", path.join(";"))
    }

    /// What the token is called, for people.
    fn token(&self) -> String {
        let named = [&self.token, &self.serial, &self.model, &self.manufacturer].into_iter().flatten().next();
        named.cloned().unwrap_or_else(|| "any".to_owned())
    }

    /// What the key is called, for people.
    fn key(&self) -> String {
        self.object.clone().unwrap_or_else(|| self.id.iter().flatten().map(|byte| format!("{byte:02x}")).collect())
    }

    fn fits(&self, info: &TokenInfo) -> bool {
        let fits =
            |wanted: &Option<String>, found: &str| wanted.as_ref().is_none_or(|wanted| wanted == found.trim_end());
        fits(&self.token, info.label())
            && fits(&self.manufacturer, info.manufacturer_id())
            && fits(&self.model, info.model())
            && fits(&self.serial, info.serial_number())
    }

    /// What finds the key in the token.
    fn template(&self, class: ObjectClass) -> Vec<Attribute> {
        let id = self.id.clone().map(Attribute::Id);
        let label = self.object.as_ref().map(|name| Attribute::Label(name.as_bytes().to_vec()));
        [Attribute::Class(class)].into_iter().chain(id).chain(label).collect()
    }
}

/// As it may be shown: without where the PIN is.
impl fmt::Display for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "pkcs11:token={};object={}", self.token(), self.key())
    }
}

impl Pin {
    fn parse(text: &str) -> Result<Self, &'static str> {
        match text.split_once(':') {
            Some(("credential", name)) if credential::is_name(name) => Ok(Self::Credential(name.to_owned())),
            Some(("file", path)) if Path::new(path).is_absolute() => Ok(Self::File(path.into())),
            None if Path::new(text).is_absolute() => Ok(Self::File(text.into())),
            _ => Err("pin-source is file:/PATH or credential:NAME"),
        }
    }

    fn read(&self) -> Result<AuthPin, Error> {
        let path = match self {
            Self::File(path) => path.clone(),
            Self::Credential(name) => credential::path(name)?,
        };
        let text = std::fs::read_to_string(&path).map(Zeroizing::new);
        let text = text.map_err(|source| Error::PinSource { from: path.display().to_string(), source })?;
        Ok(AuthPin::from(text.trim_end_matches(['\r', '\n'])))
    }
}

/// Undoes percent-encoding (RFC 3986 §2.1).
fn unescape(text: &str) -> Option<Vec<u8>> {
    let mut bytes = text.bytes();
    let mut out = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let mut digit = || bytes.next().and_then(|c| char::from(c).to_digit(16));
            out.push(u8::try_from(digit()? << 4 | digit()?).ok()?);
        } else {
            out.push(byte);
        }
    }
    Some(out)
}

/// Percent-encoding of whatever is not plain.
fn escape(bytes: &[u8]) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~/".contains(&byte);
    bytes.iter().map(|&b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

/// A key in a token, logged in.
pub(crate) struct Token {
    uri: Uri,
    public: VerifyingKey,
    open: Mutex<Opened>,
}

/// A session serves one thread at a time.
struct Opened {
    session: Session,
    key: ObjectHandle,
}

impl Token {
    /// Finds the token, logs in, finds the key and its public half.
    pub(super) fn open(uri: &Uri) -> Result<Self, Error> {
        let opened = open(uri)?;
        let public = public(uri, &opened)?;
        Ok(Self { uri: uri.clone(), public, open: Mutex::new(opened) })
    }

    fn opened(&self) -> MutexGuard<'_, Opened> {
        // The token, not this process, keeps what matters.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn signed(&self, message: &[u8]) -> Result<[u8; 64], Error> {
        let mechanism = Mechanism::Eddsa(EddsaParams::new(EddsaSignatureScheme::Ed25519));
        let mut opened = self.opened();
        let mut made = opened.session.sign(&mechanism, opened.key, message);
        if made.as_ref().is_err_and(is_gone) {
            // It was pulled out, or its daemon began anew, and may be back.
            *opened = open(&self.uri)?;
            made = opened.session.sign(&mechanism, opened.key, message);
        }
        let made = made.map_err(failed(&self.uri, "signing"))?;
        let other = || Error::OtherPair { token: self.uri.token(), key: self.uri.key() };
        let signature = Signature::from_slice(&made).map_err(|_| other())?;
        self.public.verify_strict(message, &signature).map_err(|_| other())?;
        Ok(signature.to_bytes())
    }
}

impl TrySigner for Token {
    fn public_key(&self) -> VerifyingKey {
        self.public
    }

    fn try_sign(&self, message: &[u8]) -> Result<[u8; 64], Unsigned> {
        self.signed(message).map_err(|error| Unsigned(Box::new(error)))
    }
}

/// A module is loaded and begun once in a process, whoever needs it (PKCS#11 3.0, 5.4): hence the one place
/// here that every thread shares.
fn module(path: &Path) -> Result<Pkcs11, Error> {
    static LOADED: Mutex<BTreeMap<PathBuf, Pkcs11>> = Mutex::new(BTreeMap::new());
    let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(module) = loaded.get(path) {
        return Ok(module.clone());
    }
    let failed = |source| Error::Module { path: path.to_owned(), source };
    let module = Pkcs11::new(path).map_err(failed)?;
    module.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)).map_err(failed)?;
    loaded.insert(path.to_owned(), module.clone());
    Ok(module)
}

fn open(uri: &Uri) -> Result<Opened, Error> {
    let module = module(&uri.module)?;
    let (slot, info) = token(&module, uri)?;
    let session = module.open_ro_session(slot).map_err(failed(uri, "opening a session"))?;
    if info.login_required() {
        login(&session, uri, &info)?;
    }
    let found =
        session.find_objects(&uri.template(ObjectClass::PRIVATE_KEY)).map_err(failed(uri, "looking for the key"))?;
    match found[..] {
        [key] => Ok(Opened { session, key }),
        [] => Err(Error::KeyAbsent { token: uri.token(), key: uri.key() }),
        _ => Err(Error::SeveralKeys { token: uri.token(), key: uri.key() }),
    }
}

fn token(module: &Pkcs11, uri: &Uri) -> Result<(Slot, TokenInfo), Error> {
    let slots = module.get_slots_with_initialized_token().map_err(failed(uri, "listing the tokens"))?;
    // One that is pulled out while it is asked is as good as absent.
    let tokens = slots.into_iter().filter_map(|slot| Some((slot, module.get_token_info(slot).ok()?)));
    let mut fitting = tokens.filter(|(_, info)| uri.fits(info));
    let found = fitting.next().ok_or_else(|| Error::TokenAbsent(uri.token()))?;
    if fitting.next().is_some() { Err(Error::SeveralTokens(uri.token())) } else { Ok(found) }
}

fn login(session: &Session, uri: &Uri, info: &TokenInfo) -> Result<(), Error> {
    if info.user_pin_locked() {
        return Err(Error::PinLocked(uri.token()));
    }
    let pin = match &uri.pin {
        Some(pin) => Some(pin.read()?),
        // It has a keypad of its own.
        None if info.protected_authentication_path() => None,
        None => return Err(Error::PinNeeded(uri.token())),
    };
    let refused = match session.login(UserType::User, pin.as_ref()) {
        Ok(()) => return Ok(()),
        Err(error) => error,
    };
    match refused {
        // Another key of the same token is in use: a login is the process's, not the session's.
        cryptoki::error::Error::Pkcs11(RvError::UserAlreadyLoggedIn, _) => Ok(()),
        cryptoki::error::Error::Pkcs11(RvError::PinIncorrect | RvError::PinInvalid | RvError::PinLenRange, _) => {
            Err(Error::WrongPin(uri.token()))
        }
        cryptoki::error::Error::Pkcs11(RvError::PinLocked, _) => Err(Error::PinLocked(uri.token())),
        other => Err(failed(uri, "logging in")(other)),
    }
}

/// The public half, which stands beside the private one under the same id.
fn public(uri: &Uri, opened: &Opened) -> Result<VerifyingKey, Error> {
    let Opened { session, key } = opened;
    let not_ours = || Error::NotEd25519 { token: uri.token(), key: uri.key() };
    let ask = |object, wanted: &[AttributeType]| {
        session.get_attributes(object, wanted).map_err(failed(uri, "reading about the key"))
    };
    let mut id = None;
    for attribute in ask(*key, &[AttributeType::KeyType, AttributeType::Id])? {
        match attribute {
            Attribute::KeyType(kind) if kind != KeyType::EC_EDWARDS => return Err(not_ours()),
            Attribute::Id(found) => id = Some(found),
            _ => {}
        }
    }
    let beside = Uri { id: id.filter(|id| !id.is_empty()).or_else(|| uri.id.clone()), ..uri.clone() };
    // Beside means by id; the name may differ, and counts only where there is no id.
    let beside = if beside.id.is_some() { Uri { object: None, ..beside } } else { beside };
    let found = session.find_objects(&beside.template(ObjectClass::PUBLIC_KEY));
    let found = found.map_err(failed(uri, "looking for the public key"))?;
    let object = match found[..] {
        [object] => object,
        [] => return Err(Error::NoPublicHalf { token: uri.token(), key: uri.key() }),
        _ => return Err(Error::SeveralKeys { token: uri.token(), key: uri.key() }),
    };
    let mut point = None;
    for attribute in ask(object, &[AttributeType::EcParams, AttributeType::EcPoint])? {
        match attribute {
            Attribute::EcParams(curve) if !CURVE.contains(&&curve[..]) => return Err(not_ours()),
            Attribute::EcPoint(found) => point = Some(found),
            _ => {}
        }
    }
    let point = point.ok_or_else(not_ours)?;
    let point = point.strip_prefix(POINT).unwrap_or(&point);
    let key = <&[u8; 32]>::try_from(point).ok().and_then(|point| VerifyingKey::from_bytes(point).ok());
    key.filter(|key| !key.is_weak()).ok_or_else(not_ours)
}

/// Whether a new session may help.
fn is_gone(error: &cryptoki::error::Error) -> bool {
    let cryptoki::error::Error::Pkcs11(said, _) = error else { return false };
    matches!(
        said,
        RvError::SessionHandleInvalid
            | RvError::SessionClosed
            | RvError::DeviceRemoved
            | RvError::TokenNotPresent
            | RvError::UserNotLoggedIn
            | RvError::KeyHandleInvalid
            | RvError::ObjectHandleInvalid
    )
}

fn failed(uri: &Uri, action: &'static str) -> impl Fn(cryptoki::error::Error) -> Error + use<> {
    let token = uri.token();
    move |source| match source {
        cryptoki::error::Error::Pkcs11(RvError::TokenNotPresent | RvError::DeviceRemoved, _) => {
            Error::TokenAbsent(token.clone())
        }
        source => Error::Token { token: token.clone(), action, source },
    }
}
