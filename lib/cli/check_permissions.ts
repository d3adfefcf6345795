import { TomboloError } from "../report/tombolo_error.ts";

/** The permissions of deno.json, as Deno is asked for them; all at once, so that a user need not find out one by one. */
const NEEDED: Readonly<Record<string, Deno.PermissionDescriptor>> = {
  "--allow-read": { name: "read" },
  "--allow-write": { name: "write" },
  "--allow-run=/bin/sh": { name: "run", command: "/bin/sh" },
  "--allow-env": { name: "env" },
  "--allow-net": { name: "net" },
  "--allow-sys=networkInterfaces": { name: "sys", kind: "networkInterfaces" },
  "--allow-sys=osRelease": { name: "sys", kind: "osRelease" },
  "--allow-sys=uid": { name: "sys", kind: "uid" },
};

/**
 * Refuses to start without a permission that tombolo may come to need: Deno would ask for it in the middle of a run, or end
 * that with a stack trace.
 *
 * @param isGranted Asks Deno
 * @throws {TomboloError} naming each flag that is missing
 */
export function checkPermissions(
  isGranted: (descriptor: Deno.PermissionDescriptor) => boolean = (descriptor) =>
    Deno.permissions.querySync(descriptor).state === "granted",
): void {
  const missing = Object.entries(NEEDED).filter(([, descriptor]) => !isGranted(descriptor)).map(([flag]) =>
    flag
  );
  if (missing.length === 0) return;
  const flags = missing.join(" ");
  throw new TomboloError("usage", `Cannot start: Deno does not grant ${flags}`, {
    remedy: `add ${flags} after \`deno run\`; docs/permissions.md says what for`,
  });
}
