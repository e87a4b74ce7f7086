// Formats the texts of `locales/` (src/edge/texts.rs). The engine's Intl knows how each language writes money, dates and
// numbers. The bundles outlive a wasm instance.
import { FluentBundle, FluentDateTime, FluentNumber, FluentResource, FluentType } from "@fluent/bundle";

/** The locale of a language where the language alone would stand for another country's forms: our English is British. */
const LOCALES = { en: "en-GB" };

/** An amount as a decimal string, because a number of JavaScript cannot hold every amount. */
class Money extends FluentType {
  constructor(value, currency) {
    super(value);
    this.options = { style: "currency", currency };
  }

  toString(scope) {
    const text = scope.memoizeIntlObject(Intl.NumberFormat, this.options).format(this.value);
    return text.replace("-", "−"); // Intl writes a hyphen, at which a line may break
  }
}

/** The days from the first to the last, Unix milliseconds in UTC. */
class Period extends FluentType {
  constructor(first, last) {
    super(first);
    this.last = last;
  }

  toString(scope) {
    return scope.memoizeIntlObject(Intl.DateTimeFormat, { dateStyle: "long", timeZone: "UTC" }).formatRange(this.value, this.last);
  }
}

/** Returns a function of the texts that accepts one kind of value. */
const accept = (name, kind) => ([value]) => {
  if (value instanceof kind) return value;
  throw new TypeError(`${name} cannot format this value`);
};

const functions = { MONEY: accept("MONEY", Money), PERIOD: accept("PERIOD", Period) };

/** Creates a value from its kind and its two parts, which are strings. */
const VALUES = {
  text: (text) => text,
  number: (number) => new FluentNumber(Number(number)),
  money: (amount, currency) => new Money(amount, currency),
  time: (ms, timeZone) => new FluentDateTime(Number(ms), { timeZone }),
  period: (first, last) => new Period(Number(first), Number(last)),
};

const bundles = new Map(); // language → bundle

/** Returns whether the texts of a language are loaded. */
export function hasTexts(language) {
  return bundles.has(language);
}

/** Loads the texts of a language. */
export function addTexts(language, source) {
  // The marks that isolate the direction of inserted values are off: all seven languages are written from left to right, and
  // some mail clients show the marks as boxes.
  const bundle = new FluentBundle(LOCALES[language] ?? language, { functions, useIsolating: false });
  const [error] = bundle.addResource(new FluentResource(source));
  if (error !== undefined) throw error;
  bundles.set(language, bundle);
}

/**
 * Returns a text. Throws if a message, attribute, variable or function is missing or unsuitable. A message with a syntax error is
 * missing.
 * @param {string} language
 * @param {string} id a message, or its attribute after a full stop
 * @param {string[]} parts four strings for each value: name, kind, and the two parts of the value
 */
export function textOf(language, id, parts) {
  const bundle = bundles.get(language);
  const [name, attribute] = id.split(".");
  const message = bundle?.getMessage(name);
  const pattern = attribute === undefined ? message?.value : message?.attributes[attribute];
  if (pattern === undefined || pattern === null) throw new ReferenceError("there is no such text");
  const args = {};
  for (let at = 0; at < parts.length; at += 4) {
    const [key, kind, ...value] = parts.slice(at, at + 4);
    args[key] = VALUES[kind](...value);
  }
  // Without a list of errors, the first one is thrown.
  return bundle.formatPattern(pattern, args);
}
