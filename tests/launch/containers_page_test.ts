import assert from "node:assert/strict";
import { BWRAP_FAILURES } from "../../lib/launch/bwrap_failures.ts";

const page = await Deno.readTextFile(new URL("../../docs/containers.md", import.meta.url));

/** What a remedy has its reader type: flags of an engine, fields of a pod, settings, programs with their arguments. */
const TYPED =
  /--security-opt [\w=]+|(?:apparmor|label)=\w+|--cap-add=\w+|--pids-limit|securityContext\.[\w.]+: \w+|sysctl -w [\w.]+=\d+|apparmor_parser -r [\w./-]+|wsl --set-version \w+ 2/g;

/** Rows about containers, and about the machine around them. */
const REMEDIES = BWRAP_FAILURES.filter(({ place, remedy }) =>
  place === "container" || place === "wsl1" || /container|machine itself/.test(remedy)
);

for (const { wrong, remedy } of REMEDIES) {
  Deno.test(`docs/containers.md has what is to be typed where ${wrong}`, () => {
    const settings = ["user.max_user_namespaces", "kernel.unprivileged_userns_clone"];
    const forms = remedy.includes("{setting}")
      ? settings.filter((name) => name.startsWith("user.") === remedy.includes("=15000"))
        .map((name) => remedy.replaceAll("{setting}", name))
      : [remedy];
    for (const typed of forms.flatMap((form) => form.match(TYPED) ?? [])) {
      assert.ok(page.includes(typed), typed);
    }
  });
}

Deno.test("the examples of docs/containers.md in JSON are JSON", () => {
  const examples = [...page.matchAll(/^```json\n([^]*?)^```$/gm)];
  assert.equal(examples.length, 2);
  for (const [, text = ""] of examples) assert.doesNotThrow(() => JSON.parse(text), text);
});
