import assert from "node:assert/strict";
import { BETTER, NEEDED } from "../../../lib/report/doctor/bubblewrap_findings.ts";
import { diagnose } from "../../../lib/report/doctor/diagnose.ts";
import { CASES } from "./diagnose_cases.ts";
import { HEALTHY } from "./facts.ts";

Deno.test("on a host where nothing is missing every finding is ok, and has neither a cost nor a remedy", () => {
  const { findings, full, backend, missing } = diagnose(HEALTHY);
  assert.deepEqual(findings.filter(({ status }) => status !== "ok"), []);
  assert.deepEqual(findings.filter(({ cost, remedy }) => cost !== undefined || remedy !== undefined), []);
  assert.deepEqual([full, backend, missing], [true, "bubblewrap", undefined]);
});

for (const { name, change, finding, found, cost, remedy, full } of CASES) {
  Deno.test(`${name}: ${finding.id} is ${finding.status}, and the policy ${full ? "can" : "cannot"} be enforced`, () => {
    const diagnosis = diagnose({ ...HEALTHY, ...change });
    const got = diagnosis.findings.find(({ id }) => id === finding.id);
    assert.ok(got !== undefined, JSON.stringify(diagnosis.findings));
    assert.deepEqual({ ...got, ...finding }, got);
    assert.match(got.found, found ?? /./);
    if (got.status !== "ok") {
      assert.match(got.cost ?? "", cost ?? /./);
      assert.match(got.remedy ?? "", remedy ?? /./);
    }
    assert.equal(diagnosis.full, full);
    assert.equal(diagnosis.backend === undefined, !full);
    if (!full) assert.match(diagnosis.missing?.remedy ?? "", /./);
  });
}

const COSTS: readonly (readonly [abi: number, cost: RegExp | undefined, linux: string | undefined])[] = [
  [1, /moved or linked.*ABI 2.*truncate.*ABI 3.*TCP.*ABI 4.*ioctl.*ABI 5.*signals.*abstract.*ABI 6/, "6.12"],
  [2, /^no Landlock backend.*truncate.*TCP.*ioctl.*signals/, "6.12"],
  [3, /^no policy with hosts.*TCP.*ioctl.*signals/, "6.12"],
  [4, /^ioctl.*signals/, "6.12"],
  [5, /^signals/, "6.12"],
  [6, undefined, undefined],
  [9, undefined, undefined],
];

for (const [abi, cost, linux] of COSTS) {
  Deno.test(`Landlock of version ${abi} costs what the later ones up to 6 have brought`, () => {
    const { findings } = diagnose({ ...HEALTHY, landlock: { abi } });
    const finding = findings.find(({ id }) => id === "landlock");
    assert.equal(finding?.status, cost === undefined ? "ok" : "warning");
    if (cost === undefined) assert.equal(finding?.cost, undefined);
    else assert.match(finding?.cost ?? "", cost);
    assert.equal(finding?.remedy, linux === undefined ? undefined : `boot Linux ${linux} or later`);
  });
}

const FAILING = { wrong: "Cannot build the sandbox: refused", remedy: "allow them" };
const BACKENDS:
  readonly (readonly [bubblewrap: boolean, abi: number, backend: string | undefined, full: boolean])[] = [
    [true, 0, "bubblewrap", true],
    [true, 7, "bubblewrap", true],
    [false, 7, "landlock", true],
    [false, 6, "landlock", true],
    [false, 5, "landlock", false],
    [false, 3, "landlock", false],
    [false, 2, undefined, false],
    [false, 0, undefined, false],
  ];

for (const [bubblewrap, abi, backend, full] of BACKENDS) {
  const has = `bubblewrap ${bubblewrap ? "works" : "fails"} and Landlock is ${
    abi === 0 ? "absent" : `of version ${abi}`
  }`;
  Deno.test(`where ${has}, runs use ${backend ?? "nothing"}, in full: ${full}`, () => {
    const probe = bubblewrap ? { env: true, proc: true } : FAILING;
    const got = diagnose({ ...HEALTHY, probe, landlock: { abi } });
    assert.deepEqual([got.backend, got.full], [backend, full]);
    assert.equal(got.missing === undefined, full);
    if (full) return;
    assert.match(got.missing?.remedy ?? "", /allow them/);
    assert.match(got.missing?.remedy ?? "", /Linux 6\.(2|12) or later/);
  });
}

Deno.test("on macOS nothing of Linux is spoken of, and there is no backend yet", () => {
  const { findings, full, missing } = diagnose({ ...HEALTHY, os: "darwin", seatbelt: true });
  const ids = findings.map(({ id }) => id);
  assert.deepEqual(ids, ["kernel", "sandbox-exec", "deno", "permissions", "directories"]);
  assert.equal(full, false);
  assert.match(missing?.wrong ?? "", /darwin/);
});

Deno.test("macOS without sandbox-exec is told of it", () => {
  const { findings } = diagnose({ ...HEALTHY, os: "darwin", seatbelt: false });
  assert.equal(findings.find(({ id }) => id === "sandbox-exec")?.status, "missing");
});

Deno.test("every option of bubblewrap that a plan can ask for is looked for", () => {
  const source = new URL("../../../lib/plan/bwrap_arguments.ts", import.meta.url);
  const used = [...Deno.readTextFileSync(source).matchAll(/"(--[a-z-]{2,})"/g)].map((match) =>
    match[1] ?? ""
  );
  assert.deepEqual([...new Set(used)].sort(), [...NEEDED, ...BETTER].sort());
});
