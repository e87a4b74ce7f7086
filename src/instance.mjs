// The life of the wasm instance. A Rust panic ends it (panic=abort), and every later call would meet broken memory. So
// it is made anew at once, and whoever keeps something of it (keys, handles) can see by `epoch` that it is gone. All
// its exports are synchronous: nothing is ever under way in an instance that ends but the call that ended it.
import * as wasm from "../build/wasm/index.js";

let dead = false;

/** Grows with every instance. */
export let epoch = 1;

/** Makes the instance anew if the last call ended it. */
function revive() {
  if (!dead) return;
  epoch += 1;
  console.error(`the wasm instance ended and is made anew (epoch ${epoch})`);
  wasm.__wbg_reset_state();
  dead = false;
}

/** The name of the exceptions that a call refuses with and survives (src/edge/instance.rs). */
const REFUSAL = "SignpostRefusal";

/**
 * Notes that `error` was the end of the instance, unless it is a refusal. A trap is. So is an exception that crossed
 * wasm frames (an import's, or a full stack): they were left as they stood, with whatever they had borrowed.
 */
function judge(error) {
  dead ||= error?.name !== REFUSAL;
  return error;
}

/** Calls a synchronous export. A trap costs this call, and no other. */
export function call(body) {
  revive();
  try {
    return body(wasm);
  } catch (error) {
    throw judge(error);
  }
}

const encoder = new TextEncoder();
const scratch = new Uint8Array(64 * 1024);

/**
 * A text's bytes for an export that takes bytes; valid until the next call. The binding's own way with a text goes
 * through it letter by letter, which costs a redirect as much as a signature.
 */
export function bytesOf(text) {
  if (text.length * 3 > scratch.length) return encoder.encode(text);
  return scratch.subarray(0, encoder.encodeInto(text, scratch).written);
}

/** Something that lives in the instance, opened anew when the instance is another one. */
export class Handle {
  #open;
  #opened;
  #epoch = 0;

  constructor(open) {
    this.#open = open;
  }

  /** Calls a synchronous method of it. */
  call(body) {
    return call((exports) => {
      if (this.#epoch !== epoch) {
        this.#opened = this.#open(exports);
        this.#epoch = epoch;
      }
      return body(this.#opened);
    });
  }
}
