//! Classification of user agents: person, machine or prefetch, and the kind of device.
//!
//! The lists are deliberately short. Matching a large catalogue takes a millisecond per click and goes out of date
//! quickly. Honest crawlers identify themselves with one of a few words, and dishonest ones appear in no list. System
//! and browser versions are ignored because rules that depend on them turn into false positives with age.

use crate::clicks::click::{Class, Device};

/// The classification of a user agent, independent of the rest of the request, and therefore cacheable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Agent {
    /// Whether the agent identifies itself as a crawler, a link preview or a script, or is empty.
    pub bot: bool,
    /// The kind of device that the agent reports.
    pub device: Device,
}

/// The number of bytes of a user agent that are examined. Real user agents are a fifth as long, and the limit bounds
/// the work that a request can cause.
pub const AGENT_BYTES: usize = 1024;

/// Lower-case words that identify machines. `bot` is not in this list because it needs a check of the preceding
/// characters.
const MACHINE_WORDS: &[&str] = &[
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
    // A URL of a page about the crawler; browsers send none.
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
    // Automated browsers.
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

/// Classifies a user agent, ignoring case.
#[must_use]
pub fn parse(user_agent: &str) -> Agent {
    let bytes = user_agent.as_bytes();
    let lower = bytes.get(..AGENT_BYTES).unwrap_or(bytes).to_ascii_lowercase();
    // A character that the limit cuts in two becomes U+FFFD, which no list contains.
    let agent = String::from_utf8_lossy(&lower);
    Agent { bot: is_machine(&agent), device: device(&agent) }
}

fn is_machine(agent: &str) -> bool {
    // Node.js sends `node` as the user agent of its built-in `fetch`.
    let blank = agent.trim().is_empty() || agent == "node" || agent == "-";
    blank || contains_bot(agent) || MACHINE_WORDS.iter().any(|word| agent.contains(word))
}

/// Matches `bot` anywhere except in Cubot, a brand of phone (`… Android 13; CUBOT P80 …`).
fn contains_bot(agent: &str) -> bool {
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
        // This precedes `tablet` because Internet Explorer sends `Tablet PC` on any Windows machine with ink support.
        Device::Desktop
    } else if has(&["ipad", "tablet", "kindle", "playbook"]) {
        Device::Tablet
    } else if has(&["mobi", "blackberry", "opera mini", "kaios"]) {
        Device::Mobile
    } else if has(&["android", "silk/"]) {
        // Google asks manufacturers to include `Mobile` on phones and to omit it on tablets.
        Device::Tablet
    } else if has(&["x11", "linux"]) {
        Device::Desktop
    } else {
        Device::Unknown
    }
}

/// Returns whether a value of `Sec-Purpose`, `Purpose`, `X-Moz` or `X-Purpose` announces a request that no person made:
/// `prefetch`, `prefetch;prerender`, `prefetch;anonymous-client-ip` (Chrome, Firefox) or `preview` (Safari).
#[must_use]
pub fn is_prefetch(purpose: &str) -> bool {
    let bytes = purpose.as_bytes();
    let lower = bytes.get(..AGENT_BYTES).unwrap_or(bytes).to_ascii_lowercase();
    lower
        .split(|b| !b.is_ascii_lowercase())
        .any(|word| matches!(word, b"prefetch" | b"prerender" | b"preview"))
}

/// Classifies a visit. Prefetches take precedence. HEAD requests count as bots, because they open nothing (X sends
/// several for each post, with user agents of browsers).
#[must_use]
pub fn classify(agent: Agent, head: bool, is_prefetch_request: bool) -> Class {
    if is_prefetch_request {
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

    const TABLE: &str = include_str!("../../../fixtures/agents.txt");

    #[test]
    fn real_user_agents_are_classified() {
        let mut rows = 0;
        for line in TABLE.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let mut columns = line.splitn(3, '\t');
            let (who, device, agent) =
                (columns.next().unwrap(), columns.next().unwrap(), columns.next().unwrap_or_default());
            let parsed = parse(agent);
            assert_eq!(if parsed.bot { "bot" } else { "human" }, who, "{agent}");
            assert_eq!(parsed.device.as_str(), device, "{agent}");
            rows += 1;
        }
        assert!(rows > 60, "the table is read: {rows} rows");
    }

    #[test]
    fn case_and_length_do_not_matter() {
        assert!(parse("CURL/8.5.0").bot);
        assert!(parse("GoogleBOT").bot);
        let long = format!("{}bot", "a".repeat(AGENT_BYTES));
        assert!(!parse(&long).bot, "what lies beyond the limit is not looked at");
        assert!(!parse(&"ü".repeat(AGENT_BYTES)).bot, "a character cut in two is no reason to stop");
    }

    #[test]
    fn prefetch_takes_precedence_and_head_is_a_bot() {
        let (person, machine) = (parse("Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"), parse("curl/8.5.0"));
        for (agent, head, is_prefetch_request, class) in [
            (person, false, false, Class::Human),
            (person, true, false, Class::Bot),
            (person, false, true, Class::Prefetch),
            (machine, false, false, Class::Bot),
            (machine, true, true, Class::Prefetch),
        ] {
            assert_eq!(classify(agent, head, is_prefetch_request), class);
        }
    }

    #[test]
    fn prefetch_purposes_are_recognised() {
        for purpose in
            ["prefetch", "Prefetch", "prefetch;prerender", "prefetch; anonymous-client-ip", "preview"]
        {
            assert!(is_prefetch(purpose), "{purpose}");
        }
        for purpose in ["", "navigate", "prefetched", "none;", "é"] {
            assert!(!is_prefetch(purpose), "{purpose}");
        }
    }
}
