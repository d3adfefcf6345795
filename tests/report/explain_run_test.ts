import assert from "node:assert/strict";
import { SafePath } from "../../lib/paths/safe_path.ts";
import { explainRun, type RunSection } from "../../lib/report/explain_run.ts";

const rule = (text: string, origin = "--flag") => ({ text, origin });
const GIT = { path: SafePath.of("/usr/bin/git"), rule: rule("git") };
const LOADER = { path: SafePath.of("/lib/ld.so"), rule: rule("git"), because: "loader of /usr/bin/git" };

function lines(sections: readonly RunSection[]): string[] {
  return sections.flatMap((section) =>
    "sentence" in section
      ? [section.sentence]
      : section.rules.map(({ text, origin }) => `${section.title} ${text} ${origin}`)
  );
}

Deno.test("without rules about programs nothing is said of them", () => {
  assert.deepEqual(explainRun({ deny: [] }, undefined), []);
});

Deno.test("a list is said with what its programs need, their other names, and its limits", () => {
  const names = new Map([["/usr/bin/git", ["/usr/bin/git-upload-pack"]], ["/lib/ld.so", ["/lib64/ld.so"]]]);
  const said = lines(explainRun({ allow: [], deny: [] }, { allow: [GIT, LOADER], deny: [] }, names));
  const title = "run, allowed (and nothing else):";
  assert.equal(said.length, 3);
  assert.equal(said[0], `${title} /usr/bin/git git (--flag); allowed with it: /usr/bin/git-upload-pack`);
  assert.equal(said[1], `${title} /lib/ld.so git (--flag): loader of /usr/bin/git`);
  assert.match(said[2] ?? "", /^limits of the list: /);
});

Deno.test("an empty list is said to let nothing be executed", () => {
  assert.equal(
    lines(explainRun({ allow: [], deny: [] }, { allow: [], deny: [] }))[0],
    "run: nothing may be executed",
  );
});

Deno.test("denied programs are said with what was not found, and their limits", () => {
  const names = new Map([["/usr/bin/git", ["/usr/bin/g"]]]);
  const said = lines(explainRun({ deny: [rule("git"), rule("gone")] }, { deny: [GIT] }, names));
  assert.equal(said[0], "run, denied: /usr/bin/git git (--flag); denied with it: /usr/bin/g");
  assert.equal(said[1], "run, denied and not found (nothing to deny): gone --flag");
  assert.match(said[2] ?? "", /^limits of denied programs: /);
});
