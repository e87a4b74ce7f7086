// The click path under the conditions of production: clients that disconnect, objects that fail for a while, bytes that
// no browser sends, wasm instances that trap in the middle of traffic. A test fails if a redirect gets no response, or
// if a click is stored twice or never.
import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";
import net from "node:net";
import { poll, startEdge } from "./support/harness.mjs";
import { BROWSER, LANDING, programme, sale, totals, visit } from "./support/programme.mjs";

/** Sends raw bytes and resolves to the response. With `disconnect`, it disconnects and resolves to an empty text. */
function raw(edge, request, { disconnect = false } = {}) {
  const { hostname, port } = new URL(edge.url);
  return new Promise((resolve, reject) => {
    const socket = net.connect(Number(port), hostname);
    let response = "";
    socket.on("connect", () => socket.write(request, "latin1", () => disconnect && socket.destroy()));
    socket.on("data", (chunk) => { response += chunk.toString("latin1"); });
    socket.on("close", () => resolve(response));
    socket.on("error", reject);
  });
}

const get = (target, headers = "") =>
  `GET ${target} HTTP/1.1\r\nHost: links.example\r\nUser-Agent: ${BROWSER["user-agent"]}\r\n${headers}Connection: close\r\n\r\n`;

const sum = ({ clicks, filtered }) => Object.values(filtered).reduce((all, n) => all + n, clicks);

describe("clicks", () => {
  let edge;
  let world;
  before(async () => {
    edge = await startEdge({ entry: "tests/e2e/support/faulty.mjs" });
    world = await programme(edge);
  });
  after(() => edge.stop());
  const fault = (name) => edge.fetch(`/test-fault/${name}`);
  afterEach(() => fault("none"));
  /** Creates a partner with a link for one test. `seen` waits for the totals of its report. */
  const newLink = async (fields) => {
    const owner = await world.partner({ name: "Own" });
    const link = await world.link(owner, fields);
    return { path: new URL(link.url).pathname, url: link.url, seen: (wanted, deadlineMs) => totals(world.operator, `partner_id=${owner.id}`, wanted, deadlineMs) };
  };

  test("of many simultaneous visitors are each stored once", async () => {
    const { url, seen } = await newLink();
    const visits = Array.from({ length: 400 }, (_, n) => visit(edge, url, { ip: `198.51.${n % 4}.${n % 100}` }));
    const ids = (await Promise.all(visits)).map(({ clickId }) => clickId);
    assert.equal(new Set(ids).size, 400);
    const { clicks, unique_clicks, filtered } = await seen((found) => sum(found) >= 400);
    // 4 × 100 addresses, of which 100 differ: n % 4 follows from n % 100.
    assert.deepEqual([clicks, unique_clicks, filtered.duplicate], [100, 100, 300]);
  });

  test("of clients that disconnect without reading the response are neither lost nor doubled", async () => {
    const { path, seen } = await newLink();
    const headers = "CF-Connecting-IP: 198.51.100.7\r\n";
    await Promise.all(Array.from({ length: 50 }, () => raw(edge, get(path, headers), { disconnect: true })));
    // A client may disconnect before its request is read, so not all of the fifty are visits. The following requests
    // are.
    for (let n = 0; n < 20; n += 1) await visit(edge, `${edge.url}${path}`, { ip: "198.51.100.7" });
    const found = await seen(({ clicks, filtered }) => clicks === 1 && filtered.duplicate >= 19);
    const { data } = await world.operator.json("GET", "/v1/clicks?limit=200");
    assert.equal(data.filter(({ link_id }) => link_id === data[0].link_id).length, sum(found));
  });

  test("are retried while their object fails, and stored once when it works again", async () => {
    const { url, seen } = await newLink();
    await fault("clicklog-fails");
    for (let n = 0; n < 5; n += 1) assert.ok((await visit(edge, url, { ip: `192.0.2.${n}` })).clickId);
    await fault("none");
    const found = await seen((all) => sum(all) >= 5);
    assert.deepEqual([found.clicks, found.filtered.duplicate], [5, 0]);
  });

  test("preserve the visitor's query byte for byte", async () => {
    const { path } = await newLink();
    for (const [sent, forwarded] of [
      ["a=1&&b=%zz&c='|{}&d=%C3%A4+%20", "a=1&&b=%zz&c='|{}&d=%C3%A4+%20"],
      ["x=/../..//&y=?&z=:@", "x=/../..//&y=?&z=:@"],
      ["sp_click=forged&a=1&%73p_click=forged", "a=1"],
      ["a=1&", "a=1&"],
    ]) {
      const response = await raw(edge, get(`${path}?${sent}`));
      const location = /^location: (.*)\r$/im.exec(response)?.[1] ?? response;
      assert.match(location, /^https:\/\/shop\.example\/buy\?plan=pro&/);
      const query = location.slice("https://shop.example/buy?plan=pro&".length, location.lastIndexOf("&sp_click="));
      assert.equal(query, forwarded);
    }
  });

  test("on malformed links lead to the landing page without a cookie, whatever bytes the links contain", async () => {
    for (const target of ["/r/", "/r/x", `/r/${",".repeat(8000)}x`, "/r/%00%ff", `/r/${"A".repeat(8000)}`, "/r/x#y"]) {
      const response = await raw(edge, get(target));
      assert.match(response, /^HTTP\/1\.1 302 /, target);
      assert.deepEqual(response.match(/^location: .*$/gim), [`Location: ${LANDING}`], target);
      assert.doesNotMatch(response, /set-cookie/i, target);
    }
    // A path with a second segment or a dot cannot be a link at all.
    for (const target of ["/r/a/b/c", "/r/../../etc", "/r/a.b", "/spring/sale", "/spring.html"]) {
      assert.match(await raw(edge, get(target)), /^HTTP\/1\.1 404 /, target);
    }
    // The platform itself refuses bytes that are invalid in a URL.
    assert.match(await raw(edge, get("/r/\u00ff\u00fe")), /^HTTP\/1\.1 400 /);
  });

  for (const end of ["trap", "exception"]) {
    test(`continue after a ${end} retired the instance, and so does everything else`, async () => {
      const { url, seen } = await newLink({ path: "/after/all" });
      await Promise.all(Array.from({ length: 20 }, (_, n) => (n === 10 ? fault(end) : visit(edge, url, { ip: `192.0.2.${n}` }))));
      const { clickId, location } = await visit(edge, url, { ip: "192.0.2.10" });
      assert.ok(location.startsWith("https://shop.example/after/all?"), location);
      const sold = await world.operator.json("POST", "/v1/conversions", sale(clickId, `after-${end}`));
      assert.equal(sold.attribution.status, "attributed");
      assert.equal((await seen((found) => sum(found) >= 20)).clicks, 20);
    });
  }

  for (const [name, store] of [["ledger-fails", "Ledger"], ["kv-fails", "KV"]]) {
    test(`are in the report soon after a ${store} that failed works again`, async () => {
      const { url, seen } = await newLink();
      await fault(name);
      await visit(edge, url, { ip: "192.0.2.50" });
      const hasFailed = () => edge.logs.some(({ message }) => message.startsWith("ClickLog: the alarm failed"));
      if (store === "Ledger") await poll(hasFailed, { what: "an alarm of the click log to fail" });
      await fault("none");
      await visit(edge, url, { ip: "192.0.2.51" });
      // The pause before the next attempt (1, 2 or 4 s) is added to the usual five seconds.
      assert.equal((await seen((found) => sum(found) >= 2, 15_000)).clicks, 2);
    });
  }
});

describe("clicks in flight", () => {
  let edge;
  let world;
  before(async () => {
    edge = await startEdge({ entry: "tests/e2e/support/faulty.mjs" });
    world = await programme(edge);
  });
  after(() => edge.stop());
  const IN_FLIGHT = 50_000;
  const visits = async (count) =>
    (await edge.fetch("/test-visits", { method: "POST", headers: BROWSER, body: JSON.stringify({ url: world.adas.url, count }) })).json();
  /** What the log says of lost clicks: how many, and whether the limit is why. */
  const lost = () =>
    edge.logs.map(({ message }) => /^(\d+) clicks of this isolate were not stored so far: (too many)?/.exec(message)?.slice(1)).filter(Boolean);

  test("are at most 50,000 while the ClickLog hangs; those beyond are counted as lost, and their visitors sent on", async () => {
    await visit(edge, world.adas.url);
    await totals(world.operator, "", (found) => sum(found) === 1); // it is in flight no more
    await edge.fetch("/test-fault/clicks-wait");
    assert.equal(await visits(IN_FLIGHT), IN_FLIGHT);
    assert.equal(await visits(5), 5, "a visitor is sent on all the same");
    await poll(() => lost().length >= 3, { what: "the lines about lost clicks" });
    assert.deepEqual(lost(), [["1", "too many"], ["2", "too many"], ["4", "too many"]]);
    await edge.fetch("/test-fault/none");
    const all = await totals(world.operator, "", (found) => sum(found) > IN_FLIGHT, 60_000);
    assert.equal(sum(all), IN_FLIGHT + 1, "each of the others is stored once");
    // There is room again.
    assert.equal(await visits(1), 1);
    await totals(world.operator, "", (found) => sum(found) === IN_FLIGHT + 2, 20_000);
    assert.equal(lost().length, 3);
  });
});
