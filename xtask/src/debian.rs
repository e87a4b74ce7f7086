//! Finds programs of the system that the tests use, or installs Debian's packages of them. Chromium is the system's and
//! not the test tools' own download, because that comes from servers that are not reachable everywhere.

use crate::process;
use anyhow::{Result, bail};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A program of the system.
struct Program {
    name: &'static str,
    /// Debian's package, and the name of the program's file.
    package: &'static str,
    /// The variable with which a user names another file.
    variable: Option<&'static str>,
    other_files: &'static [&'static str],
}

/// Drives the browser suite.
pub fn chromium() -> Result<PathBuf> {
    let other_files = &["chromium-browser", "google-chrome"];
    find_or_install(&Program {
        name: "Chromium",
        package: "chromium",
        variable: Some("CHROMIUM"),
        other_files,
    })
}

/// Reads the responses in the guides.
pub fn jq() -> Result<PathBuf> {
    find_or_install(&Program { name: "jq", package: "jq", variable: None, other_files: &[] })
}

/// Run the receivers of docs/webhooks.md. Where one cannot be installed, its tests say that they are skipped.
pub fn receivers() {
    for program in [
        Program { name: "PHP", package: "php-cli", variable: None, other_files: &["php"] },
        Program { name: "Ruby", package: "ruby", variable: None, other_files: &[] },
        Program { name: "Python", package: "python3", variable: None, other_files: &[] },
        Program { name: "Python's pip", package: "python3-pip", variable: None, other_files: &["pip3"] },
    ] {
        if let Err(error) = find_or_install(&program) {
            println!("{error:#}");
        }
    }
}

impl Program {
    /// The file that the user names.
    fn named(&self) -> Option<OsString> {
        std::env::var_os(self.variable?)
    }

    fn find(&self) -> Option<PathBuf> {
        if let Some(path) = self.named() {
            return Some(PathBuf::from(path)).filter(|path| path.is_file());
        }
        let directories = std::env::var_os("PATH").unwrap_or_default();
        let names = || [self.package].into_iter().chain(self.other_files.iter().copied());
        let files =
            std::env::split_paths(&directories).flat_map(|path| names().map(move |name| path.join(name)));
        files.into_iter().find(|path| path.is_file())
    }

    fn missing(&self) -> String {
        let Self { name, package, variable, .. } = self;
        let or_named = variable.map(|variable| format!(", or set its path with {variable}=<path>"));
        format!(
            "{name} is missing: install your system's package (Debian: `apt-get install {package}`){}",
            or_named.unwrap_or_default()
        )
    }
}

/// Finds a program, or installs Debian's package if this process may do so.
fn find_or_install(program: &Program) -> Result<PathBuf> {
    if let Some(path) = program.find() {
        return Ok(path);
    }
    let may_install = rustix::process::geteuid().is_root() && Path::new("/usr/bin/apt-get").is_file();
    if !may_install || program.named().is_some() {
        bail!(program.missing());
    }
    println!("{} is missing. Installing Debian's package", program.name);
    for arguments in
        [&["update", "-q"][..], &["install", "-y", "-q", "--no-install-recommends", program.package]]
    {
        let mut apt = Command::new("apt-get");
        apt.args(arguments).env("DEBIAN_FRONTEND", "noninteractive").stdout(Stdio::null());
        process::run(&mut apt, &program.missing())?;
    }
    match program.find() {
        Some(path) => Ok(path),
        None => bail!(program.missing()),
    }
}
