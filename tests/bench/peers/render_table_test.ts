import assert from "node:assert/strict";
import { renderTable } from "../../../bench/peers/render_table.ts";

Deno.test("a table has a head, a rule and a line a row", () => {
  assert.equal(
    renderTable(["", "a", "b"], [["start", "1 ms", "2 ms"], ["memory", "3 MiB", "-"]]),
    "|  | a | b |\n| --- | --: | --: |\n| start | 1 ms | 2 ms |\n| memory | 3 MiB | - |",
  );
});

Deno.test("what a cell holds cannot break the table", () => {
  assert.equal(renderTable(["a", "b"], [["x|y", "one\n  two"]]).split("\n").at(-1), "| x\\|y | one two |");
});
