//! `checkpointd inspect`: every step of reading a text, with its outcome, for people who wonder why.
//!
//! It shows what the pass claims, personal data included: a diagnostic on explicit request, of a text that
//! whoever asks already holds. Nothing of it is kept. It is no verdict; that is `checkpointd check`.

mod claims;
mod keys;
mod report;

use std::io::Read as _;
use std::path::PathBuf;
use std::process::ExitCode;

use keys::KeyRing;
use report::Report;

/// Show every step of decoding and verifying one text.
#[derive(clap::Args)]
#[command(
    after_help = "Steps: prefix, alphabet, inflate, cose, key, algorithm, signature, claims, usage, time. Each is held, \
                  failed with a code (docs/formats/errors.md), absent from the format, or unreached. Claims are shown \
                  whenever they can be decoded, marked as unverified unless the signature holds.\n\n\
                  Exit code: 0 when every step holds, 1 when one does not, 2 when the question makes no sense.\n\n\
                  Examples:\n  checkpointd inspect --key issuer.pub 'MP1:…'\n  \
                  checkpointd inspect --certificate signer.pem --at 2021-06-01T12:00:00Z --format json - <code.txt\n  \
                  checkpointd inspect --certificate csca.der - <seal.json"
)]
pub struct Args {
    /// A certificate that may have signed it, or of VDS-NC its signer's: a file in PEM, DER or base64, or base64 itself.
    /// May be repeated.
    #[arg(long = "certificate", value_name = "FILE|BASE64")]
    certificates: Vec<String>,
    /// A public key that may have signed it: a file in PEM or DER, or an Ed25519 key in 32 bytes or in
    /// hexadecimal. May be repeated.
    #[arg(long = "key", value_name = "FILE")]
    keys: Vec<PathBuf>,
    /// Compare the validity with this time instead of now.
    #[arg(long, value_name = "RFC3339")]
    at: Option<jiff::Timestamp>,
    /// How to show it.
    #[arg(long, value_enum, default_value_t = Shown::Text)]
    format: Shown,
    /// The text of the code, or `-` to read it from the standard input.
    #[arg(value_name = "TEXT|-")]
    text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Shown {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// Why there is nothing to inspect, or nothing to inspect it with.
#[derive(Debug, thiserror::Error)]
enum Unusable {
    #[error("{0}: cannot be read: {1}")]
    File(String, #[source] std::io::Error),
    #[error("{0}: {1}")]
    Certificate(String, #[source] pass::BadCertificate),
    #[error("{0}: neither a file nor base64")]
    NeitherFileNorBase64(String),
    #[error("{0}: {1}")]
    Key(String, #[source] pass::BadKey),
    #[error("the standard input cannot be read: {0}")]
    Input(#[source] std::io::Error),
}

/// Inspects and prints.
pub fn run(args: Args) -> ExitCode {
    match inspect(&args) {
        Ok(report) => {
            match args.format {
                Shown::Text => print!("{report}"),
                Shown::Json => println!("{:#}", report.to_json()),
            }
            ExitCode::from(u8::from(!report.holds()))
        }
        Err(error) => {
            eprintln!("checkpointd inspect: {error}");
            ExitCode::from(2)
        }
    }
}

fn inspect(args: &Args) -> Result<Report, Unusable> {
    let mut ring = KeyRing::default();
    for certificate in &args.certificates {
        ring.add_certificate(certificate)?;
    }
    for key in &args.keys {
        ring.add_key(key)?;
    }
    let at = args.at.unwrap_or_else(jiff::Timestamp::now);
    let text = if args.text == "-" { input()? } else { args.text.clone() };
    Ok(Report::new(&text, &ring, at))
}

/// The standard input, without the end of line that an editor or `echo` puts there.
fn input() -> Result<String, Unusable> {
    // More than any code holds is refused unseen: no need to read it all to say so.
    let most = 2 * pass::LONGEST_TEXT as u64;
    let mut bytes = Vec::new();
    std::io::stdin().take(most).read_to_end(&mut bytes).map_err(Unusable::Input)?;
    let text = String::from_utf8_lossy(&bytes);
    let text = text.strip_suffix('\n').map_or(&*text, |line| line.strip_suffix('\r').unwrap_or(line));
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests;
