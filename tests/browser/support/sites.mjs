// Local servers for the sites of others. Each has its own host name, so that the browser's rules for cookies and frames
// apply as on the internet.
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { chromium } from "playwright-core";

const FLAGS = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-component-update",
  "--disable-sync",
];

/** Starts Chromium. `hosts` maps vendors' host names to local ports. */
export function launch(hosts = {}) {
  const rules = Object.entries(hosts).map(([name, port]) => `MAP ${name} 127.0.0.1:${port}`).join(", ");
  const mapped = rules === "" ? [] : [`--host-resolver-rules=${rules}`];
  return chromium.launch({ executablePath: process.env.CHROMIUM, args: [...FLAGS, ...mapped] });
}

/** Returns the origin of a local host name that a browser treats as a separate site. */
export const local = (name, port) => `http://${name}.localhost:${port}`;

/** Sends a page. */
export function page(response, html) {
  response.setHeader("content-type", "text/html; charset=utf-8");
  response.end(html);
}

async function listen(server) {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { port: server.address().port, close: () => server.close() };
}

/** Starts a site. `handle` receives the request's URL and the response. */
export const site = (handle) =>
  listen(createServer((request, response) => handle(new URL(request.url, "http://any"), response)));

/** Starts a site with TLS and a new self-signed certificate. */
export async function secureSite(handle) {
  const scratch = await mkdtemp(path.join(os.tmpdir(), "signpost-tls-"));
  try {
    const [key, cert] = ["key.pem", "cert.pem"].map((name) => path.join(scratch, name));
    execFileSync("openssl", [
      "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1", "-subj", "/CN=test",
      "-keyout", key, "-out", cert,
    ], { stdio: "ignore" });
    const files = { key: await readFile(key), cert: await readFile(cert) };
    return await listen(createSecureServer(files, (request, response) => handle(new URL(request.url, "https://any"), response)));
  } finally {
    await rm(scratch, { recursive: true });
  }
}
