import type { HeldPermission } from "../../report/doctor/doctor_facts.ts";

/** What tombolo needs, as in deno.json. */
const WANTED: Readonly<Record<string, Deno.PermissionDescriptor>> = {
  read: { name: "read" },
  write: { name: "write" },
  "run /bin/sh": { name: "run", command: "/bin/sh" },
  env: { name: "env" },
  net: { name: "net" },
  "sys networkInterfaces": { name: "sys", kind: "networkInterfaces" },
  "sys osRelease": { name: "sys", kind: "osRelease" },
  "sys uid": { name: "sys", kind: "uid" },
};

/** What would make its own flaws worse. */
const NEEDLESS: Readonly<Record<string, Deno.PermissionDescriptor>> = {
  "run of any program": { name: "run" },
  ffi: { name: "ffi" },
};

/**
 * The permissions that this process has, of those that tombolo needs or must not have.
 *
 * @param state Asks for one, as `Deno.permissions.querySync`
 */
export function heldPermissions(
  state: (descriptor: Deno.PermissionDescriptor) => Deno.PermissionState = (descriptor) =>
    Deno.permissions.querySync(descriptor).state,
): HeldPermission[] {
  const held = (table: Readonly<Record<string, Deno.PermissionDescriptor>>, wanted: boolean) =>
    Object.entries(table).map(([name, descriptor]) => ({ name, state: state(descriptor), wanted }));
  return [...held(WANTED, true), ...held(NEEDLESS, false)];
}
