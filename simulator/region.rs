//! The whole desk: HQ with its broker, the posts, and the passes people hold up.

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ::board::Key;
use base64ct::{Base64, Encoding as _};
use hq::serve::{self, BrokerChoice, Options};
use hq::{Founding, Region, Which};

use crate::certificates::{self, Published};
use crate::era::{BEGINS, DAY, Era};
use crate::passes::{self, Card, Shown, Sort};
use crate::phone::Phone;
use crate::play::Play;
use crate::post::{Hq, NAMES, Post};
use crate::{Error, board};

/// How long ago the region was founded: passes could be issued that have ended since.
const FOUNDED: i64 = 20 * DAY;

/// How often HQ publishes by itself.
const PUBLISH_EVERY: Duration = Duration::from_secs(300);

/// Time between a car driving up, when its plate is read, and the pass being held up.
const DRIVE_UP: Duration = Duration::from_millis(250);

/// What the region of every day adds to the rules that every region begins with: its cameras may agree.
const DEVICES: &str = "\n[[plates]]\nsource = \"hikvision\"\nleast = 0.95\nmay_agree = true\n";

/// Who does this, for HQ's audit.
const BY: &str = "simulator";

/// A region on a desk.
pub struct Desk {
    /// The time it lives in.
    pub era: Era,
    /// HQ's books and keys.
    pub region: Arc<Region>,
    /// The posts.
    pub posts: Vec<Arc<Post>>,
    stranger: Region,
    eu: Published,
    /// Another region than the one of every day.
    play: Option<Play>,
    cards: Mutex<Vec<Card>>,
    hq: Mutex<Option<serve::Running>>,
    /// One restart of HQ at a time; and how many there were.
    restarts: Mutex<u64>,
}

fn founding(code: &str, name: &str, territory: u64) -> Result<Founding, Error> {
    Ok(Founding {
        region: code.parse().map_err(|_| Error::Unknown(code.to_owned()))?,
        name: name.to_owned(),
        territory,
        utc_offset: "+03:00".to_owned(),
    })
}

impl Desk {
    /// Founds a region in an empty folder, publishes its first release and starts HQ and two posts. `say` hears
    /// how far it is.
    ///
    /// # Errors
    /// What HQ, a box or the system refuses.
    pub async fn begin(folder: &Path, play: Option<Play>, seed: u64, say: impl Fn(&str)) -> Result<Self, Error> {
        let era = play.as_ref().map_or_else(Era::begin, |play| Era::begin_at(play.begins));
        let now = era.now();
        say("founding the region and issuing passes");
        let founded = now - FOUNDED;
        let (code, name, territory) = match &play {
            Some(play) => (play.region.as_str(), play.name.as_str(), play.territory),
            None => ("RU-TVE", "Тверская область", 69),
        };
        let region = Region::create(&folder.join("hq"), &founding(code, name, territory)?, BY, founded)?;
        let policy = match &play {
            Some(play) => play.policy.to_owned(),
            None => format!("{}{DEVICES}", hq::policy::DEFAULT),
        };
        let path = region.folder().join(hq::policy::FILE);
        std::fs::write(&path, policy).map_err(|source| Error::File { path, source })?;
        let stranger =
            Region::create(&folder.join("stranger"), &founding("RU-KOS", "Чужая область", 44)?, BY, founded)?;
        let region = Arc::new(region);
        let published = certificates::published()?;
        if play.as_ref().is_none_or(|play| play.begins >= BEGINS) {
            // Before they were signed nobody can believe them.
            trust_all(&region, &published, folder, now)?;
        }
        let cards = play.as_ref().map(|play| play.begin(&region, &published, now)).transpose()?;
        let eu = published.into_iter().next().ok_or_else(|| Error::Unknown("certificate of the EU".to_owned()))?;
        let cards = cards.map_or_else(|| passes::issue_all(&region, &stranger, &eu, now), Ok)?;
        region.publish(BY, now)?;
        say("starting HQ: publisher, broker, collector, opener");
        let (hq, address) = start_hq(&region, era.clone())?;
        let mut posts = Vec::new();
        for (at, name) in NAMES.into_iter().enumerate() {
            say(&format!("provisioning and starting the box {}", name.name));
            let folder = folder.join(name.name);
            let post = Post::begin(name, folder, &region, address, era.clone(), seed + 1000 * at as u64).await?;
            posts.push(Arc::new(post));
        }
        let (cards, hq, restarts) = (Mutex::new(cards), Mutex::new(Some(hq)), Mutex::default());
        Ok(Self { era, region, posts, stranger, eu, play, cards, hq, restarts })
    }

    /// A post by its name.
    ///
    /// # Errors
    /// [`Error::Unknown`].
    pub fn post(&self, name: &str) -> Result<&Arc<Post>, Error> {
        self.posts.iter().find(|post| post.name.name == name).ok_or_else(|| Error::Unknown(format!("box {name:?}")))
    }

    fn cards_now(&self) -> MutexGuard<'_, Vec<Card>> {
        self.cards.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Every pass there is.
    pub fn cards(&self) -> Vec<Card> {
        self.cards_now().clone()
    }

    /// A pass by its id.
    ///
    /// # Errors
    /// [`Error::Unknown`].
    pub fn card(&self, id: &str) -> Result<Card, Error> {
        let found = self.cards_now().iter().find(|card| card.name == id).cloned();
        found.ok_or_else(|| Error::Unknown(format!("pass {id:?}")))
    }

    /// A car drives up to a post, and its driver holds up a pass.
    ///
    /// # Errors
    /// [`Error::Unknown`].
    pub async fn hold(&self, post: &Post, id: &str) -> Result<(), Error> {
        let card = self.card(id)?;
        let turn = post.hands.fetch_add(1, Ordering::Relaxed) + 1;
        post.handles.hold(board::Held::Road);
        post.drive_up(&card.car);
        tokio::time::sleep(DRIVE_UP).await;
        if post.hands.load(Ordering::Relaxed) == turn {
            match card.shown {
                Shown::Keys => read_out(post, &card.text),
                Shown::Screen | Shown::Paper => post.handles.hold(in_a_hand(&card)),
            }
        }
        Ok(())
    }

    /// A phone shows a post what its box lacks of the newest release.
    ///
    /// # Errors
    /// What HQ refuses: more than a phone can show.
    pub fn play(&self, post: &Post) -> Result<(), Error> {
        let has = post.shown().and_then(|shown| shown.trust.current()).map_or(0, |release| release.sequence());
        let bundle = hq::publish::bundle(&self.region.release_folder(), has).map_err(hq::Error::from)?.encode();
        let phone = Arc::new(Phone::playing(&bundle)?);
        post.hands.fetch_add(1, Ordering::Relaxed);
        post.handles.hold(board::Held::Run(phone, Instant::now()));
        Ok(())
    }

    /// Nothing is held up any more.
    pub fn away(&self, post: &Post) {
        post.hands.fetch_add(1, Ordering::Relaxed);
        post.handles.hold(board::Held::Road);
    }

    /// Revokes a pass and publishes.
    ///
    /// # Errors
    /// What HQ refuses.
    pub fn revoke(&self, id: &str) -> Result<(), Error> {
        let card = self.card(id)?;
        let which = Which::Id(card.id.ok_or_else(|| Error::Unknown(format!("pass {id:?} of this HQ")))?);
        let now = self.era.now();
        self.region.revoke(&which, BY, now)?;
        for card in self.cards_now().iter_mut().filter(|card| card.name == id) {
            card.is_revoked = true;
        }
        self.region.publish(BY, now)?;
        Ok(())
    }

    /// Issues a pass afresh.
    ///
    /// # Errors
    /// What HQ refuses.
    pub fn renew(&self, id: &str) -> Result<(), Error> {
        let sort = self.card(id)?.sort;
        let now = self.era.now();
        let fresh = match (sort, &self.play) {
            (None, Some(play)) => play.renew(id, &self.region, now)?,
            (sort, _) => passes::issue(sort.unwrap_or(Sort::None), &self.region, &self.stranger, &self.eu, now)?,
        };
        let is_revoked = fresh.is_revoked;
        for card in self.cards_now().iter_mut().filter(|card| card.name == id) {
            *card = fresh.clone();
        }
        if is_revoked {
            self.region.publish(BY, now)?;
        }
        Ok(())
    }

    /// Publishes what there is.
    ///
    /// # Errors
    /// What HQ refuses.
    pub fn publish(&self) -> Result<(), Error> {
        self.region.publish(BY, self.era.now())?;
        Ok(())
    }

    /// HQ at work, unless it is just being started again.
    pub fn with_hq<T>(&self, ask: impl FnOnce(&serve::Running) -> T) -> Option<T> {
        self.hq.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(ask)
    }

    /// Stops HQ with its broker, and starts it again after a while. Blocks meanwhile.
    ///
    /// # Errors
    /// What HQ misses.
    pub fn restart_hq(&self, away: Duration) -> Result<(), Error> {
        let mut restarts = self.restarts.lock().unwrap_or_else(PoisonError::into_inner);
        // Taken out first: nobody who asks for HQ waits until it is back.
        let hq = self.hq.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(hq) = hq {
            hq.stop();
        }
        std::thread::sleep(away);
        let (hq, address) = start_hq(&self.region, self.era.clone())?;
        for post in &self.posts {
            post.lead_to(address);
        }
        *self.hq.lock().unwrap_or_else(PoisonError::into_inner) = Some(hq);
        *restarts += 1;
        Ok(())
    }

    /// How often HQ was started again.
    pub fn restarts(&self) -> u64 {
        *self.restarts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stops everything, boxes first.
    pub fn end(&self) {
        for post in &self.posts {
            post.plays(None);
            post.stop();
        }
        if let Some(hq) = self.hq.lock().unwrap_or_else(PoisonError::into_inner).take() {
            hq.stop();
        }
    }
}

/// A photograph fills the picture; a screen is held in a hand.
pub fn in_a_hand(card: &Card) -> board::Held {
    match card.shown {
        Shown::Paper => board::Held::Photo(card.picture.clone()),
        Shown::Screen | Shown::Keys => board::Held::Pass(card.name.clone(), card.picture.clone()),
    }
}

/// The driver reads a code out, and the officer types it.
fn read_out(post: &Post, text: &str) {
    for sign in text.chars() {
        post.handles.press(sign.to_digit(10).map_or(Key::Letter(sign), |digit| Key::Digit(digit as u8)));
    }
    post.handles.press(Key::Enter);
}

fn start_hq(region: &Arc<Region>, era: Era) -> Result<(serve::Running, Hq), Error> {
    let any = (std::net::Ipv4Addr::LOCALHOST, 0).into();
    let options = Options {
        http: any,
        https: None,
        broker: BrokerChoice::Embedded(any),
        clock: Arc::new(move || era.now()),
        publish_every: Some(PUBLISH_EVERY),
        rows_per_second: None,
    };
    let running = serve::start(region.clone(), options)?;
    let broker = running.broker_address().parse().map_err(|_| Error::Unknown("address of the broker".to_owned()))?;
    let http = running.http_address();
    Ok((running, Hq { broker, http }))
}

/// Lets HQ believe the signers of the certificates that are carried.
fn trust_all(region: &Region, published: &[Published], folder: &Path, now: i64) -> Result<(), Error> {
    let kinds = [pass::Kind::VACCINATION, pass::Kind::TEST, pass::Kind::RECOVERY];
    for one in published {
        let path: PathBuf = folder.join(format!("{}.crt", one.country));
        let der = Base64::decode_vec(&one.certificate)
            .map_err(|error| Error::Failed(format!("a certificate is not base64: {error}")))?;
        std::fs::write(&path, der).map_err(|source| Error::File { path: path.clone(), source })?;
        region.trust_certificate(&path, one.country, &kinds, BY, now)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
