// Generates values of JSON Schemas, and corrupted values. The generator is seeded, so that a run can be repeated
// exactly.

/** A seeded random number generator (mulberry32). */
export class Dice {
  #state;

  constructor(seed) {
    this.#state = seed >>> 0;
  }

  /** Returns a number in [0, 1). */
  next() {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  chance(probability) {
    return this.next() < probability;
  }

  /** Returns an integer between `min` and `max`, both inclusive. */
  int(min, max) {
    return min + Math.floor(this.next() * (max - min + 1));
  }

  pick(list) {
    return list[this.int(0, list.length - 1)];
  }
}

const LETTERS = [..."abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 -_.,:;'\"\\/<>&%+éßøñ中文😀\u200b\u202e"];

/** Returns whether a pattern asks for one character somewhere in the text; all others describe the whole text. */
const isOneCharacter = (pattern) => pattern.startsWith("[^");

/** Generates values of the schemas of one OpenAPI document. */
export class Generator {
  /**
   * @param {object} document
   * @param {Dice} dice
   * @param {(pattern: string) => string[]} existing returns existing values that match a pattern
   * @param {number} existingChance the probability of using an existing value if there is one
   */
  constructor(document, dice, existing, existingChance = 0.8) {
    this.document = document;
    this.dice = dice;
    this.existing = existing;
    this.existingChance = existingChance;
  }

  /**
   * Returns the schema that a `$ref` refers to, merged with the keywords beside the `$ref`, or else the schema itself.
   */
  resolve(schema) {
    if (!schema.$ref) return schema;
    const { $ref, ...beside } = schema;
    const target = $ref.slice(2).split("/").reduce((node, part) => node[part], this.document);
    return { ...this.resolve(target), ...beside };
  }

  /** Returns a value that the schema allows. */
  valid(schema) {
    const { dice } = this;
    const it = this.resolve(schema);
    if ("const" in it) return it.const;
    if (it.enum) return dice.pick(it.enum);
    const forms = it.anyOf ?? it.oneOf;
    if (forms) return this.valid(dice.pick(forms));
    switch (Array.isArray(it.type) ? this.#type(it.type) : it.type) {
      case "null":
        return null;
      case "boolean":
        return dice.chance(0.5);
      case "integer":
        return this.#integer(it);
      case "string":
        return this.string(it);
      case "array":
        if (it.prefixItems) return it.prefixItems.map((item) => this.valid(item));
        return Array.from({ length: dice.int(it.minItems ?? 0, Math.min(it.maxItems ?? 3, 3)) }, () => this.valid(it.items));
      case "object":
        return this.#object(it);
      default:
        return dice.pick([null, true, 7, "text", [1], { a: 1 }]);
    }
  }

  // A nullable field is null in one case of ten only, because other values reach more code.
  #type(types) {
    const others = types.filter((type) => type !== "null");
    return types.includes("null") && this.dice.chance(0.1) ? "null" : this.dice.pick(others);
  }

  #integer({ minimum = -(2 ** 31), maximum = 2 ** 31 }) {
    return this.dice.chance(0.3) ? this.dice.pick([minimum, maximum]) : this.dice.int(minimum, Math.min(maximum, minimum + 1e6));
  }

  #object({ properties = {}, required = [], additionalProperties, propertyNames, maxProperties = 3 }) {
    const object = {};
    for (const [name, schema] of Object.entries(properties)) {
      if (required.includes(name) || this.dice.chance(0.6)) object[name] = this.valid(schema);
    }
    if (additionalProperties) {
      const values = additionalProperties === true ? { type: ["string", "integer", "boolean"] } : additionalProperties;
      for (let left = this.dice.int(0, Math.min(maxProperties, 3)); left > 0; left -= 1) {
        const name = propertyNames?.enum ? this.dice.pick(propertyNames.enum) : this.string(propertyNames ?? { minLength: 1, maxLength: 20 });
        object[name] = this.valid(properties[name] ?? values);
      }
    }
    return object;
  }

  /** Returns a text that the schema allows. */
  string({ format, pattern, minLength = 0, maxLength = 40 }) {
    const { dice } = this;
    if (format === "date-time") return new Date(dice.int(Date.UTC(2026, 0), Date.UTC(2027, 0))).toISOString();
    if (format === "email") return `${this.#letters(8)}@${this.#letters(6)}.example`;
    if (format === "uri") return `https://${this.#letters(8)}.example/${this.#letters(5)}?a=${this.#letters(2)}`;
    if (pattern && !isOneCharacter(pattern)) {
      const existing = this.existing(pattern);
      return existing.length > 0 && dice.chance(this.existingChance) ? dice.pick(existing) : this.#matching(pattern);
    }
    // Texts of maximum length are ASCII, because some limits count bytes and a schema can only count characters.
    if (dice.chance(0.1)) return this.#letters(dice.pick([minLength, maxLength]));
    const length = dice.int(minLength, Math.min(maxLength, minLength + 20));
    const text = Array.from({ length }, () => dice.pick(LETTERS)).join("");
    return pattern && !new RegExp(pattern, "u").test(text) ? this.#letters(Math.max(1, minLength)) : text;
  }

  #letters(length) {
    return Array.from({ length }, () => this.dice.pick([..."abcdefghijklmnopqrstuvwxyz"])).join("");
  }

  // Supports the patterns of the document: sequences of characters and character classes with counts.
  #matching(pattern) {
    if (pattern.startsWith("^/(")) return `/${this.#letters(4)}/${this.#letters(3)}`;
    let text = "";
    for (const [, klass, literal, min, max, many] of pattern.slice(1, -1).matchAll(/(?:\[([^\]]+)\]|([^[{]))(?:\{(\d+)(?:,(\d+))?\}|(\+))?/g)) {
      const count = many ? this.dice.int(1, 20) : min === undefined ? 1 : this.dice.int(Number(min), Number(max ?? min));
      for (let i = 0; i < count; i += 1) text += klass ? this.#member(klass) : literal;
    }
    return text;
  }

  #member(klass) {
    const members = [];
    for (const [, from, to, single] of klass.matchAll(/(.)-(.)|(.)/g)) {
      const [first, last] = [(from ?? single).codePointAt(0), (to ?? single).codePointAt(0)];
      for (let code = first; code <= last; code += 1) members.push(String.fromCodePoint(code));
    }
    return this.dice.pick(members);
  }

  /** Returns a corrupted value in place of one that the schema allows. It may still be allowed by chance. */
  corrupted(schema, value) {
    const { dice } = this;
    if (value !== null && typeof value === "object" && dice.chance(0.8)) {
      const it = this.resolve(schema);
      const keys = Object.keys(value);
      const step = dice.int(0, 3);
      if (Array.isArray(value)) {
        if (step === 0 || keys.length === 0) return [...value, ...Array.from({ length: (it.maxItems ?? 5) + 1 }, () => value[0] ?? "x")];
        return value.with(dice.int(0, keys.length - 1), this.#unusual(value[0]));
      }
      if (step === 0) return { ...value, [dice.pick(["unknown", "__proto__", "", "id", "a/b~c"])]: 1 };
      if (keys.length > 0) {
        const key = dice.pick(keys);
        const { [key]: old, ...rest } = value;
        if (step === 1) return rest;
        const inner = it.properties?.[key];
        return { ...value, [key]: inner && dice.chance(0.6) ? this.corrupted(inner, old) : this.#unusual(old) };
      }
    }
    const beyond = this.#beyond(this.resolve(schema));
    return beyond.length > 0 && dice.chance(0.5) ? dice.pick(beyond) : this.#unusual(value);
  }

  /** Returns values one step outside the schema's limits. */
  #beyond({ minLength, maxLength, minimum, maximum }) {
    const values = [];
    if (maxLength !== undefined) values.push(this.#letters(maxLength + 1));
    if (minLength > 0) values.push(this.#letters(minLength - 1));
    if (minimum !== undefined) values.push(minimum - 1);
    if (maximum !== undefined) values.push(maximum + 1);
    return values;
  }

  /** Returns values on both sides of a field's limits, as pairs `[value, whether it is allowed]`. */
  limits(schema) {
    const it = this.resolve(schema);
    const form = it.anyOf?.find((option) => option.type !== "null");
    if (form) return this.limits(form);
    const outside = this.#beyond(it).map((value) => [value, false]);
    if (it.enum || it.oneOf) outside.push(["not in the enum", false]);
    if (it.pattern) outside.push(...["", " \u200b", "\u00e9!"].filter((text) => !new RegExp(it.pattern, "u").test(text)).map((text) => [text, false]));
    const inside = [it.minimum, it.maximum].filter((value) => value !== undefined);
    // Letters alone do not match a format or a pattern.
    if (it.maxLength !== undefined && !it.format && (!it.pattern || isOneCharacter(it.pattern))) inside.push(this.#letters(it.maxLength), this.#letters(it.minLength));
    return [...outside, ...inside.map((value) => [value, true])];
  }

  #unusual(value) {
    const text = typeof value === "string" ? value : "text";
    return this.dice.pick([
      null, true, -1, 0, 1.5, 1e12 + 1, 2 ** 53, 1e300, "", " ", "x".repeat(3000), `${text}\u0000`, `${text}\n`, `${text}😀`,
      text.toUpperCase(), "..", "//evil.example", "javascript:alert(1)", "2026-02-30T00:00:00Z", "9999-12-31T23:59:60Z", "XXX", [], [[]], {}, { a: 1 },
    ]);
  }
}
