// A Worker for the tests of the harness, with the bindings of wrangler.toml. Its object stores a list of rows, and
// `/seen` returns the received request.
import { DurableObject, WorkerEntrypoint } from "cloudflare:workers";

export default class extends WorkerEntrypoint {
  fetch(request) {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/seen") {
      const { OPERATOR_KEY: key } = this.env;
      return Response.json({ cf: request.cf ?? null, headers: Object.fromEntries(request.headers), key });
    }
    return this.env.LEDGER.getByName("main").rows(searchParams.get("add"));
  }
}

export class Ledger extends DurableObject {
  async rows(added) {
    const { sql } = this.ctx.storage;
    sql.exec("CREATE TABLE IF NOT EXISTS rows (name TEXT)");
    if (added) sql.exec("INSERT INTO rows VALUES (?)", added);
    return Response.json(sql.exec("SELECT name FROM rows ORDER BY rowid").toArray().map(({ name }) => name));
  }
}

export class ClickLog extends DurableObject {}

export class Simulation extends DurableObject {}

export class Relay extends DurableObject {}

export class Destination extends DurableObject {}
