//! An HTTP/1.1 connection with at most one request in flight.

use anyhow::{Context, Result, bail};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Instant;

/// Maximum number of headers of a response.
const HEADERS: usize = 64;

pub struct Connection {
    socket: TcpStream,
    buffer: Vec<u8>,
    /// The time at which the current request was sent or was due.
    since: Option<Instant>,
}

/// The result of reading from the socket.
pub enum Progress {
    /// The response is still incomplete.
    Partial,
    /// A complete response. `last` says that the server closes the connection after it.
    Answer { status: u16, since: Instant, last: bool },
}

/// The status line and headers of a response.
struct Head {
    status: u16,
    length: usize,
    body: Body,
    last: bool,
}

enum Body {
    Sized(usize),
    Chunked,
}

impl Connection {
    pub fn open(server: SocketAddr) -> Result<Self> {
        let socket = TcpStream::connect(server)?;
        socket.set_nodelay(true)?;
        socket.set_nonblocking(true)?;
        Ok(Self { socket, buffer: Vec::with_capacity(16 * 1024), since: None })
    }

    pub fn socket(&self) -> &TcpStream {
        &self.socket
    }

    /// Whether a request is in flight.
    pub fn waits(&self) -> bool {
        self.since.is_some()
    }

    /// Sends a request. The socket's buffer is empty and far larger than a request, so one write suffices.
    pub fn send(&mut self, request: &[u8], since: Instant) -> Result<()> {
        self.since = Some(since);
        let written = self.socket.write(request)?;
        if written < request.len() {
            bail!("the request did not fit into the socket's buffer");
        }
        Ok(())
    }

    /// Reads the available bytes.
    pub fn receive(&mut self) -> Result<Progress> {
        let mut chunk = [0; 16 * 1024];
        match self.socket.read(&mut chunk) {
            Ok(0) => bail!("the server closed the connection"),
            Ok(read) => self.buffer.extend_from_slice(&chunk[..read]),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => return Ok(Progress::Partial),
            Err(error) => return Err(error.into()),
        }
        let Some(head) = parse_head(&self.buffer)? else { return Ok(Progress::Partial) };
        let body = &self.buffer[head.length..];
        let length = match head.body {
            Body::Sized(length) => (body.len() >= length).then_some(length),
            Body::Chunked => chunked_length(body)?,
        };
        let Some(length) = length else { return Ok(Progress::Partial) };
        if head.length + length != self.buffer.len() {
            bail!("the server sent more than one answer");
        }
        self.buffer.clear();
        let since = self.since.take().context("the server answered without a request")?;
        Ok(Progress::Answer { status: head.status, since, last: head.last })
    }
}

fn parse_head(buffer: &[u8]) -> Result<Option<Head>> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS];
    let mut response = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(length) = response.parse(buffer)? else { return Ok(None) };
    let status = response.code.context("an answer without a status")?;
    let mut head = Head { status, length, body: Body::Sized(0), last: false };
    for header in response.headers.iter() {
        if header.name.eq_ignore_ascii_case("content-length") {
            head.body = Body::Sized(std::str::from_utf8(header.value)?.parse()?);
        } else if header.name.eq_ignore_ascii_case("transfer-encoding") {
            head.body = Body::Chunked;
        } else if header.name.eq_ignore_ascii_case("connection") {
            head.last = header.value.eq_ignore_ascii_case(b"close");
        }
    }
    Ok(Some(head))
}

/// Returns the length of a chunked body, or `None` if it is incomplete.
fn chunked_length(body: &[u8]) -> Result<Option<usize>> {
    let mut at = 0;
    loop {
        let rest = body.get(at..).unwrap_or_default();
        let parsed = httparse::parse_chunk_size(rest).ok().context("a chunk without a size")?;
        let httparse::Status::Complete((line, size)) = parsed else { return Ok(None) };
        // Every chunk, including the empty last one, ends with CRLF.
        at += line + usize::try_from(size)? + 2;
        if at > body.len() {
            return Ok(None);
        }
        if size == 0 {
            return Ok(Some(at));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_tell_status_and_body() {
        let text = b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n";
        let head = parse_head(text).unwrap().unwrap();
        assert!(matches!(head, Head { status: 302, body: Body::Sized(0), last: false, .. }));
        assert_eq!(head.length, text.len());
        assert!(parse_head(&text[..text.len() - 1]).unwrap().is_none());
        assert!(parse_head(b"nonsense\r\n\r\n").is_err());
    }

    #[test]
    fn a_chunked_body_is_whole_with_its_last_chunk() {
        let body = b"4\r\nWiki\r\n6\r\npedia \r\n0\r\n\r\n";
        assert_eq!(chunked_length(body).unwrap(), Some(body.len()));
        for length in 0..body.len() {
            assert_eq!(chunked_length(&body[..length]).unwrap(), None, "{length}");
        }
        assert!(chunked_length(b"zz\r\n").is_err());
    }
}
