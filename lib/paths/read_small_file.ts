import { lstat } from "./resolve_path.ts";

/**
 * The text of a regular file of a moderate size.
 *
 * @param largest Bytes that it may have
 * @returns `undefined` where something else stands there, a link among it, or it cannot be read
 */
export function readSmallFile(path: string, largest: number = 256 * 1024): string | undefined {
  const info = lstat(path);
  if (info?.isFile !== true || info.size > largest) return undefined;
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return undefined;
  }
}
