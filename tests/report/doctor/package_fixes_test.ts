import assert from "node:assert/strict";
import { openAdvisories } from "../../../lib/report/doctor/advisories.ts";
import { packageFixes } from "../../../lib/report/doctor/package_fixes.ts";

const CVE = "CVE-2026-87766";

function entry(version: string, ...lines: readonly string[]): string {
  const body = lines.map((line) => `  ${line}`).join("\n");
  return `bubblewrap (${version}) stable-security; urgency=medium\n\n${body}\n\n -- A <a@example.com>  Mon, 1 Jan 2026 00:00:00 +0000\n\n`;
}

const UNFIXED = entry("0.9.0-1ubuntu0.1", "* New upload.");
const FIXED = entry(
  "0.9.0-1ubuntu0.2",
  "* SECURITY UPDATE: links are followed",
  `  - debian/patches: ${CVE}`,
);
const TAKEN_BACK = entry(
  "0.9.0-1ubuntu0.3",
  "* SECURITY REGRESSION: Incompatibility",
  `  - debian: Drop ${CVE}`,
);
const FIXED_AGAIN = entry("0.9.0-1ubuntu0.4", `* SECURITY UPDATE: ${CVE}, this time for good`);

const CASES: readonly (readonly [name: string, changelog: string, version: string, fixed: boolean])[] = [
  ["one that never names it", UNFIXED, "0.9.0-1ubuntu0.1", false],
  ["one whose newest entry fixes it", FIXED + UNFIXED, "0.9.0-1ubuntu0.2", true],
  ["one that took the fix back", TAKEN_BACK + FIXED + UNFIXED, "0.9.0-1ubuntu0.3", false],
  ["one that fixed it again", FIXED_AGAIN + TAKEN_BACK + FIXED, "0.9.0-1ubuntu0.4", true],
  [
    "a later one that does not speak of it",
    entry("0.9.0-1ubuntu0.5", "* Typo.") + FIXED,
    "0.9.0-1ubuntu0.5",
    true,
  ],
  ["that of another version", FIXED + UNFIXED, "0.9.0-1ubuntu0.1", false],
  ["an empty one", "", "0.9.0-1ubuntu0.2", false],
];

for (const [name, changelog, version, fixed] of CASES) {
  Deno.test(`a package's changelog, ${name}: the flaw is ${fixed ? "fixed" : "not known to be fixed"}`, () => {
    assert.deepEqual(packageFixes(changelog, version, [CVE]), fixed ? [CVE] : []);
  });
}

const VERSIONS: readonly (readonly [version: string, open: boolean])[] = [
  ["0.8.0", true],
  ["0.9.0", true],
  ["0.11.2", true],
  ["0.11.99", true],
  ["0.12.0", false],
  ["0.12", false],
  ["0.13.0", false],
  ["1.0.0", false],
];

for (const [version, open] of VERSIONS) {
  Deno.test(`bubblewrap ${version} ${open ? "has" : "does not have"} ${CVE}, unless its package has fixed it`, () => {
    assert.deepEqual(openAdvisories(version, []).map(({ id }) => id), open ? [CVE] : []);
    assert.deepEqual(openAdvisories(version, [CVE]), []);
  });
}
