// The search of the documentation. The pages are complete without this script, which shows the search box and replaces the
// page's content with the results while there is a query. The address keeps the query, so that results can be shared.

const ADDRESS_DELAY_MS = 200; // Browsers limit how often a page may change its address.
const EXCERPT = 160;
const MOST_NAMES = 4;
const MOST_RESULTS = 100; // more would slow typing down, and nobody reads them
/** How much a match in each part of an entry counts. */
const WEIGHTS = { title: 40, path: 32, of: 12, "parameter": 16, "request field": 14, field: 12, "response field": 6, text: 3 };
/** The title of an operation counts more, so that it comes before a word or a type of the same name. */
const OPERATION_TITLE = 65;
/** What counts in addition, to order entries that match equally well. */
const BONUS = { operation: 4, word: 3, enumeration: 3, type: 1, guide: 0 };
const KINDS = { operation: "Operation", type: "Type", enumeration: "Enumeration", guide: "Guide" };
const SUGGESTIONS = ["/v1/links", "external_id", "refund", "conversion.created"];

const [form, box, found, results, content] = ["search", "query", "found", "results", "content"].map((id) => document.getElementById(id));
const title = document.title;
let entries; // a promise; the index is loaded when it is needed first
let newest = 0; // the number of the newest search, because the index may arrive after the query has changed
let timer;
let place; // what the reader saw before the search, and where on the screen

const load = () => (entries ??= import("/docs/search-index.js").then((index) => index.default));

function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** Returns how well a text matches a term: 0 not at all, 1 inside of a word, 2 at the start of a word, 3 as a whole. */
function quality(text, term) {
  const lower = text.toLowerCase();
  if (lower === term) return 3;
  const at = lower.indexOf(term);
  if (at < 0) return 0;
  for (let from = at; from >= 0; from = lower.indexOf(term, from + 1)) {
    if (from === 0 || !/[\p{L}\p{N}]/u.test(lower[from - 1])) return 2;
  }
  return 1;
}

/** Returns the entry's score for all terms and the names that match, or nothing if a term does not match. */
function match(entry, terms) {
  const names = new Map();
  let score = BONUS[entry.kind];
  for (const term of terms) {
    let best = entry.method?.toLowerCase() === term ? WEIGHTS.path : 0;
    for (const part of ["title", "path", "of", "text"]) {
      const weight = part === "title" && entry.kind === "operation" ? OPERATION_TITLE : WEIGHTS[part];
      if (entry[part]) best = Math.max(best, weight * quality(entry[part], term));
    }
    for (const [kind, all] of Object.entries(entry.names ?? {})) {
      for (const name of all) {
        const value = WEIGHTS[kind] * quality(name, term);
        if (value > 0 && !names.has(name)) names.set(name, kind);
        best = Math.max(best, value);
      }
    }
    if (best === 0) return undefined;
    score += best;
  }
  return { entry, score, names };
}

/** Returns `text` as nodes, with the terms marked. */
function marked(text, terms) {
  const lower = text.toLowerCase();
  const nodes = [];
  let from = 0;
  // A letter whose lower case has another length would shift the positions.
  while (from < text.length && lower.length === text.length) {
    const next = terms.map((term) => ({ at: lower.indexOf(term, from), term })).filter(({ at }) => at >= 0);
    if (next.length === 0) break;
    const { at, term } = next.reduce((a, b) => (b.at < a.at || (b.at === a.at && b.term.length > a.term.length) ? b : a));
    nodes.push(text.slice(from, at), element("mark", {}, text.slice(at, at + term.length)));
    from = at + term.length;
  }
  return [...nodes, text.slice(from)];
}

/** Returns the part of a text around the first term. */
function excerpt(text, terms) {
  if (text.length <= EXCERPT) return text;
  const places = terms.map((term) => text.toLowerCase().indexOf(term)).filter((at) => at >= 0);
  const first = Math.min(...places, text.length);
  const start = first === text.length || first < EXCERPT / 2 ? 0 : text.indexOf(" ", first - EXCERPT / 2) + 1;
  const end = text.indexOf(" ", start + EXCERPT);
  return `${start > 0 ? "… " : ""}${text.slice(start, end < 0 ? undefined : end)}${end < 0 ? "" : " …"}`;
}

function row({ entry, names }, terms) {
  const { kind, title: name, of, method, path, url, text } = entry;
  const label = kind === "word" ? of : kind === "guide" ? `${KINDS[kind]}: ${of}` : KINDS[kind];
  const link = element("a", { href: url }, ...(kind === "word" || kind === "type" ? [element("code", {}, ...marked(name, terms))] : marked(name, terms)));
  const item = element("li", {}, element("p", { class: "hit" }, link, " ", element("span", { class: "kind" }, label)));
  if (path) {
    item.append(element("p", { class: "route" }, element("span", { class: `method ${method.toLowerCase()}` }, method), " ", element("code", {}, ...marked(path, terms))));
  }
  if (text) item.append(element("p", { class: "excerpt" }, ...marked(excerpt(text, terms), terms)));
  if (names.size > 0) {
    const shown = [...names].slice(0, MOST_NAMES).flatMap(([each, what], index) => [index > 0 ? ", " : "", `${what} `, element("code", {}, ...marked(each, terms))]);
    item.append(element("p", { class: "names" }, ...shown, names.size > MOST_NAMES ? ` and ${names.size - MOST_NAMES} more` : ""));
  }
  return item;
}

/** Returns what to try if nothing was found. */
function advice() {
  const links = SUGGESTIONS.flatMap((query, index) => [index > 0 ? ", " : " ", element("a", { href: `?q=${encodeURIComponent(query)}` }, element("code", {}, query))]);
  return [
    element("p", {}, "Check the spelling, or search with fewer words: every word must occur in a result."),
    element("p", {}, "You can search for paths, operations, parameters, fields, words of enumerations, and text of the guides, such as", ...links, "."),
  ];
}

const termsOf = (query) => query.toLowerCase().split(/\s+/).filter(Boolean);

async function search() {
  const query = box.value.trim();
  const number = (newest += 1);
  clearTimeout(timer);
  timer = setTimeout(keep, ADDRESS_DELAY_MS);
  if (query === "") return close();
  let all;
  try {
    all = await load();
  } catch {
    entries = undefined;
    found.textContent = "The search could not be loaded. Check your connection and try again.";
    return undefined;
  }
  if (number !== newest) return undefined;
  const terms = termsOf(query);
  const hits = all.map((entry) => match(entry, terms)).filter(Boolean).sort((a, b) => b.score - a.score);
  const none = hits.length === 0;
  const list = () => [element("ol", {}, ...hits.slice(0, MOST_RESULTS).map((hit) => row(hit, terms)))];
  const rest = hits.length > MOST_RESULTS ? [element("p", {}, `The first ${MOST_RESULTS} are shown. Add a word to see fewer.`)] : [];
  results.replaceChildren(...(none ? advice() : [...list(), ...rest]));
  found.textContent = none ? `No results for “${query}”` : `${hits.length} ${hits.length === 1 ? "result" : "results"} for “${query}”`;
  show(true);
  scrollTo(0, 0);
  document.title = `${query} · ${title}`;
  return undefined;
}

function show(isSearching) {
  results.hidden = !isSearching;
  content.hidden = isSearching;
  document.body.classList.toggle("searching", isSearching);
}

function close() {
  newest += 1;
  found.textContent = "";
  results.replaceChildren();
  show(false);
  document.title = title;
}

/** Writes the query into the address. The anchor belongs to the content, so results have none. */
function keep() {
  clearTimeout(timer);
  const query = box.value.trim();
  const address = new URL(location.href);
  if ((address.searchParams.get("q") ?? "") === query) return;
  address.searchParams.delete("q");
  if (query !== "") {
    address.searchParams.set("q", query);
    address.hash = "";
  }
  history.replaceState(null, "", address);
}

/** Notes what the reader sees, before the first letter of a query: the browser scrolls a box that somebody types into. */
function notePlace() {
  if (!results.hidden || box.value !== "") return;
  const seen = document.elementFromPoint(innerWidth / 2, innerHeight / 3);
  place = content.contains(seen) ? { seen, top: seen.getBoundingClientRect().top } : undefined;
}

/** The number of frames in which nothing moves before the page counts as settled. */
const STILL_FRAMES = 10;
let settling = 0;

/**
 * Scrolls until the page stands still, because parts of the content get their real height only once they are near the screen, and
 * what is below them moves. Another call, or a reader who scrolls, ends it.
 */
function settled(scroll) {
  const number = (settling += 1);
  const step = (still) => {
    if (number !== settling) return;
    const before = [scrollY, document.documentElement.scrollHeight];
    scroll();
    const isStill = before[0] === scrollY && before[1] === document.documentElement.scrollHeight;
    if (still < STILL_FRAMES) requestAnimationFrame(() => step(isStill ? still + 1 : 0));
  };
  step(0);
}
for (const kind of ["wheel", "touchmove", "keydown"]) addEventListener(kind, () => (settling += 1), { capture: true, passive: true });

/** Focuses the search box. If it is on the screen, the page does not move, although the header is in its scroll padding. */
function enter() {
  box.focus({ preventScroll: box.getBoundingClientRect().top >= 0 });
}

const isTyping = ({ target }) => target.closest?.("input, textarea, select, [contenteditable]") !== null;

box.addEventListener("focus", load);
box.addEventListener("beforeinput", notePlace);
box.addEventListener("input", search);
form.addEventListener("submit", (event) => {
  event.preventDefault();
  keep();
  results.querySelector("a")?.focus();
});
box.addEventListener("keydown", (event) => {
  if (event.key === "ArrowDown" && !results.hidden) {
    event.preventDefault();
    results.querySelector("a")?.focus();
  }
});
results.addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step === undefined) return;
  const links = [...results.querySelectorAll("a")];
  event.preventDefault();
  (links[links.indexOf(event.target.closest("a")) + step] ?? (step < 0 ? box : links.at(-1))).focus();
});
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey && !isTyping(event)) {
    event.preventDefault();
    enter();
    box.select();
  } else if (event.key === "Escape" && box.value !== "") {
    event.preventDefault();
    box.value = "";
    close();
    keep();
    enter();
    if (place) settled(() => scrollBy(0, Math.round(place.seen.getBoundingClientRect().top - place.top)));
  }
});
// A link to a part of the page that the results hide.
addEventListener("hashchange", () => {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (content.hidden && target && content.contains(target)) {
    box.value = "";
    close();
    keep();
    settled(() => target.scrollIntoView());
  }
});

form.hidden = false;
box.value = new URL(location.href).searchParams.get("q") ?? "";
if (box.value.trim() !== "") search();
