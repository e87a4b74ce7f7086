// Takes the place of `node:test` while list.mjs loads a suite: records the names of its tests and runs nothing.

let names = [];
/** The names of the `describe` blocks that are being read. */
const outer = [];

/** Returns the names recorded since the last call. */
export function take() {
  const taken = names;
  names = [];
  return taken;
}

export function test(name) {
  // Names are joined as node joins them for `--test-name-pattern`.
  names.push([...outer, name].join(" "));
}

/** Takes the body last, after options if there are any. */
export function describe(name, ...rest) {
  outer.push(name);
  rest.at(-1)();
  outer.pop();
}

const ignore = () => undefined;
export { ignore as after, ignore as afterEach, ignore as before, ignore as beforeEach };
