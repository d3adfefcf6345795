import assert from "node:assert/strict";
import { explainJson, explainText } from "../../lib/report/explain.ts";
import { pathPolicy } from "../plan/facts.ts";
import { macPlan } from "../plan/seatbelt/mac_plan.ts";

const RULES = { readAllow: ["/"], readDeny: ["/Users/ann/\u001b[2J"], writeAllow: ["/Users/ann/work"] };

Deno.test("the profile is shown as it would be used, with what its parameters stand for", () => {
  const policy = pathPolicy(RULES, { base: "workspace" });
  const plan = macPlan({ rules: RULES, files: ["/Users/ann/\u001b[2J"] });
  const text = explainText({ policy, plan });
  assert.match(text, /^network: none: nothing can be connected to/m);
  assert.match(text, /^started by: sandbox-exec, on the host itself$/m);
  assert.match(text, /^write, allowed \(and a directory of its own as TMPDIR\):$/m);
  assert.match(text, /^ {2}\(deny default\)$/m);
  const key = / {2}(WRITE_\d+)=\/Users\/ann\/work$/m.exec(text)?.[1];
  assert.ok(key !== undefined && text.includes(`(subpath (param "${key}"))`), text);
  assert.ok(!text.includes("\u001b"), "what could move the cursor is escaped");
  assert.equal(JSON.parse(explainJson({ policy, plan })).plan.launcher.kind, "seatbelt");
});

Deno.test("the gateway's port, which is not known yet, is shown as such", () => {
  const rule = { text: "true", origin: "--allow-net" };
  const net = { allow: [], deny: [], allowAll: rule, resolve: new Map() };
  const text = explainText({ policy: pathPolicy(RULES, { net }), plan: macPlan({ policy: { net } }) });
  assert.match(text, /\(remote tcp "localhost:PORT"\)/);
});
