// The Durable Objects' classes: what the platform calls, around the Rust objects of src/edge/objects.
import { DurableObject } from "cloudflare:workers";
import { bytesOf, Handle } from "./instance.mjs";

/** What both objects share: an alarm. */
class Alarmed extends DurableObject {
  constructor(ctx, env) {
    super(ctx, env);
    // What is known of the alarm (src/edge/objects/alarm.rs). It is kept here because it must outlive a wasm instance.
    ctx.alarm = { at: NaN, failures: 0, restUntil: 0 };
  }

  /** Rings the alarm of a Rust object. One that panics is tried again as one that fails is. */
  async ring(rust) {
    try {
      await rust.start((object, number) => {
        this.ctx.call = number; // `guard::call_of` reads it; only one alarm rings at a time
        return object.alarm();
      });
    } catch (error) {
      await rust.start((object, number) => object.alarm_panicked(number, error.message));
    }
  }
}

export class Ledger extends Alarmed {
  #rust = new Handle(({ LedgerObject }) => new LedgerObject(this.ctx, this.env));

  fetch(request) {
    return this.#rust.start((ledger, number) => {
      request.call = number; // `guard::call_of` reads it
      return ledger.fetch(request);
    });
  }

  alarm() {
    return this.ring(this.#rust);
  }

  report(report) {
    return this.#rust.start((ledger, number) => ledger.report(number, report));
  }

  resume(id, cookies) {
    return this.#rust.start((ledger, number) => ledger.resume(number, id, cookies));
  }

  callbackListing(id) {
    return this.#rust.call((ledger) => ledger.callback_listing(id));
  }

  listingOfApp(app) {
    return this.#rust.call((ledger) => ledger.listing_of_app(app));
  }

  snapshot() {
    return this.#rust.call((ledger) => ledger.snapshot());
  }

  path(linkNo) {
    return this.#rust.call((ledger) => ledger.path(linkNo));
  }

  slug(slug) {
    return this.#rust.call((ledger) => ledger.slug(slug));
  }

  applyCounts(deltas) {
    return this.#rust.call((ledger) => ledger.apply_counts(deltas));
  }
}

export class ClickLog extends Alarmed {
  #rust = new Handle(({ ClickLogObject }) => new ClickLogObject(this.ctx, this.env));

  alarm() {
    return this.ring(this.#rust);
  }

  append(records) {
    return this.#rust.start((log, number) => log.append(number, bytesOf(records)));
  }

  take(byShard) {
    return this.#rust.start((log, number) => log.take(number, bytesOf(byShard)));
  }

  page(query) {
    return this.#rust.call((log) => log.page(query));
  }

  tail(after, limit) {
    return this.#rust.call((log) => log.tail(after, limit));
  }

  trail(clickId) {
    return this.#rust.call((log) => log.trail(clickId));
  }

  last() {
    return this.#rust.call((log) => log.last());
  }
}
