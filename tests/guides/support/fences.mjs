// Finds the commands in the fenced blocks of a Markdown document.
import { spawnSync } from "node:child_process";

const FENCE = /^```(\w*)\s*$/;
const NOT_RUN = /^<!-- not run: (.+) -->$/;
const PROMPT = "$ ";

/**
 * Returns the steps of a document in order: `{line, command, expected, reason}`. A block ```sh is one step. A block
 * ```console has a step for each prompt; the lines after its command are what it prints. `reason` says why the block
 * cannot be run here: it stands above the block as `<!-- not run: … -->`.
 */
export function steps(markdown) {
  const lines = markdown.split("\n");
  const found = [];
  for (let at = 0; at < lines.length; at += 1) {
    const [, language] = FENCE.exec(lines[at]) ?? [];
    if (language === undefined) continue;
    const begin = at + 1;
    const end = lines.indexOf("```", begin);
    if (end < 0) throw new Error(`line ${begin}: the block is not closed`);
    const [, reason] = NOT_RUN.exec(lines.slice(0, at).findLast((line) => line.trim() !== "") ?? "") ?? [];
    const body = lines.slice(begin, end);
    if (language === "sh") found.push({ line: begin + 1, command: body.join("\n"), expected: "", reason });
    if (language === "console") found.push(...prompts(body, begin + 1).map((step) => ({ ...step, reason })));
    at = end;
  }
  return found;
}

/** Splits a block at its prompts. */
function prompts(lines, firstLine) {
  const found = [];
  for (const [index, line] of lines.entries()) {
    const step = found.at(-1);
    if (line.startsWith(PROMPT)) found.push({ line: firstLine + index, command: line.slice(PROMPT.length), expected: "" });
    else if (!step) throw new Error(`line ${firstLine + index}: output without a command`);
    else if (!isComplete(step.command)) step.command += `\n${line}`;
    else step.expected += `${line}\n`;
  }
  return found;
}

/** Returns whether bash would run the text and not wait for another line. */
function isComplete(command) {
  if (command.endsWith("\\")) return false;
  return spawnSync("bash", ["-n"], { input: command }).status === 0;
}
