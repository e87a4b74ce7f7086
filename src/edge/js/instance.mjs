// The life of wasm instances. All requests' futures run in one instance. A Rust panic (panic=abort), or an exception that
// crosses wasm frames, ends the instance for new calls. Two things keep that from costing any other call:
//  1. An instance is a value (`instantiate`, made by xtask/runner/bundle.mjs), not a module's state. One that ended takes no
//     new calls, but the futures in it go on to their end; what comes next gets an instance of its own.
//  2. Futures are polled in microtasks that go through `#run`. What is thrown there came out of one future, and Rust knows
//     which call it belongs to (src/edge/guard.rs): that call is rejected at once, and the turn's other futures are polled.
import { instantiate } from "wasm-factory";
import { keep } from "./snapshot.mjs";

/** The name of the exceptions that a call refuses with and survives (src/edge/refusal.rs). */
const REFUSAL = "SignpostRefusal";
/** Failures that one microtask turn survives: more than futures ever wait for it. */
const FAILURES_PER_TURN = 100_000;

/** Grows with every instance. */
export let epoch = 0;
let current;
let calls = 0;

class Instance {
  /** Whether it takes no new calls. */
  hasEnded = false;
  /** Whether it was given its keys. */
  isSeeded = false;
  /** The snapshot that it was given or found. */
  snapshot = undefined;
  #waiting = new Map(); // call → its promise's reject

  constructor() {
    const host = {
      startCall: () => this.startCall(),
      guarded: (call, promise) => this.guarded(call, promise),
      keepSnapshot: (text, version) => keep(this, text, version),
    };
    this.exports = instantiate((task) => queueMicrotask(() => this.#run(task)), host);
    this.exports.install_panic_hook();
  }

  /** How many calls are under way. */
  get waiting() {
    return this.#waiting.size;
  }

  // Each try takes at least the future that failed off the queue, so this ends.
  #run(task) {
    for (let failures = 0; failures < FAILURES_PER_TURN; failures += 1) {
      try {
        return task();
      } catch (error) {
        this.end(error);
      }
    }
  }

  /** Retires the instance, and rejects the call that `error` came from. */
  end(error) {
    const call = this.exports.current_call();
    if (!this.hasEnded) {
      this.hasEnded = true;
      console.error(`the wasm instance ended and is made anew (epoch ${epoch}, call ${call}): ${error}`);
    }
    const reject = this.#waiting.get(call);
    this.#waiting.delete(call);
    this.exports.clear_current_call();
    reject?.(new Error(`the call panicked: ${error?.message}`));
  }

  /** Retires the instance unless `error` is a refusal. */
  #judge(error) {
    if (error?.name !== REFUSAL) this.end(error);
    return error;
  }

  /** Calls a synchronous export. */
  call(body) {
    try {
      return body(this.exports);
    } catch (error) {
      throw this.#judge(error);
    }
  }

  /** Calls an export that may be asynchronous. `body` is given the exports and the call's number. */
  start(body) {
    const number = this.startCall();
    try {
      const result = body(this.exports, number);
      return result instanceof Promise ? this.guarded(number, result) : result;
    } catch (error) {
      return Promise.reject(this.#judge(error));
    }
  }

  startCall() {
    calls = (calls + 1) >>> 0 || 1; // 0 stands for no call
    return calls;
  }

  /** The promise of a call, which is rejected as soon as the call panics. */
  guarded(call, promise) {
    return new Promise((resolve, reject) => {
      this.#waiting.set(call, reject);
      const settle = (how) => (value) => {
        this.#waiting.delete(call);
        how(value);
      };
      promise.then(settle(resolve), settle(reject));
    });
  }
}

/** The instance for new calls. */
export function instance() {
  if (current === undefined || current.hasEnded) {
    epoch += 1;
    current = new Instance();
  }
  return current;
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

/** A Rust object, opened anew when the instance is another one. */
export class Handle {
  #open;
  #opened;
  #epoch = 0;

  constructor(open) {
    this.#open = open;
  }

  /** Calls a synchronous method. */
  call(body) {
    return instance().call((exports) => body(this.#at(exports)));
  }

  /** Calls a method that may be asynchronous, with the call's number. */
  start(body) {
    return instance().start((exports, number) => body(this.#at(exports), number));
  }

  #at(exports) {
    if (this.#epoch !== epoch) {
      this.#opened = this.#open(exports);
      this.#epoch = epoch;
    }
    return this.#opened;
  }
}
