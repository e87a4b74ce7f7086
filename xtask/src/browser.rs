//! Finds the system's Chromium for the browser suite. The test tools' own browser downloads are not used, because they
//! come from servers that are not reachable everywhere.

use crate::process;
use anyhow::{Result, bail};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const PATHS: [&str; 3] = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const MISSING: &str = "Chromium is missing: install your system's package (Debian: `apt-get install chromium`), or set \
                       its path with CHROMIUM=<path>";

fn installed() -> Option<PathBuf> {
    match std::env::var_os("CHROMIUM") {
        Some(path) => Some(PathBuf::from(path)).filter(|path| path.is_file()),
        None => PATHS.iter().map(PathBuf::from).find(|path| path.is_file()),
    }
}

/// Finds Chromium, or installs Debian's package if this process may do so.
pub fn chromium() -> Result<PathBuf> {
    if let Some(path) = installed() {
        return Ok(path);
    }
    let may_install = rustix::process::geteuid().is_root() && Path::new("/usr/bin/apt-get").is_file();
    if !may_install || std::env::var_os("CHROMIUM").is_some() {
        bail!(MISSING);
    }
    println!("Chromium is missing. Installing Debian's package");
    for arguments in [&["update", "-q"][..], &["install", "-y", "-q", "--no-install-recommends", "chromium"]]
    {
        let mut apt = Command::new("apt-get");
        apt.args(arguments).env("DEBIAN_FRONTEND", "noninteractive").stdout(Stdio::null());
        process::run(&mut apt, MISSING)?;
    }
    match installed() {
        Some(path) => Ok(path),
        None => bail!(MISSING),
    }
}
