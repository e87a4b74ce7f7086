//! The watermark of a shard: everything that the Ledger may still hear of holds it back.

use super::*;
use signpost::store::clicks::IN_FLIGHT_MS;

/// The watermark at `now`, relative to it.
fn behind(log: &ClickLog<'_>, now: i64) -> i64 {
    log.watermark(Timestamp::from_ms(now).unwrap()).unwrap().ms() - now
}

#[test]
fn a_shard_without_clicks_waits_only_for_clicks_in_flight() {
    let sql = NativeSql::in_memory().unwrap();
    let log = ClickLog::open(&sql, 3).unwrap();
    assert_eq!(behind(&log, NOW), -IN_FLIGHT_MS);
    assert_eq!(behind(&log, NOW + 3_600_000), -IN_FLIGHT_MS);
}

#[test]
fn a_click_that_the_ledger_has_not_confirmed_holds_it_back() {
    let sql = NativeSql::in_memory().unwrap();
    let log = ClickLog::open(&sql, 3).unwrap();
    let late = NOW + 10 * 60_000;
    append(&log, &[visit("a", NOW + 5, 7, None), visit("b", NOW + 9, 7, None)]).unwrap();
    // Stored, and in no row of counts.
    assert_eq!(behind(&log, late), NOW + 5 - late);
    assert_eq!(behind(&log, NOW + 10), -IN_FLIGHT_MS, "a young click is no older than those in flight");
    // In a row that was sent, perhaps in vain: the row tells the quarter hour only.
    let sent = log.due(Timestamp::from_ms(late).unwrap()).unwrap().counts.unwrap();
    assert_eq!(behind(&log, late), Timestamp::from_ms(NOW).unwrap().quarter() * 900_000 - late);
    // A newer click waits behind that row.
    append(&log, &[visit("c", NOW + 20 * 60_000, 7, None)]).unwrap();
    assert_eq!(behind(&log, late), Timestamp::from_ms(NOW).unwrap().quarter() * 900_000 - late);
    log.counts_sent(sent.seq).unwrap();
    let later = NOW + 30 * 60_000;
    assert_eq!(behind(&log, later), NOW + 20 * 60_000 - later);
    let sent = log.due(Timestamp::from_ms(later).unwrap()).unwrap().counts.unwrap();
    log.counts_sent(sent.seq).unwrap();
    assert_eq!(behind(&log, later), -IN_FLIGHT_MS);
}

#[test]
fn clicks_of_other_shards_hold_it_back_until_they_are_forwarded() {
    let sql = NativeSql::in_memory().unwrap();
    let log = ClickLog::open(&sql, 3).unwrap();
    let records =
        |visits: &[Visit]| format!("[{}]", visits.iter().map(Visit::to_json).collect::<Vec<_>>().join(","));
    let by_shard = format!(
        "{{\"4\":{},\"5\":{}}}",
        records(&[visit("a", NOW + 7, 7, None), visit("b", NOW + 2, 7, None)]),
        records(&[visit("c", NOW + 4, 7, None)])
    );
    log.store_for_forwarding(&by_shard).unwrap();
    let late = NOW + 10 * 60_000;
    assert_eq!(behind(&log, late), NOW + 2 - late);
    let (batches, _) = log.batches_to_forward().unwrap();
    log.forwarded(4, batches[0].last).unwrap();
    assert_eq!(behind(&log, late), NOW + 4 - late);
    log.forwarded(5, batches[1].last).unwrap();
    assert_eq!(behind(&log, late), -IN_FLIGHT_MS);
}

#[test]
fn the_oldest_click_is_found_by_reading_what_is_not_counted_only() {
    let sql = NativeSql::in_memory().unwrap();
    let log = ClickLog::open(&sql, 3).unwrap();
    let cost = || {
        let before = sql.steps();
        log.watermark(Timestamp::from_ms(NOW).unwrap()).unwrap();
        sql.steps() - before
    };
    let empty = cost();
    let many: Vec<Visit> = (0..1_000u32).map(|n| visit(&format!("m{n}"), NOW, n, None)).collect();
    append(&log, &many).unwrap();
    Far::default().drain(&log, NOW + 3_600_000);
    assert!(cost() < empty + 20, "{} after {empty}", cost());
}
