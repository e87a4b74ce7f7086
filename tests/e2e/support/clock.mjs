// The Worker with an adjustable clock. `/test-clock/<RFC 3339 time>` sets it, and it runs on from that time.
import { WorkerEntrypoint } from "cloudflare:workers";
import signpost, { ClickLog, Destination, Ledger, Relay, Simulation } from "../../../src/edge/js/entry.mjs";

export { ClickLog, Destination, Ledger, Relay, Simulation };

const real = Date.now.bind(Date);
let ahead = 0;
Date.now = () => real() + ahead;

export default class extends WorkerEntrypoint {
  fetch(request) {
    const { pathname } = new URL(request.url);
    if (pathname.startsWith("/test-clock/")) {
      ahead = Date.parse(decodeURIComponent(pathname.slice("/test-clock/".length))) - real();
      return new Response(null);
    }
    return signpost.fetch(request, this.env, this.ctx);
  }
}
