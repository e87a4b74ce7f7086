//! `load --port <n> --requests <file> [--connections <n>] [--seconds <s>] [--rate <per second>] [--first <n>]`
//!
//! Keeps that many connections to a server on this machine busy, with one request at a time on each, and prints the
//! result as one line of JSON: responses by status, errors and latencies. Every request is accounted for: it was
//! answered, it failed, or it was still open when the server ended. When the time is over, the program sends no new request and
//! waits for the open responses.
//!
//! The program uses one thread and one epoll, because the server under test needs the other core.
//!
//! With `--rate` requests are due at fixed times, and latency counts from the due time. A server that stalls therefore
//! cannot hide the requests that it delayed (coordinated omission).

mod connection;
mod measurements;
mod requests;

use anyhow::{Context, Result, bail};
use connection::{Connection, Progress};
use lexopt::{Arg, ValueExt};
use measurements::Measurements;
use requests::Requests;
use rustix::event::{Timespec, epoll};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// How long the program waits for open responses at the end.
const DRAIN: Duration = Duration::from_secs(5);

struct Options {
    server: SocketAddr,
    requests: PathBuf,
    connections: usize,
    length: Duration,
    /// Time between two requests if they are due at fixed times.
    interval: Option<Duration>,
    first: u64,
}

impl Options {
    fn parse() -> Result<Self> {
        let (mut port, mut requests) = (None, None);
        let (mut connections, mut seconds, mut rate, mut first) = (16, 5.0, None, 0);
        let mut arguments = lexopt::Parser::from_env();
        while let Some(argument) = arguments.next()? {
            match argument {
                Arg::Long("port") => port = Some(arguments.value()?.parse::<u16>()?),
                Arg::Long("requests") => requests = Some(PathBuf::from(arguments.value()?)),
                Arg::Long("connections") => connections = arguments.value()?.parse()?,
                Arg::Long("seconds") => seconds = arguments.value()?.parse()?,
                Arg::Long("rate") => rate = Some(arguments.value()?.parse::<f64>()?),
                Arg::Long("first") => first = arguments.value()?.parse()?,
                other => return Err(other.unexpected().into()),
            }
        }
        Ok(Self {
            server: (Ipv4Addr::LOCALHOST, port.context("--port <n> is missing")?).into(),
            requests: requests.context("--requests <file> is missing")?,
            connections,
            length: Duration::try_from_secs_f64(seconds)?,
            interval: rate.map(|rate| Duration::try_from_secs_f64(1.0 / rate)).transpose()?,
            first,
        })
    }
}

/// The current time. (`Instant::now` panics in the Worker, so a lint bans it in the whole workspace.)
#[expect(clippy::disallowed_methods, reason = "this crate never runs on wasm")]
fn now() -> Instant {
    Instant::now()
}

fn main() -> ExitCode {
    match run() {
        Ok(line) => {
            println!("{line}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("load: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<String> {
    let options = Options::parse()?;
    let mut load = Load::open(&options)?;
    load.run()?;
    load.measurements.report(load.requests.sent())
}

struct Load<'a> {
    options: &'a Options,
    epoll: rustix::fd::OwnedFd,
    connections: Vec<Option<Connection>>,
    idle: Vec<usize>,
    requests: Requests,
    measurements: Measurements,
    start: Instant,
    due: Instant,
}

impl<'a> Load<'a> {
    fn open(options: &'a Options) -> Result<Self> {
        let requests = Requests::read(&options.requests, options.first)?;
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let start = now();
        let mut load = Self {
            options,
            epoll,
            connections: Vec::with_capacity(options.connections),
            idle: (0..options.connections).collect(),
            requests,
            measurements: Measurements::default(),
            start,
            due: start,
        };
        for index in 0..options.connections {
            let connection = load.connect(index).context("the server cannot be reached")?;
            load.connections.push(Some(connection));
        }
        load.start = now();
        load.due = load.start;
        Ok(load)
    }

    fn connect(&self, index: usize) -> Result<Connection> {
        let connection = Connection::open(self.options.server)?;
        let token = epoll::EventData::new_u64(u64::try_from(index)?);
        epoll::add(&self.epoll, connection.socket(), token, epoll::EventFlags::IN)?;
        Ok(connection)
    }

    fn run(&mut self) -> Result<()> {
        let end = self.start + self.options.length;
        let mut events = Vec::with_capacity(64);
        loop {
            let at = now();
            if at < end {
                self.send_due(at)?;
            } else if self.under_way() == 0 || at > end + DRAIN {
                break;
            }
            if self.connections.iter().all(Option::is_none) {
                break;
            }
            events.clear();
            let timeout = Timespec::try_from(self.poll_timeout(at, end))?;
            epoll::wait(&self.epoll, rustix::buffer::spare_capacity(&mut events), Some(&timeout))?;
            for event in &events {
                let index = usize::try_from(event.data.u64())?;
                self.receive(index, end)?;
            }
        }
        self.measurements.end(now() - self.start, self.options.length, self.under_way());
        Ok(())
    }

    /// How long the event loop may wait for a response.
    fn poll_timeout(&self, at: Instant, end: Instant) -> Duration {
        let next = match self.options.interval {
            Some(_) if !self.idle.is_empty() => self.due.min(end),
            _ => end,
        };
        let next = if at >= end { end + DRAIN } else { next };
        next.saturating_duration_since(at).max(Duration::from_micros(1))
    }

    /// Number of requests without a response.
    fn under_way(&self) -> u64 {
        let waiting = self.connections.iter().flatten().filter(|connection| connection.waits()).count();
        waiting.try_into().unwrap_or(u64::MAX)
    }

    /// Sends the requests that are due.
    fn send_due(&mut self, at: Instant) -> Result<()> {
        while let Some(&index) = self.idle.last() {
            let since = match self.options.interval {
                Some(_) if self.due > at => return Ok(()),
                Some(interval) => {
                    let due = self.due;
                    self.due += interval;
                    due
                }
                None => now(),
            };
            self.idle.pop();
            self.send(index, since)?;
        }
        Ok(())
    }

    fn send(&mut self, index: usize, since: Instant) -> Result<()> {
        let Some(Some(connection)) = self.connections.get_mut(index) else { bail!("no connection {index}") };
        let request = self.requests.next();
        if connection.send(request, since).is_err() {
            self.lose(index);
        }
        Ok(())
    }

    fn receive(&mut self, index: usize, end: Instant) -> Result<()> {
        let Some(Some(connection)) = self.connections.get_mut(index) else { return Ok(()) };
        match connection.receive() {
            Ok(Progress::Partial) => {}
            Ok(Progress::Answer { status, since, last }) => {
                let at = now();
                self.measurements.answer(status, at - since, at <= end);
                if last {
                    // The server closed the connection cleanly, so a new connection replaces it.
                    self.connections[index] = self.connect(index).ok();
                }
                self.idle.push(index);
                if at < end && self.connections[index].is_some() {
                    self.send_due(at)?;
                }
            }
            Err(_) => self.lose(index),
        }
        Ok(())
    }

    /// Replaces a broken connection, unless the server has ended.
    fn lose(&mut self, index: usize) {
        let waited = self.connections[index].as_ref().is_some_and(Connection::waits);
        self.measurements.broken(waited);
        self.connections[index] = self.connect(index).ok();
        if self.connections[index].is_some() {
            self.idle.push(index);
        }
    }
}
