import assert from "node:assert/strict";
import { heldPermissions } from "../../../lib/launch/doctor/held_permissions.ts";

// What deno.json gives the tool.
const { permissions: { tombolo } } = JSON.parse(
  Deno.readTextFileSync(new URL("../../../deno.json", import.meta.url)),
) as { permissions: { tombolo: Record<string, boolean | string[]> } };

function stateByConfiguration(descriptor: Deno.PermissionDescriptor): Deno.PermissionState {
  const given = tombolo[descriptor.name];
  const named = descriptor.name === "run"
    ? descriptor.command
    : descriptor.name === "sys"
    ? descriptor.kind
    : undefined;
  if (given === true) return "granted";
  return Array.isArray(given) && named !== undefined && given.includes(String(named)) ? "granted" : "denied";
}

Deno.test("with the permissions of deno.json all that is wanted is granted, and nothing else", () => {
  for (const { name, state, wanted } of heldPermissions(stateByConfiguration)) {
    assert.equal(state, wanted ? "granted" : "denied", name);
  }
});

Deno.test("every permission of deno.json is one that is wanted", () => {
  const given = Object.entries(tombolo).flatMap(([name, value]) =>
    Array.isArray(value) ? value.map((each) => `${name} ${each}`) : [name]
  );
  const wanted = heldPermissions(() => "granted").filter((held) => held.wanted).map(({ name }) => name);
  assert.deepEqual(wanted.toSorted(), given.toSorted());
});
