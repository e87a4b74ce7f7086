// The classes of the Durable Objects. The platform calls them, and they call the Rust objects of src/edge/objects.
import { DurableObject } from "cloudflare:workers";
import { bytesOf, Handle } from "./instance.mjs";

/** The state of an alarm (src/edge/objects/alarm.rs). It is here because it must outlive a wasm instance. */
const newAlarm = () => ({ scheduledAt: NaN, failures: 0, backoffUntil: 0 });

/** The base class of the objects that have an alarm. */
class Alarmed extends DurableObject {
  constructor(ctx, env) {
    super(ctx, env);
    ctx.alarm = newAlarm();
  }

  /** Runs the alarm of a Rust object. An alarm that panics is retried like one that fails. */
  async runAlarm(rust) {
    try {
      await rust.start((object, number) => {
        this.ctx.call = number; // `guard::call_of` reads it; only one alarm runs at a time
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
    return this.runAlarm(this.#rust);
  }

  report(report) {
    return this.#rust.start((ledger, number) => ledger.report(number, report));
  }

  resume(id, cookies) {
    return this.#rust.start((ledger, number) => ledger.resume(number, id, cookies));
  }

  callbacksRefused(counts) {
    return this.#rust.call((ledger) => ledger.callbacks_refused(counts));
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

  destinations() {
    return this.#rust.call((ledger) => ledger.destinations());
  }

  logPart(destination, after, through) {
    return this.#rust.start((ledger, number) => ledger.log_part(number, destination, after, through));
  }

  disable(destination, reason) {
    return this.#rust.start((ledger, number) => ledger.disable(number, destination, reason));
  }

  mail(kind, at, data) {
    return this.#rust.call((ledger) => ledger.mail(kind, at, data));
  }

  mailReports(provider, reports) {
    return this.#rust.call((ledger) => ledger.mail_reports(provider, reports));
  }

  applyCounts(deltas) {
    return this.#rust.call((ledger) => ledger.apply_counts(deltas));
  }
}

export class ClickLog extends Alarmed {
  #rust = new Handle(({ ClickLogObject }) => new ClickLogObject(this.ctx, this.env));

  alarm() {
    return this.runAlarm(this.#rust);
  }

  append(records) {
    return this.#rust.start((log, number) => log.append(number, bytesOf(records)));
  }

  restore(packed) {
    return this.#rust.start((log, number) => log.restore(number, bytesOf(packed)));
  }

  take(byShard) {
    return this.#rust.start((log, number) => log.take(number, bytesOf(byShard)));
  }

  page(query) {
    return this.#rust.call((log) => log.page(query));
  }

  count(query) {
    return this.#rust.call((log) => log.count(query));
  }

  tail(after, limit) {
    return this.#rust.call((log) => log.tail(after, limit));
  }

  trail(clickId) {
    return this.#rust.call((log) => log.trail(clickId));
  }

  watermark() {
    return this.#rust.call((log) => log.watermark());
  }

  last() {
    return this.#rust.call((log) => log.last());
  }
}

export class Relay extends Alarmed {
  #rust = new Handle(({ RelayObject }) => new RelayObject(this.ctx, this.env));

  alarm() {
    return this.runAlarm(this.#rust);
  }

  take(batch) {
    return this.#rust.start((relay, number) => relay.take(number, batch));
  }
}

export class Destination extends Alarmed {
  #rust = this.#handle();

  #handle() {
    return new Handle(({ DestinationObject }) => new DestinationObject(this.ctx, this.env));
  }

  alarm() {
    return this.runAlarm(this.#rust);
  }

  push(push) {
    return this.#rust.start((destination, number) => destination.push(number, push));
  }

  async execute(command) {
    if (this.#rust.call((destination) => destination.is_discard(command))) {
      await this.ctx.storage.deleteAlarm();
      await this.ctx.storage.deleteAll();
      this.ctx.alarm = newAlarm();
      // The Rust object has the queue in memory.
      this.#rust = this.#handle();
      return;
    }
    return this.#rust.start((destination, number) => destination.execute(number, command));
  }

  attempts(query) {
    return this.#rust.call((destination) => destination.attempts(query));
  }
}

/** When an alarm deletes the copy of a simulation that crashed, milliseconds. */
const LEFTOVER_MS = 600_000;

/** The copy that one simulation reruns. It is deleted whatever happens, also after a panic. */
export class Simulation extends DurableObject {
  #rust = new Handle(({ SimulationObject }) => new SimulationObject(this.ctx, this.env));

  alarm() {
    return this.ctx.storage.deleteAll();
  }

  async open() {
    await this.ctx.storage.setAlarm(Date.now() + LEFTOVER_MS);
    return this.#rust.start((simulation, number) => simulation.open(number));
  }

  load(pages) {
    return this.#rust.start((simulation, number) => simulation.load(number, pages));
  }

  async run(extent, body) {
    try {
      return await this.#rust.start((simulation, number) => simulation.run(number, extent, body));
    } finally {
      await this.discard();
    }
  }

  async discard() {
    await this.ctx.storage.deleteAlarm();
    await this.ctx.storage.deleteAll();
  }
}
