// Each marketplace's whole life, told in every way (support/lives.mjs), in workerd.
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { tell } from "./support/lives.mjs";

const LIVES = new URL("lives/", import.meta.url);

for (const file of readdirSync(LIVES).sort()) {
  const { default: life } = await import(new URL(file, LIVES));
  test(`a customer of ${life.marketplace} ends in the same ledger, whatever comes first, and however often`, (t) => tell(t, life));
}
