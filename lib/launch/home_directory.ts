import { SafePath } from "../paths/safe_path.ts";
import { TomboloError } from "../report/tombolo_error.ts";

/** Behind a link, such as /home on another disk, it is the real directory that rules must name. */
export function homeDirectory(text: string | undefined): SafePath | undefined {
  if (text?.startsWith("/") !== true) return undefined;
  try {
    return SafePath.of(Deno.realPathSync(text));
  } catch {
    return SafePath.of(text);
  }
}

/**
 * The home directory, which no sandbox is built without: the secrets below it would be read, and its start-up files
 * written.
 *
 * @param text The value of HOME
 * @throws {TomboloError} where it says no place
 */
export function requiredHome(text: string | undefined): SafePath {
  const home = homeDirectory(text);
  if (home !== undefined) return home;
  throw new TomboloError("sandbox", "Cannot find the home directory: HOME is not an absolute path", {
    remedy: "set HOME to this user's home directory, or to /nonexistent where there is none",
  });
}
