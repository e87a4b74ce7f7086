// Keeps the newest snapshot that any instance has received, so that the next instance need not request it.

let text;
let version = -1;

/** Keeps a snapshot that an instance has received, unless a newer one is kept already. */
export function keep(instance, newText, newVersion) {
  if (newVersion <= version) return;
  text = newText;
  version = newVersion;
  instance.snapshot = newText;
}

/** Passes the newest snapshot to an instance, unless it has that one. */
export function bring(instance) {
  if (instance.snapshot === text) return;
  instance.exports.adopt_snapshot(text);
  instance.snapshot = text;
}
