//! Names a full disk as the cause of a failure. Programs report it in many ways, in the middle of other output, or die without
//! a word; the last line is to say it.

use crate::process::Reported;
use anyhow::{Error, Result, anyhow};
use std::io;
use std::path::Path;

/// With less free space than this, a build or the Worker's storage fails. SQLite and the linker write larger pieces.
const LEAST_BYTES: u64 = 4 * 1024 * 1024;
/// With more free space than this, output that says that a disk is full is about something else, such as a test.
const AMPLE_BYTES: u64 = 1024 * 1024 * 1024;
/// How programs say that a disk is full: the system's message, its name, and SQLite's.
const SAYINGS: [&str; 5] =
    ["no space left on device", "enospc", "sqlite_full", "database or disk is full", "disk quota exceeded"];

/// Returns whether a text says that a disk is full.
pub fn is_said(text: &str) -> bool {
    let text = text.to_lowercase();
    SAYINGS.iter().any(|saying| text.contains(saying))
}

/// Returns whether a program that says so may have found the disk of `directory` full. What it wrote last may have been removed.
pub fn is_nearly_full(directory: &Path) -> bool {
    free_bytes(directory).is_none_or(|free| free < AMPLE_BYTES)
}

/// Returns the outcome of something that writes to `directories`. If it ended because a disk is full, the error is a sentence that
/// names the directory, and the error before it is printed.
pub fn explained(outcome: Result<()>, directories: &[&Path]) -> Result<()> {
    let disks: Vec<(&Path, Option<u64>)> =
        directories.iter().map(|directory| (*directory, free_bytes(directory))).collect();
    let Some(sentence) = sentence(outcome.as_ref().err(), &disks) else { return outcome };
    match outcome {
        // The program has printed its own error.
        Err(error) if error.is::<Reported>() => {}
        Err(error) => eprintln!("error: {error:#}"),
        Ok(()) => {}
    }
    Err(anyhow!(sentence))
}

/// Returns how much a user may still write to the disk of a directory.
fn free_bytes(directory: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(directory).ok()?;
    disk.f_bavail.checked_mul(disk.f_frsize)
}

/// Returns the sentence about a full disk, if that is why something ended. `error` is absent if it ended without one.
fn sentence(error: Option<&Error>, disks: &[(&Path, Option<u64>)]) -> Option<String> {
    let is_full = |(_, free): &&(&Path, Option<u64>)| free.is_some_and(|free| free < LEAST_BYTES);
    let named = match (disks.iter().find(is_full), error) {
        (Some((directory, _)), _) => directory.display().to_string(),
        (None, Some(error)) if is_cause(error) => {
            let all: Vec<String> =
                disks.iter().map(|(directory, _)| directory.display().to_string()).collect();
            all.join(" or ")
        }
        (None, _) => return None,
    };
    Some(format!("no space is left on the disk of {named}: free some, then run the command again"))
}

/// Returns whether an error is, or quotes, that a disk is full.
fn is_cause(error: &Error) -> bool {
    let is_full = |kind| matches!(kind, io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded);
    error.chain().any(|cause| {
        cause.downcast_ref::<io::Error>().is_some_and(|error| is_full(error.kind()))
            || is_said(&cause.to_string())
    })
}

#[cfg(test)]
mod tests {
    use super::{LEAST_BYTES, explained, is_said, sentence};
    use crate::process::Reported;
    use anyhow::{Context, anyhow};
    use std::io::Write;
    use std::path::Path;

    #[test]
    fn every_way_of_saying_it_is_understood() {
        for text in [
            "error: failed to write /x: No space left on device (os error 28)",
            "Error: ENOSPC: no space left on device, write",
            "worker error: Error: database or disk is full: SQLITE_FULL",
            "Disk quota exceeded (os error 122)",
        ] {
            assert!(is_said(text), "{text}");
        }
        assert!(!is_said("error: port 8787 is in use"));
    }

    #[test]
    fn the_sentence_names_the_directory_of_the_full_disk() {
        let (data, target) = (Path::new("/data"), Path::new("/target"));
        let full = "no space is left on the disk of /data: free some, then run the command again";
        let free = Some(LEAST_BYTES);
        let failed = anyhow!("`cargo build` failed (exit status: 101)");
        let silent = anyhow::Error::from(Reported);
        // A program died without a word, or even ended as if nothing had happened.
        for error in [Some(&failed), Some(&silent), None] {
            assert_eq!(
                sentence(error, &[(target, free), (data, Some(LEAST_BYTES - 1))]).as_deref(),
                Some(full)
            );
            assert_eq!(sentence(error, &[(target, free), (data, free)]), None);
            assert_eq!(sentence(error, &[(data, None)]), None);
        }
        // What was written last may have been removed again.
        let said = anyhow!("No space left on device (os error 28)").context("`cargo build` failed");
        let either =
            "no space is left on the disk of /target or /data: free some, then run the command again";
        assert_eq!(sentence(Some(&said), &[(target, free), (data, free)]).as_deref(), Some(either));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_write_to_a_full_device_is_explained() {
        let written =
            std::fs::File::options().write(true).open("/dev/full").and_then(|mut full| full.write_all(b"x"));
        let outcome = written.context("the keys cannot be written");
        let error = explained(outcome, &[Path::new("/")]).unwrap_err();
        assert_eq!(
            format!("{error:#}"),
            "no space is left on the disk of /: free some, then run the command again"
        );
        let other = explained(Err(anyhow!("port 1 cannot be used")), &[Path::new("/")]).unwrap_err();
        assert_eq!(format!("{other:#}"), "port 1 cannot be used");
        assert!(explained(Ok(()), &[Path::new("/")]).is_ok());
    }
}
