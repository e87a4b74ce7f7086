// Keeps the newest snapshot that any instance has found, so that the next instance need not ask for it.

let text;
let version = -1;

/** Keeps what an instance has found. */
export function keep(instance, found, itsVersion) {
  if (itsVersion <= version) return;
  text = found;
  version = itsVersion;
  instance.snapshot = found;
}

/** Gives an instance the newest snapshot, if it has another. */
export function bring(instance) {
  if (instance.snapshot === text) return;
  instance.exports.adopt_snapshot(text);
  instance.snapshot = text;
}
