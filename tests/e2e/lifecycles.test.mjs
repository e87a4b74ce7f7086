// The lifecycle of a customer on each marketplace, with its callbacks in several orders, in workerd
// (support/lifecycles.mjs).
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { play } from "./support/lifecycles.mjs";

const LIFECYCLES = new URL("lifecycles/", import.meta.url);

for (const file of readdirSync(LIFECYCLES).sort()) {
  const { default: lifecycle } = await import(new URL(file, LIFECYCLES));
  test(`a customer of ${lifecycle.marketplace} leads to the same ledger in every order of callbacks`, (t) => play(t, lifecycle));
}
