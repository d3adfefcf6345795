import assert from "node:assert/strict";
import { verdictsJson, verdictsText } from "../../../lib/report/doctor/render_verdicts.ts";
import { verdicts } from "../../../lib/report/doctor/verdicts.ts";
import { type AttemptId, ATTEMPTS } from "../../../lib/verify/attempt_titles.ts";

const IDS = Object.keys(ATTEMPTS) as AttemptId[];

function said(reached: readonly AttemptId[] = [], ids: readonly string[] = IDS): string {
  return ids.map((id) => JSON.stringify({ id, reached: reached.some((one) => one === id), saw: "EPERM" }))
    .join("\n");
}

const NOTHING: ReadonlyMap<AttemptId, string> = new Map();

Deno.test("where every attempt was refused and the host has seen nothing, all held", () => {
  const judged = verdicts(said(), NOTHING);
  assert.deepEqual(judged.map(({ id }) => id), IDS);
  assert.ok(judged.every(({ result, saw }) => result === "held" && saw === "EPERM"));
});

Deno.test("what an attempt says of itself is a leak", () => {
  const leaked = verdicts(said(["mount"]), NOTHING).filter(({ result }) => result === "leaked");
  assert.deepEqual(leaked, [{ id: "mount", result: "leaked", saw: "EPERM" }]);
});

Deno.test("what the host has seen is a leak, whatever the attempt says", () => {
  const leaked = verdicts(said(), new Map([["udp", "it came"]])).filter(({ result }) => result === "leaked");
  assert.deepEqual(leaked, [{ id: "udp", result: "leaked", saw: "it came" }]);
});

Deno.test("an attempt without an answer is an error, and no verdict", () => {
  assert.throws(
    () => verdicts(said([], IDS.filter((id) => id !== "bpf")), NOTHING),
    /ended early, before bpf/,
  );
  assert.throws(() => verdicts("", NOTHING), /ended early/);
});

Deno.test("what is no reply is passed over: it is not an answer", () => {
  const noise = ["", "null", "[]", '{"id":"bpf"}', '{"id":"bpf","reached":"no","saw":""}', "\u001b[2J"].join(
    "\n",
  );
  assert.throws(
    () => verdicts(`${noise}\n${said([], IDS.filter((id) => id !== "bpf"))}`, NOTHING),
    /before bpf/,
  );
  assert.equal(verdicts(`${noise}\n${said()}`, NOTHING).length, IDS.length);
});

Deno.test("one line for each attempt, leaks by that name, and the count last", () => {
  const text = verdictsText(verdicts(said(["mount"]), NOTHING), "bubblewrap");
  const lines = text.split("\n");
  assert.equal(lines.length, IDS.length + 1);
  assert.equal(lines.filter((line) => /^leaked {2}mount a file system +EPERM$/.test(line)).length, 1);
  assert.equal(lines.filter((line) => line.startsWith("held    ")).length, IDS.length - 1);
  assert.match(lines.at(-1) ?? "", new RegExp(`^1 of ${IDS.length} LEAKED, in a sandbox of bubblewrap`));
  const clean = verdictsText(verdicts(said(), NOTHING), "bubblewrap");
  assert.match(clean, new RegExp(`\nall ${IDS.length} held, in a sandbox of bubblewrap$`));
});

Deno.test("the JSON form has its documented keys", () => {
  const { attempts, ...rest } = JSON.parse(verdictsJson(verdicts(said(["bpf"]), NOTHING), "bubblewrap"));
  assert.deepEqual(rest, { format: 1, backend: "bubblewrap", held: IDS.length - 1, leaked: 1 });
  assert.deepEqual(attempts[0], {
    id: "write-outside",
    result: "held",
    saw: "EPERM",
    attempt: ATTEMPTS["write-outside"],
  });
});

Deno.test("R1 what came from inside is escaped in both forms", () => {
  const evil = IDS.map((id) => JSON.stringify({ id, reached: false, saw: "\u001b[2J\u202e" })).join("\n");
  const judged = verdicts(evil, NOTHING);
  for (const text of [verdictsText(judged, "b"), verdictsJson(judged, "b")]) {
    assert.ok(!/\p{Cc}|\p{Cf}/u.test(text.replaceAll("\n", "")), text);
  }
});
