//! How the child is locked in before it sees a picture: what it may use, what it may ask of the kernel, what it can
//! reach. It fails closed: a kernel that cannot do one of these gets no child.
//!
//! It can compute, and talk with its parent. It can open nothing, start nothing, signal nobody, map nothing that can
//! be executed, and say nothing but on the one line that its parent checks.

use std::collections::BTreeMap;
use std::time::Duration;

use nix::sys::prctl::{set_dumpable, set_no_new_privs, set_pdeathsig};
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::Signal;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule, TargetArch,
};

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
        setrlimit(resource, most, most).map_err(failed("limit what it uses"))?;
    }
    set_no_new_privs().map_err(failed("give up new rights"))?;
    let filter = filter().map_err(failed("make its filter of system calls"))?;
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

/// What it may ask of the kernel; everything else is its end.
fn filter() -> Result<BpfProgram, seccompiler::BackendError> {
    let only = |argument, op, value| {
        SeccompRule::new(vec![SeccompCondition::new(argument, SeccompCmpArgLen::Dword, op, value)?])
    };
    let is = |descriptor| only(0, SeccompCmpOp::Eq, descriptor);
    let cannot_be_executed = || only(2, SeccompCmpOp::MaskedEq(libc::PROT_EXEC as u64), 0);
    let anything = [
        // memory; a panic is unwound, and caught
        libc::SYS_brk,
        libc::SYS_munmap,
        libc::SYS_mremap,
        libc::SYS_madvise,
        // locks and hash maps of the standard library
        libc::SYS_futex,
        libc::SYS_sched_yield,
        libc::SYS_getrandom,
        // time, where it is not read without the kernel
        libc::SYS_clock_gettime,
        // interrupted calls, and the end
        libc::SYS_restart_syscall,
        libc::SYS_rt_sigreturn,
        libc::SYS_rt_sigprocmask,
        libc::SYS_sigaltstack,
        libc::SYS_exit,
        libc::SYS_exit_group,
    ];
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> = anything.into_iter().map(|call| (call, Vec::new())).collect();
    rules.insert(libc::SYS_mmap, vec![cannot_be_executed()?]);
    rules.insert(libc::SYS_mprotect, vec![cannot_be_executed()?]);
    // Requests and answers on the first descriptor, the frame on the second.
    rules.insert(libc::SYS_read, vec![is(0)?]);
    rules.insert(libc::SYS_write, vec![is(0)?]);
    rules.insert(libc::SYS_pread64, vec![is(1)?]);
    let target: TargetArch = std::env::consts::ARCH.try_into()?;
    SeccompFilter::new(rules, SeccompAction::KillProcess, SeccompAction::Allow, target)?.try_into()
}
