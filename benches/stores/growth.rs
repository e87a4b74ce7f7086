//! The cost of a conversion in a Ledger of 10^3, 10^4, … conversions, in memory and in a file.

use crate::{figure, now, percentile_us, support::Ledger, timed};
use signpost::{
    api::{self, Environment, Outcome, http::message::Request},
    domain::values::entropy::Entropy,
    ledger::needs::NOTHING_FETCHED,
    store::{
        native::NativeSql,
        schema::{LEDGER, migrate},
    },
};
use std::{path::PathBuf, time::Duration};

const SMALL: u64 = 1_000;
const PARTNERS: usize = 100;
const LINKS_PER_PARTNER: usize = 10;
/// The number of rounds. Each round measures sales in the large and the small Ledger in turns.
const ROUNDS: usize = 10;
const SALES_PER_ROUND: u64 = 200;
/// The maximum ratio to the cost in the small Ledger that counts as constant.
const FLAT: f64 = 1.5;

/// A Ledger with partners and links, for recording sales.
pub struct Shop {
    pub ledger: Ledger,
    links: Vec<u32>,
    sales: u64,
    target: &'static str,
}

impl Shop {
    pub fn open(sql: NativeSql) -> Self {
        migrate(&sql, LEDGER).unwrap();
        let mut ledger = Ledger { sql, ..Ledger::new() };
        let listing = ledger.listing("https://shop.example/buy");
        let mut links = Vec::with_capacity(PARTNERS * LINKS_PER_PARTNER);
        for n in 0..PARTNERS {
            let partner = ledger.partner(&format!("Partner {n}"), None);
            links.extend((0..LINKS_PER_PARTNER).map(|_| ledger.link(&partner, &listing).1));
        }
        Self { ledger, links, sales: 0, target: "/v1/conversions" }
    }

    /// Records a sale to a new customer with a click on a random link, and returns how long it took.
    fn sell(&mut self) -> Duration {
        let mut random = [0; 8];
        self.ledger.entropy.fill(&mut random);
        let random = u64::from_be_bytes(random);
        let link = self.links[usize::try_from(random % self.links.len() as u64).unwrap()];
        let click = self.ledger.click(link);
        // At one second per sale, a million sales take eleven days. That is less than the hold period, so that all
        // sales do the same work.
        self.ledger.wait(1_000);
        self.sales += 1;
        let body = format!(
            r#"{{"type":"sale","external_id":"order-{:x}","click_id":"{click}","customer_id":"customer-{random:x}","amount":4990,"currency":"EUR","metadata":{{"plan":"team"}}}}"#,
            random.rotate_left(17)
        );
        let authorization = format!("Bearer {}", crate::support::OPERATOR);
        let key = format!("{random:016x}-{:08x}", self.sales);
        let request = Request {
            method: "POST",
            path: self.target,
            authorization: Some(&authorization),
            idempotency_key: Some(&key),
            body: body.as_bytes(),
            base_url: "https://go.example.com",
            ..Request::default()
        };
        let Ledger { sql, config, now, entropy, .. } = &mut self.ledger;
        let environment = Environment {
            sql,
            config,
            zones: &crate::support::TzDatabase,
            now: *now,
            fetched: &NOTHING_FETCHED,
        };
        let (took, outcome) = timed(|| api::handle(&environment, entropy, request));
        assert!(matches!(&outcome, Outcome::Response(answer) if answer.status == 201), "{outcome:?}");
        took
    }

    pub fn sell_until(&mut self, sales: u64) {
        while self.sales < sales {
            self.sell();
        }
    }

    /// The size of the database. Free pages do not count on the platform either.
    pub fn bytes(&self) -> i64 {
        let pragma = |name: &str| self.ledger.sql.exec_one(&format!("PRAGMA {name}"));
        (pragma("page_count") - pragma("freelist_count")) * pragma("page_size")
    }
}

/// Queries for a single integer.
trait ExecOne {
    fn exec_one(&self, sql: &str) -> i64;
}

impl ExecOne for NativeSql {
    fn exec_one(&self, sql: &str) -> i64 {
        signpost::store::Sql::exec(self, sql, &[]).unwrap()[0].int(0).unwrap()
    }
}

/// A directory in memory for a database file, removed on drop. The benchmark measures SQLite's work with files, not
/// the disk of the machine.
pub struct Scratch(PathBuf);

impl Scratch {
    pub fn new(name: &str) -> Self {
        let shared_memory = PathBuf::from("/dev/shm");
        let parent = if shared_memory.is_dir() { shared_memory } else { std::env::temp_dir() };
        let directory = parent.join(format!("signpost-bench-{}-{name}", std::process::id()));
        std::fs::create_dir(&directory).unwrap();
        Self(directory)
    }

    pub fn database(&self) -> NativeSql {
        let sql = NativeSql::open(&self.0.join("ledger.sqlite")).unwrap();
        // workerd uses this mode.
        signpost::store::Sql::exec(&sql, "PRAGMA journal_mode = WAL", &[]).unwrap();
        sql
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            eprintln!("{} remains: {error}", self.0.display());
        }
    }
}

pub fn run(conversions: u64) {
    let file = Scratch::new("large");
    grow("in a file", Shop::open(file.database()), conversions, || {
        let small = Scratch::new("small");
        (Shop::open(small.database()), Some(small))
    });
    drop(file);
    // In memory, the file system has no influence. A tenth of the size is enough to show the same trend.
    grow("in memory", Shop::open(NativeSql::in_memory().unwrap()), conversions / 10, || {
        (Shop::open(NativeSql::in_memory().unwrap()), None)
    });
}

fn grow(location: &str, mut large: Shop, conversions: u64, open_small: impl Fn() -> (Shop, Option<Scratch>)) {
    let mut size = SMALL;
    while size <= conversions {
        let since = now();
        large.sell_until(size);
        eprintln!("{size} conversions {location}: {:.1} s", since.elapsed().as_secs_f64());
        let (mut small, _scratch) = open_small();
        small.sell_until(SMALL);
        let (mut large_samples, mut small_samples) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            large_samples.extend((0..SALES_PER_ROUND).map(|_| large.sell()));
            small_samples.extend((0..SALES_PER_ROUND).map(|_| small.sell()));
        }
        let (cost, reference) =
            (percentile_us(&mut large_samples, 50), percentile_us(&mut small_samples, 50));
        let name = format!("conversion {location}, Ledger of {size}");
        figure(&name, cost, "µs", None, "median of the whole request, without HTTP");
        figure(&format!("{name}: p99"), percentile_us(&mut large_samples, 99), "µs", None, "the same");
        if size > SMALL {
            let compares = format!("its median ÷ that of a Ledger of {SMALL}, in turns");
            figure(&format!("{name}: growth"), cost / reference, "×", Some(FLAT), &compares);
        }
        size *= 10;
    }
    let each = large.bytes() as f64 / large.sales as f64;
    figure(&format!("conversion {location}: size"), each / 1024.0, "KiB", None, "database ÷ conversions");
}
