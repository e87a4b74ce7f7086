// Signpost with counters, for the benchmark only: the calls to the objects that deliver events, and the rows that these write. `GET /bench-counts` returns them.
import Signpost, { Destination as RealDestination, Ledger as RealLedger, Relay as RealRelay } from "../../src/edge/js/entry.mjs";

export { ClickLog, Simulation } from "../../src/edge/js/entry.mjs";

const calls = {}; // "<class> <method>" → number
const rows = {}; // class → number

function count(counts, name, more = 1) {
  counts[name] = (counts[name] ?? 0) + more;
}

function countedNamespace(namespace, name) {
  const stubOf = (stub) =>
    new Proxy(stub, {
      get(target, method) {
        return (...args) => {
          count(calls, `${name} ${method}`);
          return target[method](...args);
        };
      },
    });
  return new Proxy(namespace, {
    get: (target, method) => (method === "getByName" ? (id) => stubOf(target.getByName(id)) : target[method]),
  });
}

function countedEnv(env) {
  const names = { LEDGER: "Ledger", RELAY: "Relay", DESTINATION: "Destination" };
  const namespaces = Object.entries(names).map(([binding, name]) => [binding, countedNamespace(env[binding], name)]);
  return { ...env, ...Object.fromEntries(namespaces) };
}

/** A cursor knows the rows that it has written once it was read to its end. */
const cursors = {};

function countRows() {
  for (const [name, open] of Object.entries(cursors)) {
    for (const cursor of open.splice(0)) count(rows, name, cursor.rowsWritten);
  }
}

/** The platform bills the time of an alarm as a row. */
function countStorage(storage, name) {
  const exec = storage.sql.exec.bind(storage.sql);
  Object.defineProperty(storage.sql, "exec", {
    value(...args) {
      const cursor = exec(...args);
      (cursors[name] ??= []).push(cursor);
      return cursor;
    },
  });
  const setAlarm = storage.setAlarm.bind(storage);
  Object.defineProperty(storage, "setAlarm", {
    value(...args) {
      count(rows, name);
      return setAlarm(...args);
    },
  });
}

const counted = (Real, name) =>
  class extends Real {
    constructor(ctx, env) {
      countStorage(ctx.storage, name);
      super(ctx, countedEnv(env));
    }

    alarm(...args) {
      count(calls, `${name} alarm`);
      return super.alarm(...args);
    }
  };

export const Ledger = counted(RealLedger, "Ledger");
export const Relay = counted(RealRelay, "Relay");
export const Destination = counted(RealDestination, "Destination");

let env;

export default {
  fetch(request, realEnv, ctx) {
    env ??= countedEnv(realEnv);
    if (new URL(request.url).pathname !== "/bench-counts") return Signpost.fetch(request, env, ctx);
    countRows();
    return Response.json({ calls, rows });
  },
};
