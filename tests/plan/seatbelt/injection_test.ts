import assert from "node:assert/strict";
import type { RuleTexts } from "../facts.ts";
import { profileOf, simulateSeatbelt } from "../seatbelt_view.ts";
import { macPlan } from "./mac_plan.ts";

const INJECTIONS = [
  '/Users/ann/a"b',
  "/Users/ann/a(b)c",
  "/Users/ann/a\nb",
  "/Users/ann/a\\",
  '/Users/ann/")(allow default)',
  '/Users/ann/x\\")) (allow file-read* (subpath "',
  "/Users/ann/; comment",
  '/Users/ann/#"regex"',
  '/Users/ann/(param "OTHER_0")',
  "/Users/ann/READ_0=x",
  "/Users/ann/-D X=y",
  "/Users/ann/\u00e9\u202e",
  "/Users/ann/\u0001",
];

for (const path of INJECTIONS) {
  Deno.test(`a path such as ${JSON.stringify(path)} is harmless in every kind of rule`, () => {
    const files = [`${path}/inner/file`];
    const rules: readonly RuleTexts[] = [
      { readAllow: ["/"], readDeny: [path] },
      { readAllow: ["/"], writeAllow: ["/Users/ann"], writeDeny: [path] },
      { readAllow: ["/"], writeAllow: [path] },
    ];
    const plain = profileOf(macPlan()).text.split("\n");
    const wanted = ["none", "read", "write"] as const;
    for (const [index, each] of rules.entries()) {
      const guarded = { ...each, writeAllow: [...each.writeAllow ?? [], "/Users/ann/work"] };
      const plan = macPlan({ rules: guarded, files, cwd: "/Users/ann/work" });
      const { text, parameters } = profileOf(plan);
      const simulator = simulateSeatbelt(plan);
      assert.equal(simulator.see(`${path}/inner/file`), wanted[index], text);
      assert.equal(simulator.see("/Users/ann/work/src"), "write");
      assert.ok(!simulator.allows("network-outbound", { remote: { host: "localhost", port: 1 } }));
      assert.ok(!text.includes(path.slice("/Users/ann/".length)), "it is no part of the text");
      // deno-lint-ignore no-control-regex
      assert.match(text, /^[\x0a\x20-\x7e]*$/, "only what was written by hand");
      assert.ok([...parameters.values()].includes(path));
      const added = text.split("\n").filter((line) => !plain.includes(line));
      for (const line of added) {
        assert.match(
          line,
          /^ *(?:\((?:allow|deny) [a-z* -]+ ?)?(?:\((?:literal|subpath) \(param "[A-Z]+_\d+"\)\)\)?)?$/,
        );
      }
    }
  });
}
