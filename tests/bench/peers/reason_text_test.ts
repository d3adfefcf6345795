import assert from "node:assert/strict";
import { reasonText } from "../../../bench/peers/reason_text.ts";

const cases: readonly [reason: string, cell: string][] = [
  ["ripgrep (rg) not found", "- (ripgrep (rg) not found)"],
  ["bwrap: execvp /home/jane/x/y: No such file", "- (bwrap: execvp ...: No such file)"],
  ['cannot open "/etc/a b"', '- (cannot open "... b")'],
  ["path=/opt/x, and ('/opt/y')", "- (path=..., and ('...'))"],
  ["GET http://127.0.0.1:80/x and 3/4 of a/b", "- (GET http://127.0.0.1:80/x and 3/4 of a/b)"],
  ["Error: socat not installed", "- (socat not installed)"],
  ["two\n   lines ", "- (two lines)"],
];

for (const [reason, cell] of cases) {
  Deno.test(`the reason ${JSON.stringify(reason)} is one line without paths`, () => {
    assert.equal(reasonText(reason), cell);
  });
}

Deno.test("a long reason is cut", () => {
  assert.equal(reasonText("x".repeat(121)), `- (${"x".repeat(117)}...)`);
  assert.equal(reasonText("x".repeat(120)), `- (${"x".repeat(120)})`);
});
