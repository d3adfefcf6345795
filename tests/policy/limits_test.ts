import assert from "node:assert/strict";
import fc from "fast-check";
import { LIMIT_NAMES, type LimitName } from "../../lib/policy/limits.ts";
import { parseLimits } from "../../lib/policy/parse_limits.ts";
import type { PolicySource } from "../../lib/policy/policy_source.ts";
import { parseSize } from "../../lib/policy/size.ts";
import { TomboloError } from "../../lib/report/tombolo_error.ts";

function source(name: LimitName, text: string, origin = "--flag"): PolicySource {
  return { limits: { [name]: { text, origin, base: "/" } } };
}

function refused(name: LimitName, text: string, message: RegExp): void {
  assert.throws(
    () => parseLimits([source(name, text)]),
    (error) =>
      error instanceof TomboloError && error.kind === "policy" && error.message.includes("--flag") &&
      message.test(error.message) && !/\p{Cc}/u.test(error.message),
    `${name} ${text}`,
  );
}

Deno.test("a size is bytes, or a number with a unit of 1024 or of 1000", () => {
  const rows: readonly (readonly [string, number])[] = [
    ["4096", 4096],
    ["1", 1],
    ["4096B", 4096],
    ["1KB", 1000],
    ["1KiB", 1024],
    ["512MiB", 512 * 1024 ** 2],
    ["1MB", 1e6],
    ["1GB", 1e9],
    ["2GiB", 2 * 1024 ** 3],
    ["2 GiB", 2 * 1024 ** 3],
    ["1.5GiB", 1.5 * 1024 ** 3],
    ["1TB", 1e12],
    ["1TiB", 1024 ** 4],
    ["1gib", 1024 ** 3],
    ["9007199254740991", Number.MAX_SAFE_INTEGER],
  ];
  for (const [text, bytes] of rows) assert.equal(parseSize(text, "--flag"), bytes, text);
});

Deno.test("a size that is none, nothing or beyond all is refused", () => {
  const odd = [
    "",
    "MiB",
    "1G",
    "1M",
    "5PiB",
    "-1",
    "+1",
    "1.5",
    "1e9",
    "0x10",
    "1,5GB",
    "1\n",
    "\x1b",
    "\u0661",
  ];
  for (const text of odd) refused("fileSize", text, /Cannot parse size .*512MiB/);
  for (const text of ["0", "0MiB", "0.0001KB", "9007199254740992", "99999999999999999TiB"]) {
    refused("fileSize", text, /Cannot use size .* between 1 byte and 8 PiB/);
  }
});

Deno.test("any text is a size of at least one byte, or refused", () => {
  fc.assert(fc.property(fc.string(), (text) => {
    try {
      const bytes = parseSize(text, "--flag");
      assert.ok(Number.isSafeInteger(bytes) && bytes > 0);
    } catch (error) {
      assert.ok(error instanceof TomboloError);
    }
  }));
});

Deno.test("each limit is read in its own unit, with its text and origin", () => {
  const texts: Readonly<Record<LimitName, readonly [string, number]>> = {
    wallTime: ["1.5s", 1500],
    cpuTime: ["2m", 120],
    memory: ["1MiB", 1024 ** 2],
    openFiles: ["4", 4],
    processes: ["1", 1],
    fileSize: ["1", 1],
  };
  const limits = parseLimits(LIMIT_NAMES.map((name) => source(name, texts[name][0])));
  for (const name of LIMIT_NAMES) {
    assert.deepEqual(limits[name], { text: texts[name][0], origin: "--flag", value: texts[name][1] });
  }
});

Deno.test("of several sources the last that sets a limit counts, and the others are not even looked at", () => {
  const limits = parseLimits([
    source("memory", "nonsense", "a.json:1"),
    source("memory", "2GiB", "b.json:2"),
    source("openFiles", "64", "b.json:3"),
    {},
  ]);
  assert.deepEqual(Object.keys(limits).sort(), ["memory", "openFiles"]);
  assert.equal(limits.memory?.origin, "b.json:2");
  assert.deepEqual(parseLimits([{}, {}]), {});
});

Deno.test("a limit that leaves nothing to run with, or that no kernel has, is refused", () => {
  refused("memory", "1048575", /memory.*nothing starts with less than 1MiB/);
  refused("openFiles", "3", /open files.*nothing starts with less than 4/);
  refused("openFiles", "2147483648", /the most is 2147483647/);
  refused("processes", "0", /processes.*nothing starts with less than 1/);
  refused("processes", "4194305", /the most is 4194304/);
  for (const text of ["", "-1", "1.5", "1e3", "many", " 5", "99999999999999999999"]) {
    refused("processes", text, /Cannot parse number/);
  }
  refused("cpuTime", "500ms", /whole seconds/);
  refused("cpuTime", "1.5s", /whole seconds/);
  refused("cpuTime", "0s", /between 1ms and 24 days/);
  refused("cpuTime", "10", /Cannot parse duration/);
});
