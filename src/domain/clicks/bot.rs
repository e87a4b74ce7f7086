//! Who is behind a user agent: a person, a machine, or a browser that fetches ahead; and on what device.
//!
//! The lists are short on purpose. A large catalogue costs a millisecond a click and is stale the day it ships;
//! honest machines name themselves by one of a few words, and dishonest ones are in no list. Versions of systems
//! or browsers are never looked at: they age into false hits.

use crate::clicks::click::{Class, Device};

/// What a user agent says, apart from the request that it came with; the part worth caching.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Agent {
    /// The agent names itself a crawler, a link preview or a script, or is empty.
    pub bot: bool,
    /// The device that it names.
    pub device: Device,
}

/// Only this much of a user agent is looked at: real ones are a fifth as long, and a caller must not be able to
/// make us search megabytes.
pub const AGENT_BYTES: usize = 1024;

/// Words of machines, in lower case. `bot` is not here: it needs a look at what stands before it.
const MACHINES: &[&str] = &[
    // Crawlers and archives.
    "crawl",
    "spider",
    "slurp",
    "scrape",
    "scrapy",
    "archiver",
    "mediapartners",
    "feedfetcher",
    "googleother",
    "google-",
    "heritrix",
    "nutch",
    // A link to a page about the crawler: browsers carry none.
    "http:",
    "https:",
    // Link previews and scanners.
    "preview",
    "facebookexternalhit",
    "facebookcatalog",
    "meta-external",
    "whatsapp/",
    "vkshare",
    "embedly",
    "iframely",
    "imageproxy",
    "imgproxy",
    "mailproxy",
    "ms-office",
    "validator",
    "scanner",
    // Monitors and page graders.
    "pingdom",
    "uptime",
    "statuscake",
    "monitoring",
    "lighthouse",
    "pagespeed",
    "gtmetrix",
    // Browsers on a string.
    "headless",
    "phantomjs",
    "puppeteer",
    "playwright",
    "selenium",
    "webdriver",
    // Script agents.
    "curl",
    "wget",
    "httpie",
    "http-client",
    "http client",
    "httpclient",
    "httpx",
    "httpunit",
    "http_request",
    "libwww",
    "lwp-",
    "python",
    "aiohttp",
    "java/",
    "okhttp",
    "jersey/",
    "axios",
    "node-fetch",
    "undici",
    "got (",
    "superagent",
    "deno/",
    "bun/",
    "ruby",
    "faraday",
    "perl",
    "php/",
    "guzzle",
    "go-resty",
    "reqwest",
    "hyper/",
    "dart/",
    "cfnetwork",
    "winhttp",
    "powershell",
    "postman",
    "insomnia",
    "apache-",
    "jmeter",
    "k6/",
    "vegeta",
];

/// Reads a user agent. Letters' case does not matter.
#[must_use]
pub fn read(user_agent: &str) -> Agent {
    let bytes = user_agent.as_bytes();
    let lower = bytes.get(..AGENT_BYTES).unwrap_or(bytes).to_ascii_lowercase();
    // A character cut in two at the end becomes a replacement character, which is in no list.
    let agent = String::from_utf8_lossy(&lower);
    Agent { bot: is_machine(&agent), device: device(&agent) }
}

fn is_machine(agent: &str) -> bool {
    // Node's own `fetch` calls itself `node` and nothing else.
    let blank = agent.trim().is_empty() || agent == "node" || agent == "-";
    blank || names_a_bot(agent) || MACHINES.iter().any(|word| agent.contains(word))
}

/// `bot` anywhere, but for the Cubot, a make of phone (`… Android 13; CUBOT P80 …`).
fn names_a_bot(agent: &str) -> bool {
    agent.match_indices("bot").any(|(at, _)| {
        let before = agent.get(..at).unwrap_or_default();
        let phone = before
            .strip_suffix("cu")
            .is_some_and(|rest| !rest.ends_with(|letter: char| letter.is_ascii_alphanumeric()));
        !phone
    })
}

fn device(agent: &str) -> Device {
    let has = |words: &[&str]| words.iter().any(|word| agent.contains(word));
    if has(&["smart-tv", "smarttv", "googletv", "android tv", "appletv", "crkey", "bravia"]) {
        Device::Unknown
    } else if has(&["windows phone", "iphone", "ipod"]) {
        Device::Mobile
    } else if has(&["windows", "macintosh", "cros "]) {
        // Before `tablet`: Internet Explorer names `Tablet PC` on any Windows machine with ink support.
        Device::Desktop
    } else if has(&["ipad", "tablet", "kindle", "playbook"]) {
        Device::Tablet
    } else if has(&["mobi", "blackberry", "opera mini", "kaios"]) {
        Device::Mobile
    } else if has(&["android", "silk/"]) {
        // Google asks makers to say `Mobile` on phones and to leave it out on tablets.
        Device::Tablet
    } else if has(&["x11", "linux"]) {
        Device::Desktop
    } else {
        Device::Unknown
    }
}

/// Whether a value of `Sec-Purpose`, `Purpose`, `X-Moz` or `X-Purpose` says that nobody has opened the link yet:
/// `prefetch`, `prefetch;prerender`, `prefetch;anonymous-client-ip` (Chrome, Firefox), `preview` (Safari).
#[must_use]
pub fn fetches_ahead(purpose: &str) -> bool {
    let bytes = purpose.as_bytes();
    let lower = bytes.get(..AGENT_BYTES).unwrap_or(bytes).to_ascii_lowercase();
    lower
        .split(|b| !b.is_ascii_lowercase())
        .any(|word| matches!(word, b"prefetch" | b"prerender" | b"preview"))
}

/// The class of a visit. A fetch ahead is one whoever makes it; HEAD opens nothing, so it is a machine's
/// (X sends several, with browsers' user agents, for each post).
#[must_use]
pub fn classify(agent: Agent, head: bool, ahead: bool) -> Class {
    if ahead {
        Class::Prefetch
    } else if agent.bot || head {
        Class::Bot
    } else {
        Class::Human
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = include_str!("../../fixtures/agents.txt");

    #[test]
    fn agents_seen_in_the_wild_are_told_apart() {
        let mut rows = 0;
        for line in TABLE.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let mut columns = line.splitn(3, '\t');
            let (who, device, agent) =
                (columns.next().unwrap(), columns.next().unwrap(), columns.next().unwrap_or_default());
            let read = read(agent);
            assert_eq!(if read.bot { "bot" } else { "human" }, who, "{agent}");
            assert_eq!(read.device.as_str(), device, "{agent}");
            rows += 1;
        }
        assert!(rows > 60, "the table is read: {rows} rows");
    }

    #[test]
    fn case_and_length_do_not_matter() {
        assert!(read("CURL/8.5.0").bot);
        assert!(read("GoogleBOT").bot);
        let long = format!("{}bot", "a".repeat(AGENT_BYTES));
        assert!(!read(&long).bot, "what lies beyond the limit is not looked at");
        assert!(!read(&"ü".repeat(AGENT_BYTES)).bot, "a character cut in two is no reason to stop");
    }

    #[test]
    fn a_fetch_ahead_wins_over_a_machine_and_a_head_is_a_machine() {
        let (person, machine) = (read("Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"), read("curl/8.5.0"));
        for (agent, head, ahead, class) in [
            (person, false, false, Class::Human),
            (person, true, false, Class::Bot),
            (person, false, true, Class::Prefetch),
            (machine, false, false, Class::Bot),
            (machine, true, true, Class::Prefetch),
        ] {
            assert_eq!(classify(agent, head, ahead), class);
        }
    }

    #[test]
    fn purposes() {
        for purpose in
            ["prefetch", "Prefetch", "prefetch;prerender", "prefetch; anonymous-client-ip", "preview"]
        {
            assert!(fetches_ahead(purpose), "{purpose}");
        }
        for purpose in ["", "navigate", "prefetched", "none;", "é"] {
            assert!(!fetches_ahead(purpose), "{purpose}");
        }
    }
}
