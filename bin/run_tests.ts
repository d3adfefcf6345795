/**
 * Runs format check, lint, type check and the tests; with arguments only the tests that they choose. The last line
 * is `N passed, N failed`, and `, N skipped` where tests were ignored.
 */
import { join } from "node:path";
import process from "node:process";

const root = join(import.meta.dirname ?? ".", "..");

/** What one `deno test` run came to. */
interface Outcome {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** `FILE: NAME` of every ignored test, where all tests were asked for: the report counts a filtered test as ignored. */
  readonly ignored: readonly string[];
}

async function succeeds(...args: string[]): Promise<boolean> {
  const { success } = await new Deno.Command(Deno.execPath(), { args, cwd: root }).spawn().status;
  if (!success) console.log(`bin/test: deno ${args.join(" ")} failed`);
  return success;
}

/** The names of the ignored tests and steps in a JUnit report. */
function ignoredTests(junit: string): string[] {
  const entities: Record<string, string> = {
    "&lt;": "<",
    "&gt;": ">",
    "&quot;": '"',
    "&apos;": "'",
    "&amp;": "&",
  };
  const plain = (text = "") =>
    text.replace(/&(?:lt|gt|quot|apos|amp);/g, (entity) => entities[entity] ?? entity);
  const cases = junit.matchAll(/<testcase name="([^"]*)" classname="([^"]*)"[^>]*>\s*<skipped/g);
  return Array.from(cases, ([, name, file]) => `${plain(file).replace(/^\.\//, "")}: ${plain(name)}`);
}

/** Deno's JUnit report knows neither errors outside of tests nor modules that do not load; its last line does. */
function countOf(output: string, what: string): number {
  // deno-lint-ignore no-control-regex
  const text = output.replace(/\x1b\[[0-9;]*m/g, "");
  const summary = text.split("\n").findLast((line) => /^(?:ok|FAILED) \| \d+ passed/.test(line)) ?? "";
  return Number(new RegExp(`(\\d+) ${what}`).exec(summary)?.[1] ?? 0);
}

async function runTests(args: readonly string[]): Promise<Outcome> {
  const report = await Deno.makeTempFile({ dir: join(root, ".cache"), prefix: "junit." });
  try {
    const child = new Deno.Command(Deno.execPath(), {
      args: ["test", "--quiet", "--allow-all", "--parallel", `--junit-path=${report}`, ...args],
      cwd: root,
      env: { DENO_JOBS: Deno.env.get("DENO_JOBS") ?? "2" },
      stdout: "piped",
    }).spawn();
    let output = "";
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
      output += text;
      process.stdout.write(text);
    }
    const { success } = await child.status;
    const failed = countOf(output, "failed");
    return {
      passed: countOf(output, "passed"),
      failed: success ? failed : Math.max(failed, 1),
      skipped: countOf(output, "ignored"),
      ignored: args.length === 0 ? ignoredTests(await Deno.readTextFile(report)) : [],
    };
  } finally {
    await Deno.remove(report);
  }
}

/** The ignored tests that tests/expected_ignores.txt does not list. */
async function unexpected(ignored: readonly string[]): Promise<string[]> {
  const list = await Deno.readTextFile(join(root, "tests", "expected_ignores.txt"));
  const expected = new Set(
    list.split("\n").map((line) => line.trim()).filter((line) => line && !line.startsWith("#")),
  );
  return ignored.filter((test) => !expected.has(test));
}

let failedChecks = 0;
if (Deno.args.length === 0) {
  if (!await succeeds("fmt", "--check", "--quiet")) failedChecks++;
  if (!await succeeds("lint", "--quiet")) failedChecks++;
  if (!await succeeds("check", "--quiet")) failedChecks++;
}
const { passed, failed, skipped, ignored } = await runTests(Deno.args);

const isCi = Boolean(Deno.env.get("CI"));
const surprises = await unexpected(ignored);
for (const test of surprises) {
  console.log(`bin/test: ${isCi ? "not in tests/expected_ignores.txt, so a failure" : "ignored"}: ${test}`);
}
const refused = isCi ? surprises.length : 0;
const failures = failed + failedChecks + refused;
const skips = skipped - refused;
console.log(`${passed} passed, ${failures} failed${skips > 0 ? `, ${skips} skipped` : ""}`);
if (failures > 0) Deno.exit(1);
