// The shell in which a reader pastes the commands of all documents, one after the other.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";

/** Commands that hang end after this many seconds. */
const MAX_SECONDS = 60;

// A refused request fails its command even if the document does not ask curl for that, and cargo runs the program that
// is already built. A step fails if any of its commands does, as it would with `set -e`, which would end the shell.
const preamble = (xtask) => `
curl() { command curl --fail-with-body --max-time ${MAX_SECONDS} "$@"; }
cargo() { if [ "$1" = xtask ]; then shift; '${xtask}' "$@"; else command cargo "$@"; fi; }
set -o pipefail -o errtrace
trap 'failed=$?' ERR
`;

export class Session {
  #shell;
  #scratch;
  #count = 0;

  /** Starts a shell in the reader's directory. What the shell stores for itself goes to `scratch`. */
  static async start({ directory, scratch, xtask }) {
    const session = new Session();
    await mkdir(scratch, { recursive: true });
    session.#scratch = scratch;
    session.#shell = spawn("bash", ["--noprofile", "--norc"], { cwd: directory, stdio: ["pipe", "pipe", "inherit"] });
    session.#shell.stdout.setEncoding("utf8");
    session.#shell.stdin.write(preamble(xtask));
    return session;
  }

  /** Runs a command, and returns its exit status and what it printed. */
  async run(command) {
    const base = path.join(this.#scratch, String((this.#count += 1)));
    await writeFile(`${base}.sh`, command);
    const ended = once(this.#shell.stdout, "data");
    // The command runs in this shell and not in a new one, because later commands use its variables.
    this.#shell.stdin.write(`failed=0; . '${base}.sh' >'${base}.out' 2>'${base}.err' </dev/null; echo "$failed"\n`);
    const [status] = await ended;
    const [output, errors] = await Promise.all([readFile(`${base}.out`, "utf8"), readFile(`${base}.err`, "utf8")]);
    return { status: Number(status), output, errors };
  }

  async end() {
    const exited = once(this.#shell, "exit");
    this.#shell.stdin.end();
    await exited;
  }
}
