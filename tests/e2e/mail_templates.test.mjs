// The previews of mails (/dev/mail/templates): every mail in every language, with the texts, money and dates of the real engine.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { createMailbox } from "../../xtask/runner/mailbox.mjs";
import { startEdge } from "./support/harness.mjs";

const LANGUAGES = ["en", "es", "de", "fr", "it", "pt-BR", "ja"];
const KINDS = [
  "invitation", "sign_in_link", "payout_sent", "payout_details_changed", "webhook_disabled", "application_received",
  "application_accepted", "application_declined", "monthly_statement",
];
const LIST = "/dev/mail/templates";
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const BROWSER = { accept: "text/html" };

const unescaped = (text) => text.replaceAll("&quot;", '"').replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");

describe("the previews of mails", () => {
  let edge;
  before(async () => {
    edge = await startEdge({ mailbox: createMailbox() });
  });
  after(() => edge.stop());

  /** Returns the subject, HTML and plain text of a preview. */
  async function preview(kind, language) {
    const response = await edge.fetch(`${LIST}/${kind}/${language}`);
    const page = await response.text();
    assert.equal(response.status, 200, page);
    const found = /<h1[^>]*>([^<]*)<\/h1>.*srcdoc="([^"]*)".*<pre[^>]*>([^<]*)<\/pre>/s.exec(page);
    const [subject, html, text] = found.slice(1).map(unescaped);
    return { subject, html, text };
  }

  test("the list leads to every mail in every language, and each is whole", async () => {
    const response = await edge.fetch(LIST, { headers: BROWSER });
    assert.equal(response.status, 200);
    const links = [...(await response.text()).matchAll(/href="([^"]+)"/g)].map(([, link]) => link);
    assert.deepEqual(links, KINDS.flatMap((kind) => LANGUAGES.map((language) => `${LIST}/${kind}/${language}`)));
    for (const kind of KINDS) {
      for (const language of LANGUAGES) {
        const { subject, html, text } = await preview(kind, language);
        assert.ok(subject.length > 5 && html.startsWith(`<!DOCTYPE html><html lang="${language}" dir="ltr">`), subject);
        for (const part of [subject, text]) assert.doesNotMatch(part, /[{}$\u2068\u2069]|undefined|NaN|\?\?\?/, part);
        assert.equal(text.includes("/mail/unsubscribe/"), kind === "monthly_statement");
      }
    }
  });

  // What the engine writes. \u00a0 and \u202f are no-break spaces.
  const PAYOUT = {
    en: ["Your payout of €24.10 has been sent", "€24.10", "1 – 30 November 2026", "30 November 2026"],
    es: ["Te hemos enviado un pago de 24,10\u00a0€", "24,10\u00a0€", "1–30 de noviembre de 2026", "30 de noviembre de 2026"],
    de: ["Ihre Auszahlung über 24,10\u00a0€ ist unterwegs", "24,10\u00a0€", "1.–30. November 2026", "30. November 2026"],
    fr: ["Votre versement de 24,10\u00a0€ a été envoyé", "24,10\u00a0€", "1–30 novembre 2026", "30 novembre 2026"],
    it: ["Ti abbiamo inviato un pagamento di 24,10\u00a0€", "24,10\u00a0€", "01–30 novembre 2026", "30 novembre 2026"],
    "pt-BR": ["Enviamos a você um pagamento de €\u00a024,10", "€\u00a024,10", "1 – 30 de novembro de 2026", "30 de novembro de 2026"],
    ja: ["€24.10 をお支払いしました", "€24.10", "2026/11/01～2026/11/30", "2026年11月30日"],
  };
  for (const [language, [subject, ...values]] of Object.entries(PAYOUT)) {
    test(`payout_sent in ${language}: money and dates`, async () => {
      const mail = await preview("payout_sent", language);
      assert.equal(mail.subject, subject);
      const shown = [...mail.html.matchAll(/<td class="t l"[^>]*>([^<]*)<\/td>/g)].map(([, value]) => value);
      assert.deepEqual(shown.slice(0, 3), values);
    });
  }

  const STATEMENT = {
    en: ["Your statement for November 2026", "1,234", "17", "€1,234.56", "−€19.80", "€24.10", "€980.00", "€210.66", "JP¥12,300", "JP¥0", "JP¥12,300"],
    es: ["Tu extracto de noviembre de 2026", "1234", "17", "1234,56\u00a0€", "−19,80\u00a0€", "24,10\u00a0€", "980,00\u00a0€", "210,66\u00a0€", "12.300\u00a0JPY", "0\u00a0JPY", "12.300\u00a0JPY"],
    de: ["Ihre Abrechnung für November 2026", "1.234", "17", "1.234,56\u00a0€", "−19,80\u00a0€", "24,10\u00a0€", "980,00\u00a0€", "210,66\u00a0€", "12.300\u00a0¥", "0\u00a0¥", "12.300\u00a0¥"],
    fr: ["Votre relevé\u00a0: novembre 2026", "1\u202f234", "17", "1\u202f234,56\u00a0€", "−19,80\u00a0€", "24,10\u00a0€", "980,00\u00a0€", "210,66\u00a0€", "12\u202f300\u00a0JPY", "0\u00a0JPY", "12\u202f300\u00a0JPY"],
    it: ["Il tuo rendiconto di novembre 2026", "1234", "17", "1234,56\u00a0€", "−19,80\u00a0€", "24,10\u00a0€", "980,00\u00a0€", "210,66\u00a0€", "12.300\u00a0JPY", "0\u00a0JPY", "12.300\u00a0JPY"],
    "pt-BR": ["Seu extrato de novembro de 2026", "1.234", "17", "€\u00a01.234,56", "−€\u00a019,80", "€\u00a024,10", "€\u00a0980,00", "€\u00a0210,66", "JP¥\u00a012.300", "JP¥\u00a00", "JP¥\u00a012.300"],
    ja: ["2026年11月の明細書", "1,234", "17", "€1,234.56", "−€19.80", "€24.10", "€980.00", "€210.66", "￥12,300", "￥0", "￥12,300"],
  };
  for (const [language, [subject, ...values]] of Object.entries(STATEMENT)) {
    test(`monthly_statement in ${language}: the month, numbers and money`, async () => {
      const mail = await preview("monthly_statement", language);
      assert.equal(mail.subject, subject);
      const shown = [...mail.html.matchAll(/<td class="t l"[^>]*>([^<]*)<\/td>/g)].map(([, value]) => value);
      assert.deepEqual(shown, values);
    });
  }

  test("a time is shown with its zone", async () => {
    const { text } = await preview("payout_details_changed", "de");
    assert.match(text, /Geändert am: 30\. November 2026 um 11:24 MEZ\n/);
  });

  test("a page has its headers, and other paths are not found", async () => {
    const response = await edge.fetch(`${LIST}/payout_sent/de`);
    await response.body.cancel();
    for (const [name, value] of [
      ["content-type", "text/html; charset=utf-8"], ["content-security-policy", POLICY], ["x-content-type-options", "nosniff"],
      ["cache-control", "no-store"],
    ]) {
      assert.equal(response.headers.get(name), value, name);
    }
    for (const path of ["/", "/payout_sent", "/payout_sent/xx", "/nothing/de", "/payout_sent/de/", "-old"]) {
      assert.equal((await edge.fetch(LIST + path)).status, 404, path);
    }
    assert.equal((await edge.fetch(LIST, { method: "POST" })).status, 404);
  });

  test("the files of the texts have no address", async () => {
    for (const path of ["/locales/de/mail.ftl", "/docs/locales/de/mail.ftl", "/docs/../locales/de/mail.ftl"]) {
      assert.equal((await edge.fetch(path)).status, 404, path);
    }
  });
});

test("without the binding there are no previews", async (t) => {
  // A variable of the same name is no such binding.
  const edge = await startEdge({ vars: { DEV_MAILBOX: "1" } });
  t.after(() => edge.stop());
  for (const path of [LIST, `${LIST}/payout_sent/de`]) {
    const response = await edge.fetch(path);
    assert.deepEqual([response.status, (await response.json()).code], [404, "not_found"]);
  }
});
