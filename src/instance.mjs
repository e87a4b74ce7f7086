// The life of the wasm instance. A Rust panic ends it (panic=abort): no promise that it holds will ever settle, and
// every later call would meet broken memory. So the instance is made anew at once, whoever waits for the dead one is
// told, and whoever keeps something of it (keys, handles) can see by `epoch` that it is gone.
import * as wasm from "../build/wasm/index.js";

// The `worker` crate's own record: its start function counts `instanceId` up, its panic hook sets `criticalError`.
const state = wasm.__worker_init_state();
const waiting = new Set();
let dead = false;

/** Grows with every instance, whoever made it: the binding's own guard makes one too, after some exceptions. */
export let epoch = state.instanceId;

Object.defineProperty(state, "instanceId", {
  get: () => epoch,
  set(value) {
    epoch = value;
    rejectWaiting();
  },
});
Object.defineProperty(state, "criticalError", {
  get: () => dead,
  set(value) {
    dead = value;
    // Still inside the dying call: only JavaScript may run here.
    if (value) rejectWaiting();
  },
});

function rejectWaiting() {
  const error = new Error("the wasm instance ended");
  for (const reject of waiting) reject(error);
  waiting.clear();
}

/** Makes the instance anew if the last call ended it. */
function revive() {
  if (!dead) return;
  console.error(`the wasm instance ended and is made anew (epoch ${epoch + 1})`);
  wasm.__wbg_reset_state();
  dead = false;
}

/**
 * Notes that `error` was the end of the instance, if it was. A trap always is. So is an exception that crossed wasm
 * frames (an import's, or a full stack), and its type does not tell; but any later call would.
 */
function judge(error) {
  if (dead) return error;
  if (error instanceof WebAssembly.RuntimeError) {
    state.criticalError = true;
    return error;
  }
  try {
    wasm.__worker_init_state();
  } catch {
    state.criticalError = true;
  }
  return error;
}

// A trap inside a promise's continuation reaches nobody's catch.
addEventListener("error", (event) => judge(event.error));

/** Calls a synchronous export. A trap costs this call, and no other. */
export function call(body) {
  revive();
  try {
    return body(wasm);
  } catch (error) {
    throw judge(error);
  }
}

/** Awaits an asynchronous export; rejects at once if its instance ends meanwhile. */
export function callAsync(body) {
  revive();
  return new Promise((resolve, reject) => {
    waiting.add(reject);
    const settled = (settle) => (value) => {
      waiting.delete(reject);
      settle(value);
    };
    try {
      body(wasm).then(settled(resolve), settled((error) => reject(judge(error))));
    } catch (error) {
      settled(reject)(judge(error));
    }
  });
}

/** Something that lives in the instance, opened anew when the instance is another one. */
export class Handle {
  #open;
  #opened;
  #epoch = -1;

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
