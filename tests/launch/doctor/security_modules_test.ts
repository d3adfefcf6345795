import assert from "node:assert/strict";
import { securityModules } from "../../../lib/launch/doctor/security_modules.ts";

const lines = (entries: Readonly<Record<string, string>>) => new Map(Object.entries(entries));

Deno.test("the kernel's own list of security modules is taken as it is", () => {
  const found = securityModules(
    lines({ list: "lockdown,capability,landlock,yama,bpf", selinux: "1" }),
    false,
  );
  assert.deepEqual(found, { names: ["lockdown", "capability", "landlock", "yama", "bpf"], listed: true });
});

Deno.test("where the list cannot be read, what the modules leave tells of them", () => {
  const found = securityModules(lines({ apparmor: "Y", yama: "1", lockdown: "[none] integrity" }), true);
  assert.deepEqual(found, { names: ["landlock", "lockdown", "yama", "apparmor"], listed: false });
  assert.deepEqual(securityModules(lines({ selinux: "0" }), false).names, ["selinux"]);
});

Deno.test("an AppArmor that is built in and switched off is not active", () => {
  assert.deepEqual(securityModules(lines({ apparmor: "N" }), false), { names: [], listed: false });
});
