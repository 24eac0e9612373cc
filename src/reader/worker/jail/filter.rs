//! The filter of system calls (seccomp): a list of what the child needs once it is locked in.

use std::collections::BTreeMap;

use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule,
};

/// What it may ask of the kernel; everything else is its end.
pub(super) fn program() -> Result<BpfProgram, BackendError> {
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
    let target = std::env::consts::ARCH.try_into()?;
    SeccompFilter::new(rules, SeccompAction::KillProcess, SeccompAction::Allow, target)?.try_into()
}
