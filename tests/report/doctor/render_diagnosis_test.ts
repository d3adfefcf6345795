import assert from "node:assert/strict";
import { diagnose } from "../../../lib/report/doctor/diagnose.ts";
import { diagnosisJson, diagnosisText } from "../../../lib/report/doctor/render_diagnosis.ts";
import { HEALTHY } from "./facts.ts";

const TROUBLE = { wrong: "Cannot find bwrap", remedy: "apt install bubblewrap" };
const { probe: _, ...WITHOUT_PROBE } = HEALTHY;
const SICK = { ...WITHOUT_PROBE, bwrap: TROUBLE, landlock: { abi: 0, errno: 38 } };

Deno.test("every finding is a line that begins with its status; cost and remedy follow, the verdict is last", () => {
  const lines = diagnosisText(diagnose(SICK)).split("\n");
  const at = lines.findIndex((line) => /^missing +bwrap +Cannot find bwrap$/.test(line));
  assert.notEqual(at, -1, lines.join("\n"));
  assert.match(lines[at + 1] ?? "", /^ +costs: bubblewrap builds no sandbox$/);
  assert.match(lines[at + 2] ?? "", /^ +to do: apt install bubblewrap$/);
  assert.match(
    lines.at(-1) ?? "",
    /^no sandbox can be built.*Cannot find bwrap; and Landlock.*; apt install bubblewrap; or Linux/,
  );
});

Deno.test("the last line names the backend that runs use", () => {
  assert.match(diagnosisText(diagnose(HEALTHY)), /\nruns use bubblewrap; the default policy .* in full$/);
  const { probe: _, ...rest } = HEALTHY;
  const without = diagnosisText(diagnose({ ...rest, bwrap: TROUBLE }));
  assert.match(without, /\nruns use landlock \(.*\); the default policy .* in full$/);
  const weaker = diagnosisText(diagnose({ ...rest, bwrap: TROUBLE, landlock: { abi: 5 } }));
  assert.match(weaker, /\nruns use landlock .* not enforced in full: .*signals.*; boot Linux 6\.12/);
});

Deno.test("the JSON form has its documented keys, and none for what is not missing", () => {
  const healthy = JSON.parse(diagnosisJson(diagnose(HEALTHY), "1.2.3"));
  assert.deepEqual(Object.keys(healthy), ["format", "tombolo", "backend", "full", "findings"]);
  assert.deepEqual([healthy.format, healthy.tombolo, healthy.backend, healthy.full], [
    1,
    "1.2.3",
    "bubblewrap",
    true,
  ]);
  const sick = JSON.parse(diagnosisJson(diagnose(SICK), "1.2.3"));
  assert.deepEqual([sick.backend, sick.full, Object.keys(sick.missing)], [null, false, ["wrong", "remedy"]]);
});

Deno.test("R1 what the host's files hold is escaped in both forms", () => {
  const evil = "unconfined\u001b[2J\u202e";
  const facts = { ...HEALTHY, evidence: { ...HEALTHY.evidence, settings: new Map([["profile", evil]]) } };
  for (const text of [diagnosisText(diagnose(facts)), diagnosisJson(diagnose(facts), "1")]) {
    assert.ok(!/\p{Cc}|\p{Cf}/u.test(text.replaceAll("\n", "")), text);
    assert.match(text, /\[2J/);
  }
});
