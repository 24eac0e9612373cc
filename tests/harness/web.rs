//! HTTP as tests speak it: JSON and bytes, one machine, short patience.

use std::time::Duration;

use serde_json::Value;
use ureq::Agent;

/// Longest that one answer may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// Most bytes of one answer: a picture of the page is the largest.
const MOST: u64 = 32 * 1024 * 1024;

/// Somebody who asks.
#[derive(Debug, Clone)]
pub struct Web(Agent);

impl Default for Web {
    fn default() -> Self {
        Self::with_patience(PATIENCE)
    }
}

impl Web {
    /// One who waits so long for an answer.
    pub fn with_patience(patience: Duration) -> Self {
        // A refusal is an answer here, with its own body.
        Self(Agent::config_builder().timeout_global(Some(patience)).http_status_as_error(false).build().into())
    }

    /// What stands at an address, and its status.
    ///
    /// # Errors
    /// Why there was no answer.
    pub fn bytes(&self, url: &str) -> Result<(u16, Vec<u8>), String> {
        let answer = self.0.get(url).call().map_err(|error| format!("{url}: {error}"))?;
        body(url, answer)
    }

    /// The JSON at an address.
    ///
    /// # Errors
    /// Why there was no answer, or none in JSON.
    pub fn json(&self, url: &str) -> Result<Value, String> {
        let (status, bytes) = self.bytes(url)?;
        let text = String::from_utf8_lossy(&bytes);
        if status != 200 {
            return Err(format!("{url}: {status} {text}"));
        }
        serde_json::from_slice(&bytes).map_err(|error| format!("{url}: {error}: {text}"))
    }

    /// Sends JSON; the status and what comes back.
    ///
    /// # Errors
    /// Why there was no answer.
    pub fn post(&self, url: &str, value: &Value) -> Result<(u16, Vec<u8>), String> {
        let sent = self.0.post(url).header("Content-Type", "application/json").send(value.to_string());
        body(url, sent.map_err(|error| format!("{url}: {error}"))?)
    }

    /// Deletes what stands at an address.
    ///
    /// # Errors
    /// Why there was no answer.
    pub fn delete(&self, url: &str) -> Result<(u16, Vec<u8>), String> {
        let answer = self.0.delete(url).call().map_err(|error| format!("{url}: {error}"))?;
        body(url, answer)
    }
}

fn body(url: &str, mut answer: ureq::http::Response<ureq::Body>) -> Result<(u16, Vec<u8>), String> {
    let status = answer.status().as_u16();
    let bytes = answer.body_mut().with_config().limit(MOST).read_to_vec();
    bytes.map(|bytes| (status, bytes)).map_err(|error| format!("{url}: {error}"))
}
