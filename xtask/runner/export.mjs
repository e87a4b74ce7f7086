// `cargo xtask export <url>`: follows the pages of `GET /v1/export` into one file, which has its name only once it is complete.
import { open, rename, rm } from "node:fs/promises";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { client, run } from "./api.mjs";

/** Writes the export of `send`'s deployment into `file`. Returns the number of pages and of lines. */
export async function exportTo(send, file, onPage = () => undefined) {
  const part = `${file}.part`;
  const output = await open(part, "w", 0o600);
  let pages = 0;
  let lines = 0;
  try {
    for (let cursor; ; ) {
      const text = await send("GET", `/v1/export${cursor === undefined ? "" : `?cursor=${encodeURIComponent(cursor)}`}`);
      const end = endOf(text);
      await output.write(text);
      pages += 1;
      lines += end.lines;
      onPage(lines);
      if (end.end) break;
      cursor = end.next_cursor;
    }
    await output.sync();
  } catch (error) {
    await output.close();
    await rm(part, { force: true });
    throw error;
  }
  await output.close();
  await rename(part, file);
  return { pages, lines };
}

/** Returns the last line of a page, which says how many lines precede it. */
export function endOf(text) {
  const lines = text.trimEnd().split("\n");
  let end;
  try {
    end = JSON.parse(lines.at(-1));
  } catch {
    end = undefined;
  }
  if (typeof end?.end !== "boolean" || end.lines !== lines.length - 1) throw new Error("a page of the export was cut off; run the command again");
  return end;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await run(async ({ url, key, file }) => {
    const { pages, lines } = await exportTo(client(url, key), file, (count) => console.error(`${count} lines …`));
    console.log(`${file}: complete, ${lines} lines in ${pages === 1 ? "1 page" : `${pages} pages`}`);
    return true;
  });
}
