//! Pages of a shard's clicks, newest first.

use super::*;

#[test]
fn pages_go_back_in_time_without_gaps_or_repeats() {
    let sql = NativeSql::in_memory().unwrap();
    let log = ClickLog::open(&sql, 3).unwrap();
    // Several clicks share a millisecond, so the id must order them.
    let visits: Vec<Visit> = (0..100i64)
        .map(|n| Visit {
            bucket: if n % 4 == 3 { Bucket::Bot } else { Bucket::Human },
            ..visit(&format!("n{n:02}"), NOW + n / 5, u32::try_from(n % 3).unwrap(), None)
        })
        .collect();
    append(&log, &visits).unwrap();
    let read = |query: &PageQuery| -> Vec<(i64, String)> {
        let page = log.page(query).unwrap();
        let clicks: Vec<PackedClick<'_>> = strict_json::from_str(&page).unwrap();
        clicks.iter().map(|click| (click.at().ms(), click.row_id().to_owned())).collect()
    };
    let bot = Some(Bucket::Bot.code());
    for (links, bucket, from_ms, to_ms, expected) in [
        (None, None, None, None, 100),
        (Some(vec![1]), None, None, None, 33),
        (Some(vec![0, 2, 9]), None, None, None, 67),
        (Some(vec![]), None, None, None, 0),
        (None, None, Some(NOW + 1), Some(NOW + 3), 10),
        (Some(vec![2]), None, Some(NOW + 19), None, 2),
        (None, bot, None, None, 25),
        (None, bot, Some(NOW + 1), Some(NOW + 3), 2),
        (Some(vec![1, 2]), bot, None, None, 16),
        (None, Some(Bucket::Expired.code()), None, None, 0),
    ] {
        let (mut seen, mut query) =
            (Vec::new(), PageQuery { links, bucket, from_ms, to_ms, limit: 7, ..PageQuery::default() });
        loop {
            let page = read(&query);
            let Some(last) = page.last() else { break };
            query.before = Some(last.clone());
            seen.extend(page);
        }
        assert_eq!(seen.len(), expected, "{query:?}");
        assert_eq!(log.count(&query).unwrap(), i64::try_from(expected).unwrap(), "{query:?}");
        assert!(seen.windows(2).all(|pair| pair[0] > pair[1]), "{query:?}");
    }
    let first = read(&PageQuery { limit: 1, ..PageQuery::default() }).remove(0);
    assert_eq!(first, (NOW + 19, "n99".to_owned()));
    // Clicks of other buckets cost nothing.
    let cost = |query: &PageQuery| {
        let before = sql.steps();
        read(query);
        sql.steps() - before
    };
    for links in [None, Some(vec![1])] {
        let query = PageQuery { links, bucket: bot, limit: 5, ..PageQuery::default() };
        let few = cost(&query);
        let others: Vec<Visit> =
            (0..50).map(|n| visit(&format!("o{n:02}{:?}", query.links), NOW + 100, 2, None)).collect();
        append(&log, &others).unwrap();
        assert_eq!(cost(&query), few, "{query:?}");
    }
}
