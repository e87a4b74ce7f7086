//! Reading the log of events, whose old events are only in KV. The Ledger cannot query KV inside a transaction: a reader that needs a
//! segment ends with [`LogError::SegmentNeeded`], and its runner fetches the segment and runs the reader again.

use super::{
    events::{self, Event, Range},
    pruning::pruned_through,
    restored::EventLine,
};
use crate::{
    domain::values::{id::EventId, time::Timestamp},
    store::{Row, Sql, SqlError, page::Conditions},
};

/// The number of segments that one step of a filtered reader considers.
const CONSIDERED: i64 = 200;

/// A segment that was fetched from KV.
#[derive(Debug, Clone)]
pub struct FetchedSegment {
    /// The position of its first event.
    pub first: i64,
    /// Its lines; `None` if KV did not return it.
    pub text: Option<String>,
}

/// The segments that were fetched.
pub type Segments = Vec<FetchedSegment>;

/// Why the log cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// A database error.
    #[error(transparent)]
    Store(#[from] SqlError),
    /// The segment that begins with this event must be fetched first.
    #[error("the segment of the log that begins with event {0} was not fetched")]
    SegmentNeeded(i64),
    /// KV did not return the segment that begins with this event, or an old version of it.
    #[error("KV does not return the segment of the log that begins with event {0}")]
    SegmentMissing(i64),
}

/// A segment whose events were deleted from the table.
#[derive(Debug)]
struct Segment {
    first: i64,
    last: i64,
    from_ms: i64,
    to_ms: i64,
}

fn segment(row: &Row) -> Result<Segment, SqlError> {
    Ok(Segment { first: row.int(0)?, last: row.int(1)?, from_ms: row.int(2)?, to_ms: row.int(3)? })
}

/// The log of events.
pub struct EventLog<'a> {
    /// The database.
    pub sql: &'a dyn Sql,
    segments: &'a Segments,
    /// The last event that is only in KV; 0 if there is none.
    pub pruned: i64,
}

impl<'a> EventLog<'a> {
    /// The log with the segments that were fetched.
    pub fn open(sql: &'a dyn Sql, segments: &'a Segments) -> Result<Self, SqlError> {
        Ok(Self { sql, segments, pruned: pruned_through(sql)? })
    }

    /// Returns the first events of a range, oldest first, and the last event that was considered. There may be more of the range
    /// after it, even if none were found. At most `limit` events are returned, and no more than `bytes` of them unless a single one
    /// is longer. Those of one call come from one segment.
    pub fn read(&self, range: &Range<'_>, limit: i64, bytes: i64) -> Result<(Vec<Event>, i64), LogError> {
        if range.after >= self.pruned {
            let (found, is_whole) = events::shown_in(self.sql, range, limit, bytes)?;
            let last = found.last().filter(|_| !is_whole).map(|event| event.seq);
            return Ok((found, last.unwrap_or(range.through)));
        }
        let range = &Range { through: range.through.min(self.pruned), ..*range };
        let (segment, considered) = self.next_segment(range)?;
        let Some(segment) = segment else { return Ok((Vec::new(), considered)) };
        let as_length = |bound: i64| usize::try_from(bound).unwrap_or(usize::MAX);
        let (mut found, mut length): (Vec<Event>, _) = (Vec::new(), 0usize);
        for event in self.events_of(&segment, range.after)? {
            let event = event?;
            if !range.includes(&event) {
                continue;
            }
            length = length.saturating_add(event.data.len());
            if let Some(last) =
                found.last().filter(|_| found.len() >= as_length(limit) || length > as_length(bytes))
            {
                let through = last.seq;
                return Ok((found, through));
            }
            found.push(event);
        }
        Ok((found, segment.last.min(range.through)))
    }

    /// Returns the first segment that may have events of a range, among those considered. Without one, returns the last event of
    /// these.
    fn next_segment(&self, range: &Range<'_>) -> Result<(Option<Segment>, i64), SqlError> {
        let mut all = Conditions::default();
        let (after, through, limit) = (all.bind(range.after), all.bind(range.through), all.bind(CONSIDERED));
        let considered = format!(
            "(SELECT first, last AS through, from_ms, to_ms FROM event_segments WHERE last > {after} AND first <= {through} \
             ORDER BY last LIMIT CAST({limit} AS INTEGER))"
        );
        let last = format!("SELECT coalesce(max(through), {through}) FROM {considered}");
        let unfiltered = all.clone();
        range.select(&mut all, "")?;
        let statement = format!(
            "SELECT first, through, from_ms, to_ms FROM {considered} WHERE EXISTS (SELECT 1 FROM event_segment_counts \
             WHERE last = through AND {}) ORDER BY through LIMIT 1",
            all.text()
        );
        if let Some(row) = self.sql.exec(&statement, all.args())?.first() {
            return Ok((Some(segment(row)?), range.through));
        }
        let rows = self.sql.exec(&last, unfiltered.args())?;
        Ok((None, rows.first().map_or(Ok(range.through), |row| row.int(0))?.min(range.through)))
    }

    /// Returns the lines of a segment.
    fn lines(&self, segment: &Segment) -> Result<std::str::Lines<'a>, LogError> {
        let first = segment.first;
        let fetched = self.segments.iter().find(|fetched| fetched.first == first);
        let text = fetched.ok_or(LogError::SegmentNeeded(first))?.text.as_deref();
        let lines = text.unwrap_or_default().lines();
        // KV may return the value that the key had before, which has fewer events.
        let count = i64::try_from(lines.clone().count()).unwrap_or_default();
        let is_whole = first.saturating_add(count).saturating_sub(1) == segment.last;
        if is_whole { Ok(lines) } else { Err(LogError::SegmentMissing(first)) }
    }

    /// Returns the events of a segment after `after`.
    fn events_of(
        &self,
        segment: &Segment,
        after: i64,
    ) -> Result<impl Iterator<Item = Result<Event, SqlError>> + use<'a>, LogError> {
        // Positions have no gaps.
        let skipped = after.saturating_add(1).saturating_sub(segment.first);
        let lines = self.lines(segment)?.skip(usize::try_from(skipped).unwrap_or_default());
        Ok(lines.map(event))
    }

    /// Returns the segment that has the event at a position.
    fn segment_of(&self, seq: i64) -> Result<Option<Segment>, SqlError> {
        let statement =
            "SELECT first, last, from_ms, to_ms FROM event_segments WHERE last >= ?1 ORDER BY last LIMIT 1";
        self.sql.exec(statement, &[seq.into()])?.first().map(segment).transpose()
    }

    /// Returns the number of events of a range. It needs at most the two segments in which the range begins and ends.
    pub fn count(&self, range: &Range<'_>) -> Result<i64, LogError> {
        let rows = Range { after: range.after.max(self.pruned), ..*range };
        let mut count = events::count(self.sql, &rows)?;
        let mut rest = Range { through: range.through.min(self.pruned), ..*range };
        for end in [rest.after.saturating_add(1), rest.through] {
            if rest.after >= rest.through {
                break;
            }
            let Some(segment) = self.segment_of(end)? else { continue };
            if segment.first > rest.after && segment.last <= rest.through {
                continue;
            }
            for event in self.events_of(&segment, rest.after)? {
                count = count.saturating_add(i64::from(rest.includes(&event?)));
            }
            if segment.first <= rest.after {
                rest.after = segment.last;
            } else {
                rest.through = segment.first.saturating_sub(1);
            }
        }
        if rest.after >= rest.through {
            return Ok(count);
        }
        let mut all = Conditions::default();
        let (after, through) = (all.bind(rest.after), all.bind(rest.through));
        all.and(format!("last > {after} AND last <= {through}"));
        rest.select(&mut all, "+")?;
        let statement =
            format!("SELECT coalesce(sum(events), 0) FROM event_segment_counts WHERE {}", all.text());
        let rows = self.sql.exec(&statement, all.args())?;
        Ok(count.saturating_add(rows.first().map_or(Ok(0), |row| row.int(0))?))
    }

    /// Returns the event with this id. It needs the segments with events of the id's time: usually one, more if events were imported.
    pub fn by_id(&self, id: &EventId) -> Result<Option<Event>, LogError> {
        if let Some(event) = events::by_id(self.sql, id)? {
            return Ok(Some(event));
        }
        let statement = "SELECT first, last, from_ms, to_ms FROM event_segments \
                         WHERE to_ms >= ?1 AND from_ms <= ?1 AND last <= ?2 ORDER BY to_ms";
        for row in self.sql.exec(statement, &[id.generated_at().into(), self.pruned.into()])? {
            // The id may also be in the data of another event.
            for line in self.lines(&segment(&row)?)?.filter(|line| line.contains(id.as_str())) {
                let event = event(line)?;
                if event.id == *id {
                    return Ok(Some(event));
                }
            }
        }
        Ok(None)
    }

    /// Returns the position of the last event before `at`; 0 if there is none. It needs the segment in which `at` is, and more if events
    /// were imported.
    pub fn last_before(&self, at: Timestamp) -> Result<i64, LogError> {
        // Events are in the order of time, except those that an import has recorded at times of its own, which the search by halves
        // may place a little earlier or later.
        let (mut low, mut high) = (0, events::last_seq(self.sql)?);
        while low < high {
            let middle =
                low.saturating_add(high.saturating_sub(low).saturating_add(1).checked_div(2).unwrap_or(0));
            if self.is_before(middle, at)? {
                low = middle;
            } else {
                high = middle.saturating_sub(1);
            }
        }
        Ok(low)
    }

    /// Whether the event at a position is earlier than `at`.
    fn is_before(&self, seq: i64, at: Timestamp) -> Result<bool, LogError> {
        if seq > self.pruned {
            let found = events::after(self.sql, seq.saturating_sub(1), None, 1)?;
            return Ok(found.first().is_some_and(|event| event.at < at));
        }
        match self.segment_of(seq)? {
            Some(segment) if segment.to_ms < at.ms() => Ok(true),
            Some(segment) if segment.from_ms < at.ms() => {
                let found = self.events_of(&segment, seq.saturating_sub(1))?.next().transpose()?;
                Ok(found.is_some_and(|event| event.at < at))
            }
            Some(_) | None => Ok(false),
        }
    }

    /// Returns the lines of the segment that has the event after `after`, from that event on; `None` if the event is in the table.
    pub fn lines_after(&self, after: i64) -> Result<Option<String>, LogError> {
        if after >= self.pruned {
            return Ok(None);
        }
        let Some(segment) = self.segment_of(after.saturating_add(1))? else { return Ok(None) };
        let skipped = after.saturating_add(1).saturating_sub(segment.first);
        let mut text = String::new();
        for line in self.lines(&segment)?.skip(usize::try_from(skipped).unwrap_or_default()) {
            text.push_str(line);
            text.push('\n');
        }
        Ok(Some(text))
    }
}

fn event(line: &str) -> Result<Event, SqlError> {
    let line: EventLine<'_> = strict_json::from_str(line)
        .map_err(|error| SqlError::Engine(format!("a line of the log: {error}")))?;
    Ok(line.event())
}
