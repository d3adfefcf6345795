import { join } from "node:path";

/** The permissions of a set in deno.json. */
export type PermissionSet = Readonly<Record<string, boolean | readonly string[]>>;

/** The permissions that tombolo runs with, as deno.json has them. */
export async function toolPermissions(root: string): Promise<PermissionSet> {
  const { permissions } = JSON.parse(await Deno.readTextFile(join(root, "deno.json"))) as {
    permissions: { tombolo: PermissionSet };
  };
  return permissions.tombolo;
}

/** The flags for a set: naming the set has Deno read more at each start, and needs deno.json beside the program. */
export function permissionFlags(set: PermissionSet): string[] {
  return Object.entries(set).flatMap(([name, value]) =>
    value === true ? [`--allow-${name}`] : value === false ? [] : [`--allow-${name}=${value.join(",")}`]
  );
}
