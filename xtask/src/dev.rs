//! `cargo xtask dev`: the real Worker in workerd on this machine, with its data on disk.

use crate::{build, keys::Keys, npm, process, progress::Progress, workspace};
use anyhow::{Context, Result, anyhow, bail};
use lexopt::{Arg, ValueExt};
use std::fs::{self, File};
use std::io::{Read, Seek, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

const DEFAULT_PORT: u16 = 8787;

struct Options {
    port: u16,
    data: PathBuf,
    operator_key: Option<String>,
    demo: bool,
}

impl Options {
    fn parse(mut arguments: lexopt::Parser) -> Result<Self> {
        let data = workspace::root().join(".signpost");
        let mut options = Self { port: DEFAULT_PORT, data, operator_key: None, demo: true };
        while let Some(argument) = arguments.next()? {
            match argument {
                Arg::Long("port") => options.port = arguments.value()?.parse()?,
                Arg::Long("data") => options.data = arguments.value()?.into(),
                Arg::Long("operator-key") => {
                    options.operator_key = Some(operator_key(arguments.value()?.string()?)?);
                }
                Arg::Long("no-demo") => options.demo = false,
                other => return Err(other.unexpected().into()),
            }
        }
        Ok(options)
    }
}

/// The key travels in an HTTP header. It is a secret: what is wrong with it is said without showing it.
fn operator_key(key: String) -> Result<String> {
    if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        bail!("an operator key is visible ASCII characters without spaces");
    }
    Ok(key)
}

pub fn run(arguments: lexopt::Parser) -> Result<()> {
    let options = Options::parse(arguments)?;
    // All that can be refused is refused before the build, which may take minutes.
    let data = make_data_dir(&options.data)?;
    let lock = lock(&data)?;
    check_port(options.port)?;
    let state = data.join("state");
    let keys = Keys::kept_in(&data, state.exists())?;

    let progress = Progress::new(build::STEPS);
    build::build(&progress)?;
    drop(progress);

    let config = serde_json::json!({
        "root": workspace::root(),
        "port": options.port,
        "data": data,
        "state": state,
        "demo": options.demo,
        "vars": {
            "OPERATOR_KEY": options.operator_key.unwrap_or(keys.operator_key),
            "SIGNING_KEYS": keys.signing_keys,
            "DATA_KEY": keys.data_key,
        },
    });
    // The runner and workerd hold the lock as well: should this program be killed, the directory is free only when
    // the last of them has let go of it.
    rustix::io::fcntl_setfd(&lock, rustix::io::FdFlags::empty()).context("the lock cannot be shared")?;
    // Secrets go through the pipe, not through arguments or the environment, which other programs can see.
    process::serve(&mut npm::script("xtask/runner/dev.mjs")?, &config.to_string())
}

fn make_data_dir(path: &Path) -> Result<PathBuf> {
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.and_then(|()| path.canonicalize())
        .with_context(|| format!("the data directory {} cannot be made", path.display()))
}

fn lock(data: &Path) -> Result<File> {
    let path = data.join("lock");
    let mut file = File::options().read(true).write(true).create(true).truncate(false).open(&path)?;
    match file.try_lock() {
        Ok(()) => {
            file.set_len(0)?;
            file.rewind()?;
            write!(file, "{}", std::process::id())?;
            Ok(file)
        }
        Err(fs::TryLockError::WouldBlock) => {
            let mut holder = String::new();
            file.read_to_string(&mut holder)?;
            Err(anyhow!("the data directory {} is in use by process {holder}", data.display()))
        }
        Err(fs::TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("{} cannot be locked", path.display()))
        }
    }
}

/// `0` is always free: the system picks one.
fn check_port(port: u16) -> Result<()> {
    match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
            bail!(
                "port {port} is in use by another program: choose another with --port <n>, or 0 for any free one"
            )
        }
        Err(error) => Err(error).with_context(|| format!("port {port} cannot be used")),
    }
}
