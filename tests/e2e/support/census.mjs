// Counts wasm instances. It must be imported before the entry, which makes the first one.
const made = [];

WebAssembly.Instance = class extends WebAssembly.Instance {
  constructor(...args) {
    super(...args);
    // The binding's script holds the exports, and these hold the memory.
    made.push(new WeakRef(this.exports));
  }
};

/** Instances made, and those whose memory is still there. */
export const census = () => ({ made: made.length, alive: made.filter((exports) => exports.deref() !== undefined).length });
