// Mail about events, in real Workers: through the mailbox of `cargo xtask dev`, and through stand-ins of the providers' APIs, which
// speak their documented protocols. A mail is sent at most once, also over crashes.
import assert from "node:assert/strict";
import { generateKeyPairSync, sign } from "node:crypto";
import { describe, test } from "node:test";
import { Response } from "miniflare";
import { createMailbox } from "../../xtask/runner/mailbox.mjs";
import { poll, startEdge } from "./support/harness.mjs";
import { programme } from "./support/programme.mjs";
import { startReceiver, status } from "./support/receiver.mjs";

const FROM = "Acme Partners <partners@acme.example>";
const DETAILS = { method: "sepa", legal_name: "Ada Lovelace", iban: "DE89370400440532013000" };
/** How long this machine may take to send what is due. */
const PROMPTLY = { deadlineMs: 15_000 };

/** Starts a Worker with a programme. The returned `change` changes the payout details of a new partner, which causes a mail. */
async function start(t, options) {
  const edge = await startEdge({ ...options, retune: (worker) => { delete worker.ratelimits; options.retune?.(worker); } });
  t.after(() => edge.stop());
  const world = await programme(edge);
  await world.operator.json("PATCH", "/v1/program", { contact_email: "ops@acme.example" });
  const change = async (email, fields = {}) => {
    const partner = await world.partner({ email, country: "DE", ...fields });
    await world.operator.json("PUT", `/v1/partners/${partner.id}/payout-details`, DETAILS);
    return partner;
  };
  return { edge, change, ...world };
}

const recipients = (calls) => calls.map(({ body }) => body.personalizations[0].to[0].email);

describe("the mailbox", () => {
  test("a change of payout details, a disabled endpoint and a payout are told to whom they concern", async (t) => {
    const mailbox = createMailbox();
    const { edge, change, operator } = await start(t, { mailbox, allowLoopback: true });
    assert.match(await (await edge.fetch("/dev/mail")).text(), /No mail yet/);
    const ada = await change("ada@example.com");
    await poll(() => mailbox.mails.length === 1, { ...PROMPTLY, what: "the first mail" });
    const [changed] = mailbox.mails;
    assert.deepEqual([changed.kind, changed.to, changed.from], ["payout_details_changed", "ada@example.com", '"Signpost" <signpost@localhost.example>']);
    assert.match(changed.html, /<html lang="de"/);
    assert.match(changed.text, /••••3000/);
    assert.ok(!changed.text.includes("DE89") && !changed.html.includes("DE89"), "no whole account number");
    assert.equal(changed.unsubscribe_url, undefined);

    const gone = await startReceiver(status(410));
    t.after(() => gone.stop());
    for (const owner of [undefined, ada.id]) {
      await operator.json("POST", "/v1/webhooks", { url: gone.url, events: ["partner.created"], partner_id: owner });
    }
    await operator.json("POST", "/v1/partners", { name: "Bo", kind: "agency" });
    await poll(() => mailbox.mails.length === 2, { ...PROMPTLY, what: "the mail about the programme's endpoint" });
    assert.deepEqual([mailbox.mails[1].kind, mailbox.mails[1].to], ["webhook_disabled", "ops@acme.example"]);
    assert.match(mailbox.mails[1].text, /127\.0\.0\.1/);

    const page = await (await edge.fetch("/dev/mail")).text();
    assert.ok(page.includes("to ada@example.com") && page.includes('href="/dev/mail/1"'));
    assert.deepEqual((await (await edge.fetch("/dev/mail.json")).json()).data.map(({ no }) => no), [1, 2]);
    const shown = await edge.fetch("/dev/mail/1");
    assert.match(shown.headers.get("content-security-policy"), /^default-src 'none'/);
    assert.match(await shown.text(), /<iframe title="HTML" sandbox=""/);
    assert.equal((await edge.fetch("/dev/mail/3")).status, 404);
    assert.equal((await edge.fetch("/dev/mail", { method: "POST", body: "{}" })).status, 404, "only the Worker adds mail");
  });

  test("a Worker without it has no such pages, and sends no mail", async (t) => {
    const { edge, change } = await start(t, {});
    await change("ada@example.com");
    for (const route of ["/dev/mail", "/dev/mail.json", "/dev/mail/templates"]) assert.equal((await edge.fetch(route)).status, 404, route);
    assert.deepEqual(edge.logs.filter(({ message }) => /mail/.test(message)), []);
  });
});

/** A stand-in of a provider. `answers` are given in turn, the last one for ever; a function may act first. */
function provider(answers) {
  const calls = [];
  let next = 0;
  const handle = async (request) => {
    const body = await request.text();
    calls.push({ line: `${request.method} ${request.url}`, headers: request.headers, body: body === "" ? null : JSON.parse(body) });
    const answer = answers[Math.min(next, answers.length - 1)];
    next += 1;
    return answer(calls.at(-1));
  };
  return { calls, retune: (worker) => { worker.outboundService = handle; } };
}

const json = (code, body, headers = {}) => () =>
  new Response(JSON.stringify(body), { status: code, headers: { "content-type": "application/json", ...headers } });
const POSTMARK_OK = json(200, { To: "ada@example.com", SubmittedAt: "2026-11-30T00:00:00Z", MessageID: "m-1", ErrorCode: 0, Message: "OK" });
const POSTMARK = { POSTMARK_TOKEN: "token-1", MAIL_FROM: FROM, POSTMARK_WEBHOOK_PASSWORD: "pass-1" };
const basic = (password) => ({ authorization: `Basic ${Buffer.from(`signpost:${password}`).toString("base64")}` });

describe("Postmark", () => {
  test("a mail is sent once; 429 is obeyed, and what is refused is not sent again", async (t) => {
    const inactive = json(422, { ErrorCode: 406, Message: "You tried to send to a recipient that has been marked as inactive. Found inactive addresses: bo@example.com." });
    const { calls, retune } = provider([json(429, {}, { "retry-after": "5" }), POSTMARK_OK, inactive, POSTMARK_OK]);
    const { edge, change } = await start(t, { vars: POSTMARK, retune });
    await change("ada@example.com");
    await poll(() => calls.length === 2, { ...PROMPTLY, what: "the mail after the pause" });
    for (const { line, headers, body } of calls) {
      assert.deepEqual([line, headers.get("x-postmark-server-token")], ["POST https://api.postmarkapp.com/email", "token-1"]);
      assert.deepEqual([body.From, body.To, body.MessageStream, body.Tag], ['"Acme Partners" <partners@acme.example>', "ada@example.com", "outbound", "payout_details_changed"]);
      assert.match(body.Metadata.sp_event, /^evt_[0-9a-v]{26}$/);
      assert.ok(body.Subject.length > 0 && body.TextBody.includes("3000") && body.HtmlBody.includes("3000"));
    }
    await change("bo@example.com");
    await poll(() => calls.length === 3, { ...PROMPTLY, what: "the mail that is refused" });
    await change("cy@example.com");
    await poll(() => calls.length === 4, { ...PROMPTLY, what: "the mail after it" });
    assert.deepEqual(calls.map(({ body }) => body.To), ["ada@example.com", "ada@example.com", "bo@example.com", "cy@example.com"]);
    const logged = JSON.stringify(edge.logs);
    assert.match(logged, /refused: Postmark: You tried to send to a recipient that has been marked as inactive/);
    for (const secret of ["token-1", "ada@example.com", "bo@example.com", "DE89"]) assert.ok(!logged.includes(secret), secret);
  });

  test("an address that bounced gets no more mail; a wrong password is 401 and changes nothing", async (t) => {
    const { calls, retune } = provider([POSTMARK_OK]);
    const { edge, change } = await start(t, { vars: POSTMARK, retune });
    const report = (password, body) =>
      edge.fetch("/callbacks/postmark/mail", { method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json", ...basic(password) } });
    const bounce = (Email) => ({ RecordType: "Bounce", ID: 1, Type: "HardBounce", Email, Inactive: true, MessageID: "m-1" });
    const forged = await report("pass-2", bounce("ada@example.com"));
    assert.deepEqual([forged.status, (await forged.json()).code], [401, "unauthenticated"]);
    assert.equal((await report("pass-1", { RecordType: 1 })).status, 400);
    assert.equal((await edge.fetch("/callbacks/postmark/mail", { headers: basic("pass-1") })).status, 405);
    const accepted = await report("pass-1", bounce("Bo@example.com"));
    assert.deepEqual([accepted.status, await accepted.text()], [200, ""]);
    await change("ada@example.com");
    await poll(() => calls.length === 1, { ...PROMPTLY, what: "the mail to the address that did not bounce" });
    await change("bo@example.com");
    await change("cy@example.com");
    await poll(() => calls.length === 2, { ...PROMPTLY, what: "the mail after the one that is left out" });
    assert.deepEqual(calls.map(({ body }) => body.To), ["ada@example.com", "cy@example.com"]);
  });
});

describe("SendGrid", () => {
  const VARS = { SENDGRID_KEY: "SG.1", MAIL_FROM: FROM };

  test("a mail that was passed on before a crash is not sent again", async (t) => {
    let crash = true;
    let edge;
    const killed = () => (crash ? edge.kill().then(() => new Response(null, { status: 202 })) : new Response(null, { status: 202 }));
    const { calls, retune } = provider([killed]);
    const world = await start(t, { vars: VARS, retune });
    edge = world.edge;
    await world.change("ada@example.com");
    await poll(() => calls.length === 1, { ...PROMPTLY, what: "the mail during which workerd is killed" });
    await poll(() => !isAlive(edge.pid), { ...PROMPTLY, what: "workerd to end" });
    crash = false;
    await edge.restart();
    await world.change("bo@example.com");
    await poll(() => calls.length === 2, { ...PROMPTLY, what: "the mail after the restart" });
    const { headers, body, line } = calls[1];
    assert.deepEqual([line, headers.get("authorization")], ["POST https://api.sendgrid.com/v3/mail/send", "Bearer SG.1"]);
    assert.deepEqual(recipients(calls), ["ada@example.com", "bo@example.com"]);
    assert.deepEqual(body.tracking_settings, { click_tracking: { enable: false }, open_tracking: { enable: false } });
  });

  test("its signed reports are verified over their exact bytes", async (t) => {
    const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const SENDGRID_WEBHOOK_KEY = publicKey.export({ type: "spki", format: "der" }).toString("base64");
    const { calls, retune } = provider([() => new Response(null, { status: 202 })]);
    const { edge, change } = await start(t, { vars: { ...VARS, SENDGRID_WEBHOOK_KEY }, retune });
    const body = '[{"email":"bo@example.com","event":"spamreport","sg_event_id":"e1"},\r\n{"email":"ada@example.com","event":"delivered","sg_event_id":"e2"}]\r\n';
    const post = (sent) => {
      const time = String(Math.floor(Date.now() / 1_000));
      const headers = {
        "x-twilio-email-event-webhook-timestamp": time,
        "x-twilio-email-event-webhook-signature": sign("sha256", Buffer.from(time + body), privateKey).toString("base64"),
      };
      return edge.fetch("/callbacks/sendgrid/mail", { method: "POST", body: sent, headers });
    };
    assert.equal((await post(body.replace("\r\n", "\n"))).status, 401);
    await change("bo@example.com");
    await poll(() => calls.length === 1, { ...PROMPTLY, what: "the mail before the report" });
    for (let repetition = 0; repetition < 2; repetition += 1) assert.equal((await post(body)).status, 200);
    await change("bo@example.com");
    await change("ada@example.com");
    await poll(() => calls.length === 2, { ...PROMPTLY, what: "the mail to the other address" });
    assert.deepEqual(recipients(calls), ["bo@example.com", "ada@example.com"]);
  });
});

function isAlive(pid) {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
