import assert from "node:assert/strict";
import { StartTrace } from "../../lib/report/start_trace.ts";

interface Line {
  readonly text: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

function told(trace: StartTrace): Line[] {
  const lines: Line[] = [];
  trace.tell({ say: (text, fields = {}) => lines.push({ text, fields }) });
  return lines;
}

Deno.test("a trace has a line for each phase: milliseconds since the first, since the one before, its name", () => {
  const trace = new StartTrace(performance.now(), undefined);
  trace.mark("flags parsed");
  trace.mark("tree checked");
  const lines = told(trace);
  assert.deepEqual(lines.map(({ fields }) => fields["phase"]), [
    "runtime up",
    "modules loaded",
    "flags parsed",
    "tree checked",
  ]);
  for (const { text, fields } of lines) {
    const [, since = "", phase] = /^ *(\d+\.\d) ms +\+\d+\.\d {2}(.+)$/.exec(text) ?? [];
    assert.equal(phase, fields["phase"]);
    assert.equal(Number(fields["milliseconds"]).toFixed(1), since);
  }
  const times = lines.map(({ fields }) => Number(fields["milliseconds"]));
  assert.deepEqual(times, times.toSorted((a, b) => a - b));
  assert.equal(times[0], 0);
});

Deno.test("a trace begins with the start script where that has told when it began", () => {
  const begun = BigInt(Math.round(performance.timeOrigin * 1000)) * 1000n - 2_500_000n;
  const [first, second] = told(new StartTrace(performance.now(), String(begun)));
  assert.equal(first?.fields["phase"], "start script begun");
  assert.equal(first?.fields["milliseconds"], 0);
  assert.match(second?.text ?? "", /^ *2\.5 ms +\+2\.5 {2}runtime up$/);
});

Deno.test("a trace does without what date(1) without %N prints", () => {
  for (const begun of ["", "1700000000N", "1700000000%N", "-1", "abc"]) {
    assert.equal(told(new StartTrace(0, begun))[0]?.fields["phase"], "runtime up", begun);
  }
});
