//! `cargo xtask dev`: runs the Worker in workerd on this machine and stores its data on disk.

use crate::{build, disk, keys::Keys, npm, process, progress::Progress, workspace};
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
    verbose: bool,
    /// Whether events may be sent to http addresses of this machine.
    allow_loopback: bool,
    /// Where the Worker's clock starts, Unix milliseconds; the machine's time if absent.
    now: Option<i64>,
}

impl Options {
    fn parse(mut arguments: lexopt::Parser) -> Result<Self> {
        let data = workspace::root().join(".signpost");
        let mut options = Self {
            port: DEFAULT_PORT,
            data,
            operator_key: None,
            demo: true,
            verbose: false,
            allow_loopback: false,
            now: None,
        };
        while let Some(argument) = arguments.next()? {
            match argument {
                Arg::Long("port") => options.port = port(&arguments.value()?.string()?)?,
                Arg::Long("data") => options.data = arguments.value()?.into(),
                Arg::Long("operator-key") => {
                    options.operator_key = Some(operator_key(arguments.value()?.string()?)?);
                }
                Arg::Long("no-demo") => options.demo = false,
                Arg::Long("verbose") => options.verbose = true,
                Arg::Long("allow-loopback") => options.allow_loopback = true,
                Arg::Long("now") => options.now = Some(instant(&arguments.value()?.string()?)?),
                other => return Err(other.unexpected().into()),
            }
        }
        Ok(options)
    }
}

/// Parses the number of `--port`.
fn port(text: &str) -> Result<u16> {
    text.parse().ok().with_context(|| format!("--port wants a number from 0 to 65535, not {text:?}"))
}

/// Parses the time of `--now`, and returns Unix milliseconds.
fn instant(text: &str) -> Result<i64> {
    let parsed = chrono::DateTime::parse_from_rfc3339(text);
    let parsed = parsed.map(|at| at.timestamp_millis()).ok().filter(|ms| *ms >= 0);
    parsed.with_context(|| format!("--now wants a time such as 2026-11-22T10:00:00Z, not {text:?}"))
}

/// Checks that the key can be sent in an HTTP header. The key is a secret, so the error does not show it.
fn operator_key(key: String) -> Result<String> {
    if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        bail!("an operator key must consist of visible ASCII characters without spaces");
    }
    Ok(key)
}

pub fn run(arguments: lexopt::Parser) -> Result<()> {
    let options = Options::parse(arguments)?;
    let data = create_data_dir(&options.data)?;
    let (root, target, temporary) = (workspace::root(), workspace::target()?, std::env::temp_dir());
    disk::explained(build_and_serve(options, &data), &[&data, &root, &target, &temporary])
}

fn build_and_serve(options: Options, data: &Path) -> Result<()> {
    // Bad arguments are refused before the build, which may take minutes.
    let lock = lock(data)?;
    check_port(options.port)?;
    let state = data.join("state");
    let keys = Keys::load_or_create(data, state.exists())?;

    let progress = Progress::new(build::STEPS);
    build::build(&progress)?;
    drop(progress);

    let config = serde_json::json!({
        "root": workspace::root(),
        "port": options.port,
        "data": data,
        "state": state,
        "demo": options.demo,
        "verbose": options.verbose,
        "allowLoopback": options.allow_loopback,
        "now": options.now,
        "vars": {
            "OPERATOR_KEY": options.operator_key.unwrap_or(keys.operator_key),
            "SIGNING_KEYS": keys.signing_keys,
            "DATA_KEY": keys.data_key,
        },
    });
    // The runner and workerd inherit the lock. If this program is killed, the directory stays locked until the last of
    // them has ended.
    rustix::io::fcntl_setfd(&lock, rustix::io::FdFlags::empty()).context("the lock cannot be shared")?;
    // Secrets are passed through the pipe, because other programs can read arguments and the environment.
    process::serve(&mut npm::script("xtask/runner/dev.mjs")?, &config.to_string())
}

fn create_data_dir(path: &Path) -> Result<PathBuf> {
    let created = fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
    created
        .and_then(|()| path.canonicalize())
        .with_context(|| format!("the data directory {} cannot be created", path.display()))
}

fn lock(data: &Path) -> Result<File> {
    let path = data.join("lock");
    let file = File::options().read(true).write(true).create(true).truncate(false).open(&path);
    let mut file =
        file.with_context(|| format!("the data directory {} cannot be written", data.display()))?;
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

/// Port 0 is always free, because the system then picks a port.
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

#[cfg(test)]
mod tests {
    use super::{instant, port};

    #[test]
    fn a_port_is_a_number_of_16_bits() {
        assert_eq!((port("0").ok(), port("65535").ok()), (Some(0), Some(65_535)));
        for text in ["abc", "", "-1", "65536"] {
            let error = port(text).map_err(|error| error.to_string());
            assert_eq!(error, Err(format!("--port wants a number from 0 to 65535, not {text:?}")));
        }
    }

    #[test]
    fn the_clock_starts_at_an_rfc_3339_time() {
        assert_eq!(instant("2026-11-22T12:00:00.5+02:00").ok(), Some(1_795_341_600_500));
        for text in ["", "2026-11-22", "2026-11-22T10:00:00", "1969-12-31T23:59:59Z", "tomorrow"] {
            let error = instant(text).map_err(|error| error.to_string());
            let expected = format!("--now wants a time such as 2026-11-22T10:00:00Z, not {text:?}");
            assert_eq!(error, Err(expected));
        }
    }
}
