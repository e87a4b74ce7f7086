// A shard of the clicks. It stores each click once in SQLite, with the two indexes that listings need. Signpost's shard
// also detects duplicates and unique visitors, counts, and sends counts to the Ledger and segments to KV.
import { DurableObject } from "cloudflare:workers";

export class ClickLog extends DurableObject {
  constructor(ctx: DurableObjectState, env: unknown) {
    super(ctx, env);
    ctx.storage.sql.exec(`CREATE TABLE IF NOT EXISTS click (
      seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, at_ms INTEGER NOT NULL, link_no INTEGER NOT NULL, visitor TEXT,
      country TEXT NOT NULL, device INTEGER NOT NULL, bucket INTEGER NOT NULL, trail TEXT NOT NULL);
      CREATE INDEX IF NOT EXISTS click_by_time ON click (at_ms);
      CREATE INDEX IF NOT EXISTS click_by_link ON click (link_no, at_ms);`);
  }

  append(rows: string): void {
    this.ctx.storage.sql.exec(
      `INSERT OR IGNORE INTO click (id, at_ms, link_no, visitor, country, device, bucket, trail)
       SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7
       FROM json_each(?)`,
      rows,
    );
  }
}
