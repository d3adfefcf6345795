import assert from "node:assert/strict";
import { makePlan } from "../../../lib/plan/make_plan.ts";
import type { Policy } from "../../../lib/policy/policy.ts";
import { TomboloError } from "../../../lib/report/tombolo_error.ts";
import { FakeTree, hostFacts, pathPolicy } from "../facts.ts";
import { profileOf, rulesOf, simulateSeatbelt } from "../seatbelt_view.ts";
import { macPlan, type MacScene } from "./mac_plan.ts";

function refused(given: MacScene, message: RegExp): TomboloError {
  try {
    macPlan(given);
  } catch (error) {
    assert.ok(error instanceof TomboloError, String(error));
    assert.match(error.message, message);
    return error;
  }
  return assert.fail(`not refused: ${message}`);
}

const rule = { text: "x", origin: "--allow-net" };
const NET: Partial<Policy> = { net: { allow: [], deny: [], allowAll: rule, resolve: new Map() } };
Deno.test("trustd is refused where there is none", () => {
  const policy = pathPolicy({ readAllow: ["/"] }, { trustd: { text: "trustd", origin: "--allow-trustd" } });
  const facts = hostFacts({ tree: new FakeTree(["/tmp/", "/run/", "/dev/", "/proc/"]), policy });
  const request = {
    command: ["true"],
    environment: new Map(),
    cwdNamed: false,
    runtime: { deno: "/deno", stage2: "/stage2.js" },
  };
  assert.throws(
    () => makePlan(policy, facts, request),
    /Cannot allow trustd \(--allow-trustd\): only macOS has it/,
  );
});

Deno.test("what macOS cannot hold is refused with what helps", () => {
  const limit = { text: "5", origin: "--max", value: 5 };
  const rows: readonly (readonly [Partial<Policy>, RegExp])[] = [
    [{ limits: { memory: limit } }, /Cannot limit memory to 5 \(--max\): macOS does not hold/],
    [
      { limits: { processes: limit } },
      /Cannot limit processes to 5 \(--max\): macOS counts all processes of a user/,
    ],
    [
      { limits: { fileSize: { ...limit, value: 1025 } } },
      /Cannot limit file size to 5 \(--max\): it is counted in blocks/,
    ],
  ];
  for (const [policy, message] of rows) assert.notEqual(refused({ policy }, message).remedy, undefined);
  const limits = { cpuTime: limit, openFiles: limit, fileSize: { ...limit, value: 2048 }, wallTime: limit };
  assert.deepEqual(rulesOf(macPlan({ policy: { limits } })).limits, {
    cpuTime: 5,
    openFiles: 5,
    fileSize: 2048,
  });
});

Deno.test("a port cannot be published", () => {
  const { net } = macPlan({ policy: NET });
  const publish = [{
    text: "8080:80",
    origin: "--publish",
    address: {} as never,
    hostPort: 8080,
    innerPort: 80,
  }];
  refused({ policy: { net: { ...net, publish } } }, /Cannot publish "8080:80" \(--publish\)/);
});

Deno.test("a hidden working directory is an error, or the root where nothing is shown", () => {
  refused({ rules: { readAllow: ["/usr"] } }, /Cannot use working directory "\/Users\/ann\/work"/);
  const none: MacScene = { rules: {}, policy: { base: "none" } };
  assert.equal(macPlan(none).cwd, "/");
  refused({ ...none, cwdNamed: true }, /Cannot use working directory/);
});

Deno.test("variables that the starting shell would read are left out, and that is said", () => {
  const odd = [
    "ENV",
    "BASH_ENV",
    "SHELLOPTS",
    "PS4",
    "IFS",
    "a-b",
    "BASH_FUNC_x%%",
    "MallocLogFile",
    "TOMBOLO_X",
  ];
  const plain = ["PATH", "NODE_OPTIONS", "LD_PRELOAD", "SSL_CERT_FILE", "LC_ALL"];
  const environment = new Map([...odd, ...plain, "_"].map((name) => [name, "x"]));
  const plan = macPlan({ environment });
  assert.deepEqual([...plan.environment.keys()], plain);
  assert.match(plan.notices.join("\n"), /not passed on.*"ENV", "BASH_ENV".*"a-b"/);
  assert.deepEqual(macPlan({ environment: new Map([["PATH", "x"]]) }).notices, []);
});

Deno.test("more paths than the system takes arguments are refused, thousands are not", () => {
  const denied = (count: number) =>
    Array.from({ length: count }, (_, index) => `/Users/ann/work/src/a/rather/long/path/to/file-${index}`);
  const planned = (count: number) => {
    const readDeny = denied(count);
    return macPlan({
      rules: { readAllow: ["/"], writeAllow: ["/Users/ann/work"], readDeny },
      files: readDeny,
    });
  };
  const simulator = simulateSeatbelt(planned(3000));
  assert.equal(simulator.see("/Users/ann/work/src/a/rather/long/path/to/file-2999"), "none");
  assert.throws(
    () => profileOf(planned(9000)),
    /Cannot guard \d+ paths one by one/,
  );
});
