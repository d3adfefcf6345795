import assert from "node:assert/strict";
import { treeMemory } from "../../../bench/peers/tree_memory.ts";

/** A mapping as /proc/PID/smaps shows it; inode 0 is memory without a file. */
function mapping(inode: number, rss: number, pss: number, anonymous: number): string {
  return `7f0000000000-7f0000001000 r-xp 00000000 fe:00 ${inode}  ${inode === 0 ? "[heap]" : "/usr/bin/x"}
Size:               9999 kB
Rss:                ${rss} kB
Pss:                ${pss} kB
Pss_Dirty:             1 kB
Anonymous:          ${anonymous} kB
VmFlags: rd ex mr mw me`;
}

const memory = (...processes: string[][]) =>
  treeMemory(processes.map((mappings) => mappings.join("\n"))) / 1024;

Deno.test("memory without a file counts by its proportion", () => {
  assert.equal(memory([mapping(0, 100, 100, 100)], [mapping(0, 60, 30, 60)]), 130);
});

Deno.test("a file that processes outside map as well counts in full", () => {
  assert.equal(memory([mapping(5, 100, 25, 0)]), 100);
});

Deno.test("a file that only the tree maps counts once", () => {
  assert.equal(memory([mapping(5, 100, 50, 0)], [mapping(5, 100, 50, 0)]), 100);
  assert.equal(memory([mapping(5, 100, 80, 0)], [mapping(5, 80, 60, 0)]), 140);
});

Deno.test("several mappings of a file are one, and other files are apart", () => {
  assert.equal(memory([mapping(5, 40, 10, 0), mapping(5, 60, 15, 0), mapping(6, 7, 1, 0)]), 107);
});

Deno.test("pages of a file's mapping that were written to belong to their process", () => {
  assert.equal(memory([mapping(5, 100, 60, 20)], [mapping(5, 100, 60, 20)]), 120);
});
