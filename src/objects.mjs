// The Durable Objects: storage, alarms and calls to one another. What they decide is decided in Rust, synchronously.
import { DurableObject } from "cloudflare:workers";
import { Handle, bytesOf } from "./instance.mjs";
import { inTime } from "./patience.mjs";

/** The Ledger of the programme: there is one. */
export const LEDGER_NAME = "main";
/** ClickLog objects, named "0" … "15" (src/domain/click.rs). */
export const SHARDS = 16;
/** An alarm that failed is tried again after 1, 2, 4, … seconds, at most a minute. */
const BACKOFF_MS = [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000];
/** Counts reach the Ledger so long after the first click of theirs. */
const COUNTS_AFTER_MS = 1_250;
/** Clicks of other shards wait so long for company. */
const PASS_ON_AFTER_MS = 500;
/** A store that has not answered by then has failed; what it was given may be given to it again. */
const ANSWER_MS = 10_000;
/** The store of clicks has so long to tell a visitor's trail: a conversion waits no longer, and goes on without. */
const TRAIL_MS = 500;
/** Asks for a trail, in an answer that is to be handed in again with it (src/ledger/trails.rs). */
const TRAIL_HEADER = "x-signpost-trail";
/** Work that one alarm does before it asks for another. */
const STEPS_AN_ALARM = 20;

/** What both objects share: one alarm, kept at the earliest time that anything is due. */
class Worker extends DurableObject {
  #alarmAt; // undefined: not read yet; Infinity: none
  #failures = 0;
  #restUntil = 0;

  /** Makes sure the alarm rings at `at` or earlier; while a store fails, not before the pause is over. */
  async wake(at) {
    if (at === undefined || at === null) return;
    const due = Math.max(at, this.#restUntil);
    this.#alarmAt ??= (await this.ctx.storage.getAlarm()) ?? Infinity;
    if (due >= this.#alarmAt) return;
    this.#alarmAt = due;
    await this.ctx.storage.setAlarm(due);
  }

  // An exception here would be tried again six times by the platform, then never.
  async alarm() {
    this.#alarmAt = Infinity;
    let next;
    try {
      next = await this.work();
      this.#failures = 0;
      this.#restUntil = 0;
    } catch (error) {
      const pause = BACKOFF_MS[Math.min(this.#failures, BACKOFF_MS.length - 1)];
      this.#failures += 1;
      console.error(`${this.constructor.label}: passing data on failed, next try in ${pause} ms: ${error.message}`);
      next = Date.now() + pause;
      this.#restUntil = next;
      this.#alarmAt = Infinity; // an earlier one that was set meanwhile is put off
    }
    await this.wake(next);
  }
}

/** Waits for all; then the first that failed is the outcome, so that one store's failure does not hold up another's. */
async function all(promises) {
  const outcomes = await Promise.allSettled(promises);
  const failed = outcomes.find(({ status }) => status === "rejected");
  if (failed) throw failed.reason;
}

function put(kv, { key, value, metadata }) {
  return inTime(ANSWER_MS, kv.put(key, value, metadata ? { metadata } : undefined));
}

export class Ledger extends Worker {
  /** In the log; the bundle shortens the class's own name. */
  static label = "Ledger";
  #rust = new Handle(({ LedgerHandle }) => {
    const { OPERATOR_KEY, SIGNING_KEYS, DATA_KEY } = this.env;
    return LedgerHandle.open(
      this.ctx.storage,
      JSON.stringify({ operator_key: OPERATOR_KEY, signing_keys: SIGNING_KEYS, data_key: DATA_KEY }),
    );
  });

  /** Answers a request of the API: `head` is JSON (`Head` in edge/ledger.rs), `body` the caller's, as it came. */
  async api(head, body) {
    const answer = await this.#withTrails((trails) => {
      const answer = this.#rust.call((ledger) => {
        const { status, headers_json, body: text } = ledger.handle(head, body, trails, Date.now());
        return { status, headers: JSON.parse(headers_json), body: text };
      });
      const [, wish] = answer.headers.find(([name]) => name === TRAIL_HEADER) ?? [];
      const [shard, click_id] = wish?.split(" ") ?? [];
      return { answer, wish: wish && { shard, click_id } };
    });
    await this.wake(this.#rust.call((ledger) => ledger.next_due(Date.now())));
    return answer;
  }

  /** Carries out what may need visitors' trails: each attempt is synchronous, and one that ends with a wish wrote nothing. */
  async #withTrails(attempt) {
    const trails = new Map();
    for (;;) {
      const { answer, wish } = attempt(JSON.stringify(Object.fromEntries(trails)));
      if (!wish) return answer;
      if (trails.has(wish.click_id)) throw new Error("a trail is wished for without end");
      trails.set(wish.click_id, await this.#trail(wish));
    }
  }

  /** The visitor's clicks before this one; null if the store of clicks cannot tell them in time. */
  async #trail({ shard, click_id }) {
    try {
      const trail = await inTime(TRAIL_MS, this.env.CLICKLOG.getByName(String(shard)).trail(click_id));
      return trail === undefined ? null : JSON.parse(trail);
    } catch (error) {
      console.error(`Ledger: no trail of a click, its conversion goes on without: ${error.message}`);
      return null;
    }
  }

  /** A listing as the callback handler needs it, JSON; undefined if there is none. */
  callbackListing(id) {
    return this.#rust.call((ledger) => ledger.callback_listing(id, Date.now()));
  }

  /** The id of the App Store listing of an app; undefined if there is none. */
  listingOfApp(app) {
    return this.#rust.call((ledger) => ledger.listing_of_app(app));
  }

  /** Writes what a callback told (`Report` in marketplace/step.rs); what became of it (`Reported` in ledger/callbacks/report.rs). */
  async report(report) {
    const reported = await this.#withTrails((trails) => {
      const answer = JSON.parse(this.#rust.call((ledger) => ledger.report(report, trails, Date.now())));
      return { answer, wish: answer.trail_wished };
    });
    await this.wake(this.#rust.call((ledger) => ledger.next_due(Date.now())));
    return reported;
  }

  /** Binds the clicks of a browser that comes back; where it goes on to, or undefined. */
  async resume(id, cookies) {
    const location = this.#rust.call((ledger) => ledger.resume(id, cookies, Date.now()));
    await this.wake(this.#rust.call((ledger) => ledger.next_due(Date.now())));
    return location;
  }

  /** The snapshot for redirects, as of now. */
  snapshot() {
    return this.#rust.call((ledger) => ledger.snapshot());
  }

  /** A link's own path, or undefined. */
  path(linkNo) {
    return this.#rust.call((ledger) => ledger.path(linkNo));
  }

  /** What KV has, or will have, under a slug; undefined if no link has it. */
  slug(slug) {
    return this.#rust.call((ledger) => ledger.slug(slug));
  }

  /** Applies count deltas of a shard, once however often they come. */
  applyCounts(deltas) {
    return this.#rust.call((ledger) => ledger.apply_counts(deltas));
  }

  async work() {
    for (let step = 0; step < STEPS_AN_ALARM; step += 1) {
      const { puts, ack, next_at_ms } = JSON.parse(this.#rust.call((ledger) => ledger.due(Date.now())));
      if (puts.length === 0) return next_at_ms;
      await all(puts.map((one) => put(this.env.KV, one)));
      this.#rust.call((ledger) => ledger.done(ack));
    }
    return Date.now();
  }
}

export class ClickLog extends Worker {
  static label = "ClickLog";
  #rust = new Handle(({ ClickLogHandle }) => ClickLogHandle.open(this.ctx.storage, Number(this.ctx.id.name)));

  /** Takes a batch of records in, a JSON array. When it returns, they are stored; a repeat changes nothing. */
  async append(records) {
    this.#rust.call((log) => log.append(bytesOf(records)));
    await this.wake(Date.now() + COUNTS_AFTER_MS);
  }

  /** Takes clicks of several shards in, a JSON object of arrays of records by shard, and passes them on soon. When it
   *  returns, they are stored. */
  async take(byShard) {
    this.#rust.call((log) => log.take(bytesOf(byShard)));
    await this.wake(Date.now() + PASS_ON_AFTER_MS);
  }

  /** A page of clicks, newest first: JSON in and out (`PageQuery` in store/clicklog/page.rs). */
  page(query) {
    return this.#rust.call((log) => log.page(query));
  }

  /** At most `limit` clicks behind place `after` of the shard's log, NDJSON. */
  tail(after, limit) {
    return this.#rust.call((log) => log.tail(after, limit));
  }

  /** The visitor's clicks before this one, JSON; undefined if it is not stored here. */
  trail(clickId) {
    return this.#rust.call((log) => log.trail(clickId));
  }

  /** The place of the newest click. */
  last() {
    return this.#rust.call((log) => log.last_place());
  }

  async work() {
    let { parcels, more } = this.#parcels(); // what is taken in from now on waits for the next alarm
    for (let step = 0; step < STEPS_AN_ALARM; step += 1) {
      const { counts, segment, next_at_ms } = this.#due();
      if (parcels.length === 0 && !counts && !segment) return more ? Date.now() : next_at_ms;
      await all([this.#passOn(parcels), counts && this.#send(counts), segment && this.#write(segment)]);
      parcels = [];
    }
    return Date.now();
  }

  #parcels() {
    return this.#rust.call((log) => {
      const all = log.parcels();
      const parcels = all.parcels.map(({ shard, records, last }) => ({ shard, records, last }));
      const { more } = all;
      all.free();
      return { parcels, more };
    });
  }

  // One shard after the other, so that whoever else waits for this thread gets a turn in between. A shard that fails
  // keeps its own parcel waiting, not the parcels behind it.
  async #passOn(parcels) {
    const [passed, failed] = [[], []];
    for (const parcel of parcels) {
      const { shard, records } = parcel;
      try {
        if (String(shard) === this.ctx.id.name) await this.append(records);
        else await inTime(ANSWER_MS, this.env.CLICKLOG.getByName(String(shard)).append(records));
        passed.push(parcel);
      } catch (error) {
        failed.push(error);
      }
    }
    // All at once: what is written between two waits is one commit. A shard takes a parcel again without harm.
    for (const { shard, last } of passed) this.#rust.call((log) => log.passed_on(shard, last));
    if (failed.length > 0) throw failed[0];
  }

  #due() {
    return this.#rust.call((log) => {
      const work = log.due(Date.now());
      const { counts_seq: seq, segment_first: first, next_at_ms } = work;
      const counts = seq === undefined ? null : { seq, body: work.counts_body };
      const segment = first === undefined ? null : {
        first,
        key: work.segment_key,
        value: work.segment_value,
        metadata: JSON.parse(work.segment_metadata),
      };
      work.free();
      return { counts, segment, next_at_ms };
    });
  }

  async #send({ seq, body }) {
    await inTime(ANSWER_MS, this.env.LEDGER.getByName(LEDGER_NAME).applyCounts(body));
    this.#rust.call((log) => log.counts_sent(seq));
  }

  async #write(segment) {
    await put(this.env.KV, segment);
    this.#rust.call((log) => log.segment_written(segment.first));
  }
}
