// Counts wasm instances. It must be imported before the entry, which creates the first one.
const created = [];

WebAssembly.Instance = class extends WebAssembly.Instance {
  constructor(...args) {
    super(...args);
    // The script of wasm-bindgen holds the exports, and these hold the memory.
    created.push(new WeakRef(this.exports));
  }
};

/** Returns the number of instances created, and of those whose memory was not freed. */
export const census = () => ({ created: created.length, alive: created.filter((exports) => exports.deref() !== undefined).length });
