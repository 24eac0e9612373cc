//! The register on the box: it opens with the region's pepper, which HQ seals to the box at its enrolment or by command.
//! A new pepper counts from the next look-up on.

use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use trust::register::{Pepper, Register};
use wire::RegionId;

/// The region's register, if there is a pepper here.
#[derive(Clone)]
pub struct Lookup {
    region: RegionId,
    open: Arc<RwLock<Option<Arc<Register>>>>,
}

impl Lookup {
    /// What a start finds. Without a pepper nothing is looked up, and the panel says so of what would have to be.
    pub fn open(data: &Path, region: &RegionId) -> Self {
        let path = data.join(crate::PEPPER);
        let lookup = Self { region: region.clone(), open: Arc::default() };
        if path.exists() {
            match Pepper::open(&path) {
                Ok(pepper) => lookup.take(pepper),
                Err(error) => tracing::error!(code = error.code(), %error, "the register cannot be opened"),
            }
        }
        lookup
    }

    /// From now on this pepper counts.
    pub fn take(&self, pepper: Pepper) {
        let register = Arc::new(Register::new(pepper, self.region.clone()));
        *self.open.write().unwrap_or_else(PoisonError::into_inner) = Some(register);
    }

    /// The register, as it is open now.
    pub fn current(&self) -> Option<Arc<Register>> {
        self.open.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
