import assert from "node:assert/strict";
import fc from "fast-check";
import { SafePath } from "../../lib/paths/safe_path.ts";
import { pathDecider } from "../../lib/policy/decide_path.ts";
import { CheckedTree } from "../../lib/worker/checked_tree.ts";
import { encodeFrame, frameLength } from "../../lib/worker/frame.ts";
import { checkRequest } from "../../lib/worker/request_schema.ts";
import { serve } from "../../lib/worker/serve.ts";

/** Serves some bytes, which come in pieces, in an empty directory; returns the answers. */
function answersTo(root: string, bytes: Uint8Array, piece: number): Record<string, unknown>[] {
  const path = SafePath.of(root);
  const rule = { text: ".", origin: "test", path, optional: false };
  const tree = new CheckedTree(path, pathDecider({ allow: [rule], deny: [] }, { allow: [], deny: [] }, []));
  let at = 0;
  const input = {
    readSync(buffer: Uint8Array) {
      const count = Math.min(piece, buffer.length, bytes.length - at);
      buffer.set(bytes.subarray(at, at + count));
      at += count;
      return count === 0 ? null : count;
    },
  };
  const output: number[] = [];
  // A pipe takes what it has room for.
  const sink = {
    writeSync: (some: Uint8Array) => output.push(...some.subarray(0, 1000)) && Math.min(some.length, 1000),
  };
  serve({ tree, environment: {} }, input, sink, checkRequest);
  return split(Uint8Array.from(output));
}

function split(bytes: Uint8Array): Record<string, unknown>[] {
  const answers: Record<string, unknown>[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = frameLength(bytes.subarray(at));
    const answer = JSON.parse(new TextDecoder().decode(bytes.subarray(at + 4, at + 4 + length)));
    answers.push(answer);
    at += 4 + length + Number(answer.payload ?? 0);
  }
  return answers;
}

const REQUESTS = fc.constantFrom(
  { kind: "ping" },
  { kind: "read", path: "." },
  { kind: "list", path: "../.." },
  { kind: "glob", pattern: "**" },
  { kind: "grep", pattern: "(a*)*" },
  { kind: "write", path: "x", payload: 0 },
  { kind: "get_env", names: ["A"] },
);

Deno.test("whatever bytes come, in whatever pieces, serving ends in order and every answer is well formed", async () => {
  const root = await Deno.realPath(await Deno.makeTempDir({ prefix: "tombolo-worker." }));
  try {
    const good = REQUESTS.map((request) => encodeFrame(request) ?? new Uint8Array(0));
    const bad = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.jsonValue().map((value) => encodeFrame({ kind: "read", path: value }) ?? new Uint8Array(0)),
      fc.jsonValue().map((value) => encodeFrame([value]) ?? new Uint8Array(0)),
    );
    fc.assert(fc.property(
      fc.array(fc.oneof(good, bad), { maxLength: 12 }),
      fc.integer({ min: 1, max: 70_000 }),
      (frames, piece) => {
        const bytes = Uint8Array.from(frames.flatMap((frame) => [...frame]));
        for (const answer of answersTo(root, bytes, piece)) assert.equal(typeof answer["kind"], "string");
      },
    ));
    assert.deepEqual(Array.from(Deno.readDirSync(root)), []);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});

Deno.test("requests that come all at once are answered one by one, in order", async () => {
  const root = await Deno.realPath(await Deno.makeTempDir({ prefix: "tombolo-worker." }));
  try {
    const frames = [{ kind: "ping" }, { kind: "list", path: "." }, { kind: "no" }, { kind: "shutdown" }, {
      kind: "ping",
    }];
    const bytes = Uint8Array.from(frames.flatMap((frame) => [...encodeFrame(frame) ?? []]));
    const kinds = answersTo(root, bytes, 3).map(({ kind }) => kind);
    assert.deepEqual(kinds, ["pong", "list", "error", "pong"]);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});
