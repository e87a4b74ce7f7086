// Compares what a command printed with what a document says that it prints.

/** What differs between two runs, in the order in which it is looked for. */
const VARIABLE = [
  /\b[a-z]{3}_[0-9a-v]{26}\b/, // ids
  /\bE[A-Za-z0-9_-]{39}\b/, // click ids
  /\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/, // instants
  /\b\d{4}-\d\d-\d\d\b/, // days
];
const TOKEN = new RegExp(`(…|\\s+|${VARIABLE.map((pattern) => pattern.source).join("|")})`);

/** Returns a pattern of the output: `…` stands for anything, blanks for any blanks, and an id or a time for any other. */
export function pattern(expected) {
  const parts = expected.trim().split(TOKEN).map((part) => {
    if (part === "…") return "[\\s\\S]*?";
    if (/^\s+$/.test(part)) return "\\s*";
    const variable = VARIABLE.find((form) => new RegExp(`^(?:${form.source})$`).test(part));
    return variable?.source ?? RegExp.escape?.(part) ?? part.replaceAll(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
  });
  return new RegExp(`^\\s*${parts.join("")}\\s*$`);
}
