//! The days on which the banks of the euro area settle payments: the calendar of TARGET, the Eurosystem's payment system. It
//! is closed on weekends and on six holidays (ECB decision of 14 December 2000).

use crate::values::date::Date;

/// The longest time that TARGET is closed: 24 December falls on a Friday, or Good Friday to Easter Monday.
const MAX_CLOSED_DAYS: u64 = 7;

/// Returns the month and the day of Easter Sunday in the Gregorian calendar (Meeus, "Astronomical Algorithms", chapter 8).
fn easter(year: i32) -> (u32, u32) {
    let (golden, century, rest) = (year.rem_euclid(19), year.div_euclid(100), year.rem_euclid(100));
    let correction = century.saturating_add(8).div_euclid(25);
    let shift = century.saturating_sub(correction).saturating_add(1).div_euclid(3);
    // The age of the moon, then the distance to the next Sunday.
    let moon = golden
        .saturating_mul(19)
        .saturating_add(century)
        .saturating_sub(century.div_euclid(4))
        .saturating_sub(shift)
        .saturating_add(15)
        .rem_euclid(30);
    let sunday = 32_i32
        .saturating_add(century.rem_euclid(4).saturating_mul(2))
        .saturating_add(rest.div_euclid(4).saturating_mul(2))
        .saturating_sub(moon)
        .saturating_sub(rest.rem_euclid(4))
        .rem_euclid(7);
    let late = golden
        .saturating_add(moon.saturating_mul(11))
        .saturating_add(sunday.saturating_mul(22))
        .div_euclid(451);
    let days = moon.saturating_add(sunday).saturating_sub(late.saturating_mul(7)).saturating_add(114);
    let (month, day) = (days.div_euclid(31), days.rem_euclid(31).saturating_add(1));
    (month.unsigned_abs(), day.unsigned_abs())
}

/// Returns whether TARGET settles payments on a day.
fn is_open(day: Date) -> bool {
    let month_day = |day: Date| {
        let (_, month, day) = day.parts();
        (month, day)
    };
    let (year, ..) = day.parts();
    let easter = easter(year);
    let is_good_friday = month_day(day.plus_days(2)) == easter;
    let is_holiday = match month_day(day) {
        // New Year's Day, Labour Day, and Christmas.
        (1, 1) | (5, 1) | (12, 25 | 26) => true,
        // Easter Monday.
        (month, 1) => (month.saturating_sub(1), 31) == easter,
        (month, of_month) => (month, of_month.saturating_sub(1)) == easter,
    };
    !day.is_weekend() && !is_good_friday && !is_holiday
}

/// Returns the first day from `day` on that TARGET settles payments.
#[must_use]
pub fn next_open(day: Date) -> Date {
    (0..=MAX_CLOSED_DAYS).map(|days| day.plus_days(days)).find(|day| is_open(*day)).unwrap_or(day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payments_are_settled_on_the_next_open_day() {
        // The closing days are those that the ECB published for 2024 to 2027.
        for (day, open) in [
            ("2026-11-02", "2026-11-02"),
            ("2026-10-31", "2026-11-02"),
            ("2026-11-01", "2026-11-02"),
            ("2026-04-02", "2026-04-02"),
            ("2026-04-03", "2026-04-07"),
            ("2026-04-06", "2026-04-07"),
            ("2026-05-01", "2026-05-04"),
            ("2026-12-25", "2026-12-28"),
            ("2027-01-01", "2027-01-04"),
            ("2027-03-26", "2027-03-30"),
            ("2025-04-18", "2025-04-22"),
            ("2024-03-29", "2024-04-02"),
            ("2024-04-01", "2024-04-02"),
            ("2024-12-25", "2024-12-27"),
            ("2024-12-24", "2024-12-24"),
            ("2024-12-31", "2024-12-31"),
            ("9999-12-31", "9999-12-31"),
        ] {
            assert_eq!(next_open(Date::parse(day).unwrap()).to_string(), open, "{day}");
        }
    }

    #[test]
    fn easter_is_known_for_every_year() {
        for (year, sunday) in [
            (1970, (3, 29)),
            (2000, (4, 23)),
            (2008, (3, 23)),
            (2024, (3, 31)),
            (2025, (4, 20)),
            (2026, (4, 5)),
            (2027, (3, 28)),
            (2038, (4, 25)),
            (2285, (3, 22)),
        ] {
            assert_eq!(easter(year), sunday, "{year}");
        }
        for year in 1970..=9999 {
            let (month, day) = easter(year);
            let sunday = Date::parse(&format!("{year}-{month:02}-{day:02}")).unwrap();
            assert!(sunday.is_weekend() && !sunday.plus_days(1).is_weekend(), "{sunday}");
        }
    }
}
