//! What a box that runs says of itself, asked through its page on this machine.

use std::net::SocketAddr;
use std::time::Duration;

/// How long it may take: a box whose loops hang must not hold up who looks into that.
const PATIENCE: Duration = Duration::from_secs(5);

/// One answer of at most so many bytes.
pub(super) fn ask(address: SocketAddr, path: &str, longest: u64) -> Result<Vec<u8>, String> {
    // Neither a proxy of this shell nor anybody else has a word in it.
    let settings = ureq::Agent::config_builder().timeout_global(Some(PATIENCE)).proxy(None).max_redirects(0);
    let agent = settings.build().new_agent();
    let failed = |error: ureq::Error| format!("the box does not answer at {address}: {error}");
    let mut answer = agent.get(format!("http://{address}/{path}")).call().map_err(failed)?;
    answer.body_mut().with_config().limit(longest).read_to_vec().map_err(failed)
}
