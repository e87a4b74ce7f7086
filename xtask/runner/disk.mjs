// Says that a disk is full, for logs in which the Worker, workerd or Node.js reports it in other words (xtask/src/disk.rs).
const SAYINGS = /no space left on device|ENOSPC|SQLITE_FULL|database or disk is full|disk quota exceeded/i;

/** Returns a sentence that names `directory` if a message says that a disk is full. */
export function explainFullDisk(message, directory) {
  if (!SAYINGS.test(message)) return undefined;
  return `error: no space is left on the disk of ${directory}: free some, then run the command again`;
}
