//! `checkpoint-hq box enrol`: answer a box that shows its request.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use reader::{Reader, Settings};

use super::{Desk, now};
use crate::enrol::{self, Answer, Asked};
use crate::run::Shown;
use crate::span::{self, Span};
use crate::{Addresses, Error};

/// Longest file that is looked at for a request: a message, or its text with what a mail adds.
const LONGEST_FILE: u64 = 64 * 1024;

/// Processor time for finding the code in a photograph: somebody waits, and no next frame comes.
const PATIENCE: Duration = Duration::from_secs(10);

/// Names of what is written.
const FOR_STICK: &str = "enrolment.mpe";
const FOR_PASTE: &str = "enrolment.txt";
const FOR_PHONE: &str = "enrolment.html";

/// Enrol a box by the request on its panel: a photograph of the code, its text, or a file of a stick
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    checkpoint-hq box enrol tver --picture panel.jpg --out m10-km178\n  \
    checkpoint-hq box enrol tver --request 'MPE1:…' --out m10-km178 --yes\n  \
    checkpoint-hq box enrol tver /media/stick/request.mpe --out m10-km178 \\\n    \
    --broker hq.example:8883 --release https://hq.example:8443/release --renewal https://hq.example:8443/renew\n\n\
    Into --out it writes enrolment.mpe (for a stick), enrolment.txt (to be pasted) and enrolment.html (a page for\n\
    a phone that shows it to the box's camera). Any one of them is enough; none of them is secret.")]
#[group(id = "from", required = true, multiple = false, args = ["request", "picture", "file"])]
pub struct Args {
    #[command(flatten)]
    desk: Desk,
    /// A file with the request, as a box writes it to a stick
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// The request as text
    #[arg(long, value_name = "MPE1:…")]
    request: Option<String>,
    /// A photograph of the box's panel
    #[arg(long, value_name = "PICTURE")]
    picture: Option<PathBuf>,
    /// Folder for the answer
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// The region's broker; else as region.toml says
    #[arg(long, value_name = "HOST:PORT")]
    broker: Option<String>,
    /// Where releases are fetched; else as region.toml says
    #[arg(long, value_name = "URL")]
    release: Option<String>,
    /// Where certificates are renewed; else as region.toml says
    #[arg(long, value_name = "URL")]
    renewal: Option<String>,
    /// For so long its certificates count; it renews them by itself
    #[arg(long, value_name = "SPAN", default_value = "400d")]
    life: Span,
    /// Take a box that nobody has announced
    #[arg(long)]
    new: bool,
    /// The digits were compared already
    #[arg(long)]
    yes: bool,
}

/// Enrols, after the digits were compared.
pub(super) fn enrol(args: &Args) -> Result<(), Error> {
    let region = args.desk.open()?;
    let asked = region.asked(&message(args)?, args.new)?;
    println!("box         {} of {}", asked.name(), region.id());
    println!("signs with  {}", trust::format::hex(asked.key().as_bytes()));
    println!("digits      {}", asked.digits());
    if !args.yes && !confirmed(&asked) {
        return Err(enrol::Error::Unconfirmed.into());
    }
    let Args { broker, release, renewal, .. } = args;
    let at = Addresses { broker: broker.clone(), release: release.clone(), renewal: renewal.clone() };
    let answer = region.enrol(&asked, &at, args.life.seconds(), &args.desk.by, now())?;
    write(&asked, &answer, &args.out)?;
    println!("certificate until {}", span::shown(answer.not_after, region.settings().zone));
    if !answer.has_pepper {
        println!("register    this region has none yet: the box gets its secret when there is one");
    }
    let out = |name| args.out.join(name).display().to_string();
    println!("to the box  {} on a stick, or {} as text,", out(FOR_STICK), out(FOR_PASTE));
    println!("            or {} on a phone, held before its camera", out(FOR_PHONE));
    Ok(())
}

/// What was handed in.
fn message(args: &Args) -> Result<Vec<u8>, Error> {
    if let Some(text) = &args.request {
        return Ok(text.clone().into_bytes());
    }
    if let Some(picture) = &args.picture {
        return photographed(picture);
    }
    let file = args.file.as_deref().unwrap_or(Path::new(""));
    let length = std::fs::metadata(file).map_err(Error::file(file))?.len();
    if length > LONGEST_FILE {
        return Err(enrol::Error::NoRequest.into());
    }
    std::fs::read(file).map_err(Error::file(file))
}

/// The request in a photograph.
fn photographed(picture: &Path) -> Result<Vec<u8>, Error> {
    let frame = board::still(picture).map_err(|fault| Error::file(picture)(std::io::Error::other(fault)))?;
    let mut reader = Reader::new(Settings { budget: PATIENCE, deadline: PATIENCE, worker: None });
    let codes = reader.look(&frame).codes;
    let found = codes.into_iter().map(|code| code.text).find(|text| text.starts_with(wire::enrol::PREFIX));
    Ok(found.ok_or(enrol::Error::NoRequest)?.into_bytes())
}

fn confirmed(asked: &Asked) -> bool {
    print!("Does the panel of {} show these digits? y/N ", asked.name());
    let mut answer = String::new();
    // Whoever cannot answer has not said yes.
    let heard = std::io::stdout().flush().is_ok() && std::io::stdin().read_line(&mut answer).is_ok();
    heard && matches!(answer.trim(), "y" | "Y" | "yes" | "д" | "да")
}

fn write(asked: &Asked, answer: &Answer, out: &Path) -> Result<(), Error> {
    std::fs::create_dir_all(out).map_err(Error::file(out))?;
    let put = |name: &str, bytes: &[u8]| {
        let path = out.join(name);
        std::fs::write(&path, bytes).map_err(Error::file(&path))
    };
    let name = asked.name();
    let (ru, en) = (format!("Пост {name}: ввод в строй"), format!("Box {name}: enrolment"));
    put(FOR_STICK, &answer.bundle)?;
    put(FOR_PASTE, format!("{}\n", wire::enrol::text(&answer.bundle)).as_bytes())?;
    put(FOR_PHONE, Shown::new(&answer.bundle)?.page((&ru, &en)).as_bytes())
}
