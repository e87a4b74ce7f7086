// The mailbox of `cargo xtask dev` and the end-to-end tests: the Worker passes mail to it instead of a provider
// (src/mail/providers/dev.rs). Nothing leaves this machine. `/dev/mail` shows it, `/dev/mail.json` is for tests.
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { Response } from "miniflare";

const CONTENT_SECURITY_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const ESCAPES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

const escape = (text) => String(text).replace(/[&<>"]/g, (letter) => ESCAPES[letter]);

function page(title, content) {
  const html = `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>${escape(title)}</title><style>
body { max-width: 720px; margin: 24px auto; padding: 0 16px; font: 16px/1.5 system-ui, sans-serif; overflow-wrap: anywhere }
h1 { font-size: 22px } dt { color: GrayText } dd { margin: 0 0 8px } pre { white-space: pre-wrap } li { margin: 0 0 12px }
ol { list-style: none; padding: 0 } small { color: GrayText; display: block }
iframe { width: 100%; height: 900px; border: 1px solid GrayText; border-radius: 8px }
</style></head><body>${content}</body></html>`;
  const headers = {
    "content-type": "text/html; charset=utf-8",
    "cache-control": "no-store",
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
  };
  return new Response(html, { headers });
}

/**
 * @param {object} [options]
 * @param {string} [options.file] keeps the mails over restarts
 * @param {(mail: object) => void} [options.onMail] is called with each new mail
 */
export function createMailbox({ file, onMail } = {}) {
  const mails = file !== undefined && existsSync(file) ? readFileSync(file, "utf8").split("\n").filter(Boolean).map((line) => JSON.parse(line)) : [];

  function add(mail) {
    const added = { no: mails.length + 1, ...mail };
    if (file !== undefined) appendFileSync(file, `${JSON.stringify(added)}\n`);
    mails.push(added);
    onMail?.(added);
  }

  function list() {
    const items = mails.toReversed().map((mail) => `<li><a href="/dev/mail/${mail.no}">${escape(mail.subject)}</a><small>to ${escape(mail.to)}</small></li>`);
    const empty = "<p>No mail yet. A payout that is paid, changed payout details and a disabled webhook cause mail to partners with an <code>email</code>.</p>";
    const content = items.length === 0 ? empty : `<ol>${items.join("")}</ol>`;
    return page("Mail", `<h1>Mail</h1><p>Nothing is sent from here. <a href="/dev/mail/templates">All templates in all languages</a></p>${content}`);
  }

  function show(mail) {
    const facts = ["from", "to", "kind", "event_id", "unsubscribe_url"].filter((name) => mail[name] !== undefined);
    const list = facts.map((name) => `<dt>${name}</dt><dd>${escape(mail[name])}</dd>`).join("");
    // Without any permission: the frame runs no scripts, and its links lead nowhere.
    const frame = `<iframe title="HTML" sandbox="" srcdoc="${escape(mail.html)}"></iframe>`;
    return page(mail.subject, `<p><a href="/dev/mail">All mail</a></p><h1>${escape(mail.subject)}</h1><dl>${list}</dl>${frame}<h2>Plain text</h2><pre>${escape(mail.text)}</pre>`);
  }

  return {
    /** The mails, the oldest first. */
    mails,
    /** Responds to a request of the Worker. */
    async handle(request) {
      const { pathname } = new URL(request.url);
      if (request.method === "POST" && pathname === "/dev/mail") {
        add(await request.json());
        return new Response(null, { status: 202 });
      }
      const event = /^\/dev\/mail\/events\/(evt_[0-9a-v]{26})$/.exec(pathname);
      if (event) return Response.json({ found: mails.some((mail) => mail.event_id === event[1]) });
      if (pathname === "/dev/mail") return list();
      if (pathname === "/dev/mail.json") return Response.json({ data: mails });
      const mail = mails.find(({ no }) => pathname === `/dev/mail/${no}`);
      return mail === undefined ? new Response("not found", { status: 404 }) : show(mail);
    },
  };
}
