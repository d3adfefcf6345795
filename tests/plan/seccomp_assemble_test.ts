import assert from "node:assert/strict";
import { assemble, type Statement } from "../../lib/plan/seccomp/assemble.ts";
import { jumpIfEqual, load, mark, verdict } from "../../lib/plan/seccomp/statements.ts";
import { disassemble, interpret } from "./seccomp_interpreter.ts";

const filler = (count: number): Statement[] => Array.from({ length: count }, () => load(0));

Deno.test("instructions are little-endian struct sock_filter", () => {
  const program = assemble([
    jumpIfEqual(0x01020304, "end", "next"),
    mark("next"),
    load(4),
    mark("end"),
    verdict(7),
  ]);
  assert.deepEqual([...program], [
    ...[0x15, 0, 1, 0, 4, 3, 2, 1],
    ...[0x20, 0, 0, 0, 4, 0, 0, 0],
    ...[0x06, 0, 0, 0, 7, 0, 0, 0],
  ]);
});

Deno.test("a jump without a label falls through", () => {
  const program = assemble([load(0), jumpIfEqual(1, "one"), verdict(20), mark("one"), verdict(10)]);
  assert.equal(interpret(program, { arch: 0, number: 1 }), 10);
  assert.equal(interpret(program, { arch: 0, number: 2 }), 20);
});

Deno.test("a jump of 255 instructions is assembled, one of 256 refused", () => {
  const jumpOver = (count: number) =>
    assemble([jumpIfEqual(0, "far"), ...filler(count), mark("far"), verdict(0)]);
  assert.match(disassemble(jumpOver(255), new Map()), /^0: equal 0 \? 256 : 1\n/);
  assert.throws(() => jumpOver(256), /jump of 256 to "far"/);
});

Deno.test("backward jumps, unknown labels, labels given twice and labels at the end are refused", () => {
  assert.throws(
    () => assemble([mark("back"), load(0), jumpIfEqual(0, "back"), verdict(0)]),
    /jump of -2 to "back"/,
  );
  assert.throws(() => assemble([jumpIfEqual(0, "nowhere"), verdict(0)]), /"nowhere" is not defined/);
  assert.throws(() => assemble([mark("a"), mark("a"), verdict(0)]), /"a" is defined twice/);
  assert.throws(() => assemble([jumpIfEqual(0, "end"), mark("end")]), /jump of 0 to "end"/);
});

Deno.test("4096 instructions are assembled, 4097 refused", () => {
  assert.equal(assemble(filler(4096)).length, 4096 * 8);
  assert.throws(() => assemble(filler(4097)), /4097 instructions are above 4096/);
});
