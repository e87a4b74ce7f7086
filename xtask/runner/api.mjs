// What the commands `export` and `restore` need of a deployment's API. They run in a process of their own; the first line of
// its standard input is the configuration, so that no secrets are on the command line.
import { once } from "node:events";
import process from "node:process";
import { createInterface } from "node:readline";

/** How often a request is repeated that could not be delivered, or that the deployment could not answer. */
const ATTEMPTS = 5;
const PAUSE_MS = 1_000;

/** Returns the configuration. The process ends when its standard input does. */
export async function configuration() {
  const input = createInterface({ input: process.stdin });
  input.on("close", () => process.exit(130));
  const [line] = await once(input, "line");
  return JSON.parse(line);
}

/** A problem that the deployment reports, or an answer that is none of its own. */
export class Refused extends Error {}

/** Returns a function that sends a request and returns the text of its successful response. */
export function client(url, key, pauseMs = PAUSE_MS) {
  return async (method, route, body) => {
    for (let attempt = 1; ; attempt += 1) {
      const retry = (error) => {
        if (attempt === ATTEMPTS) throw error;
        return new Promise((resolve) => setTimeout(resolve, pauseMs * attempt));
      };
      let response;
      let text;
      try {
        const headers = { authorization: `Bearer ${key}`, ...(body !== undefined && { "content-type": "application/x-ndjson" }) };
        response = await fetch(new URL(route, url), { method, headers, body, redirect: "error" });
        text = await response.text();
      } catch (error) {
        await retry(new Error(`${url} cannot be reached: ${error.cause?.message ?? error.message}`));
        continue;
      }
      if (response.ok) return text;
      let detail = text.slice(0, 300);
      try {
        const { code, detail: said } = JSON.parse(text);
        detail = `${code}: ${said}`;
      } catch {
        // Not a problem of Signpost: the text itself is shown.
      }
      const error = new Refused(`${method} ${route.split("?")[0]} was answered with ${response.status}: ${detail}`);
      if (response.status !== 429 && response.status < 500) throw error;
      await retry(error);
    }
  };
}

/** Runs the command, and prints the sentence of its failure. */
export async function run(command) {
  try {
    process.exit((await command(await configuration())) ? 0 : 1);
  } catch (error) {
    console.error(`error: ${error.message}`);
    process.exit(1);
  }
}
