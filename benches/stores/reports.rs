//! The cost of a partner's report over 90 days as the data of other partners grows.

use crate::{figure, percentile_us, support::Ledger, timed};
use signpost::{
    domain::{
        clicks::click::{Country, Device},
        conversions::ConversionType,
        values::time::{QUARTER_MS, Timestamp},
    },
    store::{
        SqlError,
        reports::counts::{self, ConversionDelta},
        transaction,
    },
};

const DAYS: i64 = 90;
/// The number of quarter hours of a day in which a partner has clicks.
const BUSY_QUARTERS: i64 = 16;
const COUNTRIES: [&str; 3] = ["DE", "FR", "US"];
const FEW: usize = 10;
const FLAT: f64 = 1.5;
/// The number of quarter hours in a day.
const DAY: i64 = 96;
const FIRST_QUARTER: i64 = 20_700 * DAY;

/// A Ledger with 90 days of clicks and conversions for each partner.
struct Programme {
    ledger: Ledger,
    listing: String,
    partners: Vec<String>,
}

impl Programme {
    fn new() -> Self {
        let mut ledger = Ledger::new();
        let listing = ledger.listing("https://shop.example/buy");
        Self { ledger, listing, partners: Vec::new() }
    }

    fn grow(&mut self, partners: usize) {
        while self.partners.len() < partners {
            let name = format!("Partner {}", self.partners.len());
            let partner = self.ledger.partner(&name, None);
            let (_, link) = self.ledger.link(&partner, &self.listing);
            self.fill(link);
            self.partners.push(partner);
        }
    }

    fn fill(&self, link: u32) {
        let sql = &self.ledger.sql;
        let busy = |day: i64| (0..BUSY_QUARTERS).map(move |n| FIRST_QUARTER + day * DAY + n * 5);
        let written = transaction(sql, || -> Result<(), SqlError> {
            for day in 0..DAYS {
                let rows: Vec<_> = busy(day)
                    .flat_map(|quarter| COUNTRIES.map(|country| (link, quarter, country, 1, 0, 7, 5)))
                    .collect();
                counts::add_rows(sql, &serde_json::to_string(&rows).unwrap(), 1)?;
                for quarter in busy(day).step_by(4) {
                    counts::add_conversion(sql, &delta(link, quarter), Timestamp::clamped(1))?;
                }
            }
            Ok(())
        });
        written.unwrap();
    }

    /// Returns how long a report takes.
    fn report(&mut self, query: &str) -> std::time::Duration {
        let target = format!("/v1/attribution?{query}");
        let (took, response) = timed(|| self.ledger.get(&target));
        assert_eq!(response.status, 200, "{}", response.raw.body);
        assert!(response.json["data"][0]["clicks"].as_i64().unwrap() > 0);
        took
    }
}

fn delta(link: u32, quarter: i64) -> ConversionDelta {
    ConversionDelta {
        // Each partner has one link, created together with it, so both have the same number.
        partner_no: Some(link),
        occurred_at: Timestamp::clamped(quarter * QUARTER_MS),
        link_no: Some(link),
        listing_no: Some(1),
        country: Country::parse("DE"),
        device: Device::Desktop,
        currency: Some("EUR".to_owned()),
        counted: Some(ConversionType::Sale),
        qualified: false,
        uncounted: false,
        revenue: 4_990,
        refunds: 0,
        commission: 998,
    }
}

pub fn run() {
    let mut small = Programme::new();
    small.grow(FEW);
    let mut large = Programme::new();
    let span = {
        let at = |quarter: i64| Timestamp::clamped(quarter * QUARTER_MS);
        format!("from={}&to={}", at(FIRST_QUARTER), at(FIRST_QUARTER + DAYS * DAY))
    };
    for partners in [100, 1_000] {
        large.grow(partners);
        eprintln!("{partners} partners with {DAYS} days of data");
        for group in ["day", "link", "country"] {
            let query = |programme: &Programme| {
                format!(
                    "partner_id={}&group_by={group}&timezone=Europe/Berlin&{span}",
                    programme.partners[FEW / 2]
                )
            };
            let (here, there) = (query(&large), query(&small));
            let (mut large_samples, mut small_samples) = (Vec::new(), Vec::new());
            for _ in 0..50 {
                large_samples.push(large.report(&here));
                small_samples.push(small.report(&there));
            }
            let (cost, reference) =
                (percentile_us(&mut large_samples, 50), percentile_us(&mut small_samples, 50));
            let name = format!("partner's report by {group}, {partners} partners");
            figure(&name, cost / 1e3, "ms", None, "median of the whole request, 90 days, without HTTP");
            let compares = format!("its median ÷ that with {FEW} partners, in turns");
            figure(&format!("{name}: growth"), cost / reference, "×", Some(FLAT), &compares);
        }
        let whole = format!("group_by=partner&{span}");
        let mut wholes: Vec<_> = (0..5).map(|_| large.report(&whole)).collect();
        let name = format!("whole programme's report, {partners} partners");
        figure(&name, percentile_us(&mut wholes, 50) / 1e3, "ms", None, "it reads every partner's rows");
    }
}
