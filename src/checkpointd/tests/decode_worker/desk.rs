//! Pictures, programs and processes for the tests beside it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use board::Frame;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// The program under test.
pub fn program() -> PathBuf {
    env!("CARGO_BIN_EXE_checkpointd").into()
}

/// A frame in which nothing is.
pub fn blank(width: u32, height: u32) -> Frame {
    let luma = vec![128; width as usize * height as usize].into();
    Frame { width, height, luma, number: 0, at: Duration::ZERO, source: None }
}

/// A picture full of the corners of QR codes.
pub fn busy() -> Frame {
    let shade = |x: u32, y: u32| {
        let (u, v) = (x % 8, y % 8);
        let ring = u.abs_diff(3).max(v.abs_diff(3));
        if u < 7 && v < 7 && ring != 2 { 0 } else { 255 }
    };
    let luma: Vec<u8> = (0..720).flat_map(|y| (0..1280).map(move |x| shade(x, y))).collect();
    Frame { luma: luma.into(), ..blank(1280, 720) }
}

/// The pictures of the EU's quality assurance that the project carries, each with its text.
pub fn eu() -> Vec<(Frame, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/dcc-qa-images");
    let index = std::fs::read(folder.join("index.json")).unwrap();
    let index: serde_json::Value = serde_json::from_slice(&index).unwrap();
    let records = index.as_array().unwrap().iter().map(|record| {
        let name = record["file"].as_str().unwrap();
        let path = [folder.join(name), folder.join("images").join(name)].into_iter().find(|path| path.is_file());
        (board::still(&path.unwrap()).unwrap(), record["text"].as_str().unwrap().to_owned())
    });
    records.collect()
}

/// A program that is no worker: a script of the shell, gone when the folder is dropped.
pub fn fake(script: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fake");
    // Written by another process: one that is forked here while the file is open could not run it.
    let write = r#"printf '#!/bin/sh\n%s\n' "$1" >"$0" && chmod 700 "$0""#;
    assert!(Command::new("/bin/sh").args(["-c", write]).arg(&path).arg(script).status().unwrap().success());
    (folder, path)
}

/// A file of the kernel about a process.
pub fn proc(process: u32, file: &str) -> Option<String> {
    std::fs::read_to_string(format!("/proc/{process}/{file}")).ok()
}

/// Whether a process is there, dead ones included that nobody has reaped.
pub fn is_there(process: u32) -> bool {
    Path::new(&format!("/proc/{process}")).exists()
}

/// Whether a process runs: the dead that wait for somebody to reap them do not.
pub fn is_running(process: u32) -> bool {
    proc(process, "status").is_some_and(|status| !status.contains("State:\tZ"))
}

/// The processes that a process has started.
pub fn children(process: u32) -> Vec<u32> {
    let list = proc(process, &format!("task/{process}/children")).unwrap_or_default();
    list.split_whitespace().map(|child| child.parse().unwrap()).collect()
}

/// SIGKILL.
pub fn kill(process: u32) {
    kill_process(Pid::from_raw(process as i32).unwrap(), Signal::KILL).unwrap();
}
