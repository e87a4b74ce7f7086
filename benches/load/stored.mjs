// Reads the rows in the SQLite files of the Durable Objects.
import { readdirSync } from "node:fs";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";

function databases(state) {
  return readdirSync(state, { recursive: true })
    .filter((name) => name.endsWith(".sqlite"))
    .map((name) => path.join(state, name));
}

/** Sums a number over all databases that have the table. */
function sum(state, table, statement) {
  let total = 0;
  for (const file of databases(state)) {
    const database = new DatabaseSync(file, { readOnly: true });
    try {
      database.exec("PRAGMA busy_timeout = 2000");
      const found = database.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?").get(table);
      if (found) total += Number(database.prepare(statement).get().n ?? 0);
    } finally {
      database.close();
    }
  }
  return total;
}

/** Returns the number of stored clicks from their positions, which have no gaps. This is cheaper than counting rows. */
export const clicksStored = (state) => sum(state, "click", "SELECT max(seq) AS n FROM click");

/** Returns the number of stored clicks by counting rows. */
export const clicksCounted = (state) => sum(state, "click", "SELECT count(*) AS n FROM click");

/** Returns the number of stored batches of clicks that were not forwarded to their shards yet. */
export const batchesToForward = (state) => sum(state, "intake", "SELECT count(*) AS n FROM intake");

/** Returns the number of clicks in the Ledger's counts. */
export const clicksInReports = (state) =>
  sum(
    state,
    "click_counts",
    "SELECT sum(clicks + duplicate + bot + prefetch + revoked + expired + invalid) AS n FROM click_counts",
  );

/** Returns the number of conversions in the Ledger. */
export const conversionsStored = (state) => sum(state, "conversions", "SELECT count(*) AS n FROM conversions");
