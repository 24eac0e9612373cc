//! How the child is locked in before it sees a picture: what it may use, what it may ask of the kernel, what it can
//! reach. It fails closed: a kernel that cannot do one of these gets no child.
//!
//! It can compute, and talk with its parent. It can open nothing, start nothing, signal nobody, map nothing that can
//! be executed, and say nothing but on the one line that its parent checks.

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod filter;

/// Elsewhere calls have other names and other arguments, and seccompiler cannot write a filter: no child there.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
mod filter {
    use seccompiler::{BackendError, BpfProgram};

    pub(super) fn program() -> Result<BpfProgram, BackendError> {
        Err(BackendError::InvalidTargetArch(std::env::consts::ARCH.to_owned()))
    }
}

use std::time::Duration;

use nix::sys::prctl::{set_dumpable, set_no_new_privs, set_pdeathsig};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal::Signal;

use super::Unfit;

/// Processor time after which a child retires with its next answer: what the engines leak goes with it.
pub(super) const LONGEST_LIFE: Duration = Duration::from_secs(60);

/// Processor time at which the kernel kills it, for a parent that does not look at its deadline: far more than any
/// picture may take after [`LONGEST_LIFE`].
const CPU_SECONDS: u64 = 180;

/// The descriptors it is started with.
const DESCRIPTORS: i32 = 3;

/// Locks this process in, for good.
pub(super) fn enter(memory_mib: u32) -> Result<(), Unfit> {
    // Should the parent be gone already, the first read says so.
    set_pdeathsig(Signal::SIGKILL).map_err(failed("die with its parent"))?;
    // When memory is short, this is the process that can be missed. Where it may not say so it is no harm.
    let _ = std::fs::write("/proc/self/oom_score_adj", "1000");
    set_dumpable(false).map_err(failed("hide its memory"))?;
    close_others().map_err(failed("close what it does not need"))?;
    let memory = u64::from(memory_mib) << 20;
    for (resource, most) in [
        (Resource::RLIMIT_AS, memory),
        (Resource::RLIMIT_CPU, CPU_SECONDS),
        (Resource::RLIMIT_NOFILE, DESCRIPTORS as u64),
        (Resource::RLIMIT_NPROC, 0),
        (Resource::RLIMIT_FSIZE, 0),
        (Resource::RLIMIT_CORE, 0),
    ] {
        // What its parent may not have it cannot have either.
        let most = getrlimit(resource).map_or(most, |(_, hard)| hard.min(most));
        setrlimit(resource, most, most).map_err(failed("limit what it uses"))?;
    }
    set_no_new_privs().map_err(failed("give up new rights"))?;
    let filter = filter::program().map_err(failed("make its filter of system calls"))?;
    seccompiler::apply_filter(&filter).map_err(failed("filter its system calls"))
}

fn failed<E: std::error::Error + Send + Sync + 'static>(step: &'static str) -> impl FnOnce(E) -> Unfit {
    move |error| Unfit::Jail { step, source: Box::new(error) }
}

/// Closes what was left open by whoever started the parent, or by a library that does not know better.
fn close_others() -> std::io::Result<()> {
    let mut open = Vec::new();
    for entry in std::fs::read_dir("/proc/self/fd")? {
        open.extend(entry?.file_name().to_str().and_then(|name| name.parse::<i32>().ok()));
    }
    for descriptor in open.into_iter().filter(|descriptor| *descriptor >= DESCRIPTORS) {
        // The one that listed them is closed already.
        let _ = nix::unistd::close(descriptor);
    }
    Ok(())
}
