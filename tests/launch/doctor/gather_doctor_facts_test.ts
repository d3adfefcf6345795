import assert from "node:assert/strict";
import { gatherDoctorFacts } from "../../../lib/launch/doctor/gather_doctor_facts.ts";
import { diagnose } from "../../../lib/report/doctor/diagnose.ts";

Deno.test("without a permission that is needed nothing is looked at, and the diagnosis says so", async () => {
  const environment = () => assert.fail("the environment was read");
  const facts = await gatherDoctorFacts(environment, [{ name: "env", state: "denied", wanted: true }]);
  const { findings, full, missing } = diagnose(facts);
  assert.equal(full, false);
  assert.match(missing?.wrong ?? "", /permissions/);
  assert.equal(findings.find(({ id }) => id === "permissions")?.found, "not granted: env");
});
