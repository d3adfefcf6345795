import { join } from "node:path";

/** The permissions of a set in deno.json. */
export type PermissionSet = Readonly<Record<string, boolean | readonly string[]>>;

async function permissionSets(root: string): Promise<Record<"tombolo" | "stage2", PermissionSet>> {
  const { permissions } = JSON.parse(await Deno.readTextFile(join(root, "deno.json"))) as {
    permissions: Record<"tombolo" | "stage2", PermissionSet>;
  };
  return permissions;
}

/** The permissions that tombolo runs with, as deno.json has them. */
export async function toolPermissions(root: string): Promise<PermissionSet> {
  return (await permissionSets(root)).tombolo;
}

/** The permissions that are compiled into stage2, as deno.json has them. */
export async function stage2Permissions(root: string): Promise<PermissionSet> {
  return (await permissionSets(root)).stage2;
}

/** The flags for a set: naming the set has Deno read more at each start, and needs deno.json beside the program. */
export function permissionFlags(set: PermissionSet): string[] {
  return Object.entries(set).flatMap(([name, value]) =>
    value === true ? [`--allow-${name}`] : value === false ? [] : [`--allow-${name}=${value.join(",")}`]
  );
}
