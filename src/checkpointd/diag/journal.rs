//! How the journal stands: its room, and whether its chain holds; never a row of it.

use wire::sign::Signer as _;

use super::words;
use crate::commands::journal::status;
use crate::config::Config;
use crate::identity::Identity;

/// Its state for people. The key says whether its signatures are this box's.
pub(super) fn state(config: &Config, key: Option<&Identity>) -> Result<Vec<u8>, String> {
    let path = config.journal();
    if !path.exists() {
        return Err(format!("{} is not there", path.display()));
    }
    let mut text =
        status::of(config).unwrap_or_else(|error| format!("how it stands cannot be told: {}\n", words(&error)));
    let verified = match key {
        Some(key) => {
            let (region, name) = (config.region.clone(), config.name.clone());
            journal::verify_by(&path, &journal::Author { region, name, key: key.public() })
        }
        None => journal::verify(&path),
    };
    match verified {
        Ok(report) => {
            let fault = match &report.fault {
                Some((sequence, fault)) => format!("at row {sequence} [{}]: {fault}", fault.code()),
                None => "none".to_owned(),
            };
            let by = if key.is_some() { "chain and signatures" } else { "chain only: the box's key cannot be used" };
            text += &format!(
                "\nverified     {by}\nrows         {}, {} of them sound\nfault        {fault}\nhead         row {}\n\
                 settled      row {}\nquarantined  {} rows\n",
                report.rows, report.sound, report.head.sequence, report.settled, report.quarantined,
            );
        }
        Err(error) => text += &format!("\nverified     cannot be: {}\n", words(&error)),
    }
    Ok(text.into_bytes())
}
