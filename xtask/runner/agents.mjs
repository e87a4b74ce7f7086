// Writes the lists of user agents that the classification of visitors is built on and tested with, from the newest versions
// of two maintained npm packages. `cargo xtask agents` runs it.
import { execFileSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import process from "node:process";

const CRAWLERS = "crawler-user-agents";
const BROWSERS = "user-agents";
/** How many agents of browsers the test reads. */
const BROWSER_COUNT = 500;
/** A release of the list of browsers is a sample. This many releases lie between two samples that are joined. */
const RELEASES_APART = 5;
/** Older versions of Chrome than this one are mostly automated browsers that copy the device list of an old tool. */
const OLDEST_CHROME = 130;
/** More alternatives than this mean that a pattern is not a list of names. */
const MAX_LITERALS = 64;

const root = process.argv[2];

/**
 * Expands a pattern into the literal texts that it matches: literals, escapes, classes of single characters, groups,
 * alternatives, and the anchors `^` and `$`. Returns `undefined` for a pattern with anything else.
 */
function expand(pattern) {
  let at = 0;
  const unsupported = Symbol("unsupported");
  const product = (left, right) => left.flatMap((head) => right.map((tail) => head + tail));

  function alternatives() {
    let all = [];
    for (;;) {
      all = all.concat(sequence());
      if (pattern[at] !== "|") return all;
      at += 1;
    }
  }

  function sequence() {
    let texts = [""];
    while (at < pattern.length && pattern[at] !== "|" && pattern[at] !== ")") texts = product(texts, atom());
    return texts;
  }

  function atom() {
    const letter = pattern[at];
    at += 1;
    if ("*+?{".includes(pattern[at]) && letter !== "\\") throw unsupported;
    switch (letter) {
      case "(": {
        if (pattern[at] === "?") throw unsupported;
        const inner = alternatives();
        at += 1;
        if ("*+?{".includes(pattern[at] ?? " ")) throw unsupported;
        return inner;
      }
      case "[": {
        const end = pattern.indexOf("]", at);
        const letters = pattern.slice(at, end);
        at = end + 1;
        if (/[\\^-]/.test(letters) || "*+?{".includes(pattern[at] ?? " ")) throw unsupported;
        return [...letters];
      }
      case "\\": {
        const escaped = pattern[at];
        at += 1;
        if (/[A-Za-z0-9]/.test(escaped) || "*+?{".includes(pattern[at] ?? " ")) throw unsupported;
        return [escaped];
      }
      case ".":
        throw unsupported;
      default:
        return [letter]; // `^` and `$` keep their meaning: no name begins or ends with them
    }
  }

  try {
    const texts = alternatives();
    const isPlain = texts.every((text) => text.replace(/^\^/, "").replace(/\$$/, "").search(/[\^$\n]/) < 0);
    return at === pattern.length && isPlain && texts.length <= MAX_LITERALS ? texts : undefined;
  } catch (error) {
    if (error === unsupported) return undefined;
    throw error;
  }
}

/** Installs a package into a directory of its own and returns its description and one of its files. */
async function download(scratch, name, version, file) {
  const directory = await mkdtemp(path.join(scratch, `${name}-`));
  const npm = ["install", "--prefix", directory, "--ignore-scripts", "--no-audit", "--no-fund", "--no-save", `${name}@${version}`];
  execFileSync("npm", npm, { stdio: ["ignore", "ignore", "inherit"] });
  const read = async (part) => JSON.parse(await readFile(path.join(directory, "node_modules", name, part), "utf8"));
  return { about: await read("package.json"), data: await read(file) };
}

const heading = ({ name, version, license }, what) => `# ${what}\n# From ${name} ${version}, licence ${license}. Written by \`cargo xtask agents\`.\n`;

const write = async (file, lines) => {
  await writeFile(path.join(root, file), lines);
  console.error(`wrote ${file}`);
};

const directory = await mkdtemp(path.join(os.tmpdir(), "signpost-agents-"));
try {
  const crawlers = await download(directory, CRAWLERS, "latest", "crawler-user-agents.json");
  const names = new Set();
  const skipped = [];
  for (const { pattern } of crawlers.data) {
    const texts = expand(pattern);
    if (texts === undefined) skipped.push(`# Not a list of names: ${pattern}\n`);
    else texts.forEach((text) => names.add(text));
  }
  await write(
    "src/domain/clicks/bot/crawlers.txt",
    heading(crawlers.about, "Names of crawlers, link previews and scripts; ^ and $ stand for the start and the end of the agent.") +
      skipped.join("") +
      [...names].toSorted().map((name) => `${name}\n`).join(""),
  );
  const instances = crawlers.data.flatMap(({ instances: known }) => known ?? []).filter((agent) => !/[\n\t]/.test(agent));
  await write(
    "fixtures/agents/crawlers.txt",
    heading(crawlers.about, "Agents of crawlers, link previews and scripts.") +
      [...new Set(instances)].map((agent) => `${agent}\n`).join(""),
  );
  const isRecent = (agent) => Number(agent.match(/Chrome\/(\d+)/)?.[1] ?? OLDEST_CHROME) >= OLDEST_CHROME;
  const versions = JSON.parse(execFileSync("npm", ["view", BROWSERS, "versions", "--json"], { encoding: "utf8" })).toReversed();
  const distinct = new Set();
  let browsers;
  for (let index = 0; distinct.size < BROWSER_COUNT && index < versions.length; index += RELEASES_APART) {
    const sample = await download(directory, BROWSERS, versions[index], "dist/user-agents.json");
    browsers ??= sample;
    for (const { userAgent } of sample.data) if (isRecent(userAgent)) distinct.add(userAgent);
  }
  await write(
    "fixtures/agents/browsers.txt",
    heading(browsers.about, "Agents of the visitors of public websites, from this release and earlier ones.") +
      [...distinct].slice(0, BROWSER_COUNT).map((agent) => `${agent}\n`).join(""),
  );
} finally {
  await rm(directory, { recursive: true, force: true });
}
