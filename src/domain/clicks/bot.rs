//! Classification of user agents: person, machine or prefetch, and the kind of device.
//!
//! A user agent belongs to a machine if it contains a name of a published list (`crawlers.rs`) or follows one of the
//! conventions by which machines that no list knows yet identify themselves. The names of HTTP libraries are compared with
//! the names of products, never with a part of a word: phones, apps and comments contain words such as `ruby` or `scanner`.
//! System and browser versions are ignored because rules that depend on them turn into false positives with age.

mod crawlers;

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

/// Endings of the words by which machines describe themselves: `ExampleBot`, `example-crawler`.
const MACHINE_ENDINGS: &[&str] =
    &["bot", "bots", "crawl", "crawler", "crawlers", "spider", "scraper", "fetcher"];

/// Brands of phones that end like a machine (`… Android 13; CUBOT P80 …`).
const PHONES: &[&str] = &["cubot"];

/// Programs that call themselves compatible with a browser, as crawlers do, but are browsers.
const COMPATIBLE_BROWSERS: &[&str] = &["msie", "konqueror"];

/// Names of products that are HTTP libraries, command-line tools, automated browsers, or apps that fetch link previews. The
/// list of crawlers lacks them, or contains them in other spellings only.
const MACHINE_PRODUCTS: &[&str] = &[
    // Link previews. GoogleMessages is sent by Google's app for SMS and RCS.
    "googlemessages",
    "viber",
    "whatsapp",
    // Libraries and tools.
    "apache-httpclient",
    "axios",
    "aiohttp",
    "bun",
    "cfnetwork",
    "curl",
    "dart",
    "deno",
    "faraday",
    "go-http-client",
    "go-resty",
    "got",
    "guzzlehttp",
    "httpie",
    "httpx",
    "hyper",
    "insomnia",
    "java",
    "jersey",
    "k6",
    "libcurl",
    "libwww-perl",
    "lwp-request",
    "lwp-trivial",
    "node",
    "node-fetch",
    "okhttp",
    "perl",
    "php",
    "postmanruntime",
    "python",
    "python-httpx",
    "python-requests",
    "python-urllib",
    "reqwest",
    "ruby",
    "superagent",
    "undici",
    "vegeta",
    "wget",
    "windowspowershell",
    "powershell",
    "winhttp",
    // Automated browsers.
    "headlesschrome",
    "phantomjs",
    "puppeteer",
    "playwright",
    "selenium",
    "webdriver",
    "chrome-lighthouse",
];

/// Classifies a user agent.
#[must_use]
pub fn parse(user_agent: &str) -> Agent {
    let bytes = user_agent.as_bytes();
    let bytes = bytes.get(..AGENT_BYTES).unwrap_or(bytes);
    // A character that the limit cuts in two becomes U+FFFD, which no list contains.
    let agent = String::from_utf8_lossy(bytes);
    let lower = agent.to_ascii_lowercase();
    Agent { bot: crawlers::are_named_in(&agent) || is_machine(&lower), device: device(&lower) }
}

/// Whether a lower-case user agent follows a convention of machines.
fn is_machine(agent: &str) -> bool {
    is_blank(agent)
        // A URL of a page about the crawler; browsers send none.
        || agent.contains("http:")
        || agent.contains("https:")
        || is_compatible_machine(agent)
        || words(agent).any(is_machine_word)
        || product_names(agent).any(|name| MACHINE_PRODUCTS.contains(&name))
}

fn is_blank(agent: &str) -> bool {
    let agent = agent.trim();
    agent.is_empty() || agent == "-"
}

/// Matches the comment `(compatible; ExampleApp/1.0)` with which crawlers imitate the first versions of Internet Explorer.
fn is_compatible_machine(agent: &str) -> bool {
    agent.split("compatible;").skip(1).any(|rest| {
        let rest = rest.trim_start();
        !COMPATIBLE_BROWSERS.iter().any(|browser| rest.starts_with(browser))
    })
}

fn words(agent: &str) -> impl Iterator<Item = &str> {
    agent.split(|letter: char| !letter.is_ascii_alphabetic())
}

fn is_machine_word(word: &str) -> bool {
    !PHONES.contains(&word) && MACHINE_ENDINGS.iter().any(|ending| word.ends_with(ending))
}

/// Returns the names of the products: the words outside of comments, up to their `/` (RFC 9110, section 10.1.5).
fn product_names(agent: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0usize;
    let is_separator = move |letter: char| {
        match letter {
            '(' => depth = depth.saturating_add(1),
            ')' => depth = depth.saturating_sub(1),
            _ => return depth > 0 || letter == ' ',
        }
        true
    };
    agent.split(is_separator).filter_map(|product| product.split('/').next())
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

/// Classifies a visit. Prefetches take precedence, then links that a browser loads as part of a page. HEAD requests count as bots, because they open nothing (X sends
/// several for each post, with user agents of browsers).
#[must_use]
pub fn classify(agent: Agent, head: bool, is_prefetch_request: bool, is_embedded: bool) -> Class {
    if is_prefetch_request {
        Class::Prefetch
    } else if is_embedded {
        Class::Embedded
    } else if agent.bot || head {
        Class::Bot
    } else {
        Class::Human
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLASSIFIED: &str = include_str!("../../../fixtures/agents/classified.txt");
    const BROWSERS: &str = include_str!("../../../fixtures/agents/browsers.txt");
    const CRAWLERS: &str = include_str!("../../../fixtures/agents/crawlers.txt");

    fn lines(table: &str) -> impl Iterator<Item = &str> {
        table.lines().filter(|line| !line.is_empty() && !line.starts_with('#'))
    }

    #[test]
    fn real_user_agents_are_classified() {
        let mut rows = 0;
        for line in lines(CLASSIFIED) {
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
    fn no_browser_is_a_machine() {
        assert_eq!(lines(BROWSERS).count(), 500);
        let machines: Vec<_> = lines(BROWSERS).filter(|agent| parse(agent).bot).collect();
        assert_eq!(machines, Vec::<&str>::new());
    }

    #[test]
    fn every_published_example_of_a_crawler_is_a_machine() {
        assert!(lines(CRAWLERS).count() > 2_000);
        let people: Vec<_> = lines(CRAWLERS).filter(|agent| !parse(agent).bot).collect();
        assert_eq!(people, Vec::<&str>::new());
    }

    #[test]
    fn case_and_length_do_not_matter() {
        assert!(parse("CURL/8.5.0").bot);
        assert!(parse("GoogleBOT").bot);
        let long = format!("{}bot", "a".repeat(AGENT_BYTES));
        assert!(!parse(&long).bot, "text beyond the limit is ignored");
        assert!(!parse(&"ü".repeat(AGENT_BYTES)).bot, "a split character is not an error");
    }

    #[test]
    fn prefetch_takes_precedence_and_head_is_a_bot() {
        let (person, machine) = (parse("Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"), parse("curl/8.5.0"));
        for (agent, head, is_prefetch_request, is_embedded, class) in [
            (person, false, false, false, Class::Human),
            (person, true, false, false, Class::Bot),
            (person, false, true, false, Class::Prefetch),
            (person, false, false, true, Class::Embedded),
            (person, false, true, true, Class::Prefetch),
            (machine, false, false, false, Class::Bot),
            (machine, true, true, false, Class::Prefetch),
        ] {
            assert_eq!(classify(agent, head, is_prefetch_request, is_embedded), class);
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
