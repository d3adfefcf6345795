import { SafePath } from "../paths/safe_path.ts";

/** Behind a link, such as /home on another disk, it is the real directory that rules must name. */
export function homeDirectory(text: string | undefined): SafePath | undefined {
  if (text?.startsWith("/") !== true) return undefined;
  try {
    return SafePath.of(Deno.realPathSync(text));
  } catch {
    return SafePath.of(text);
  }
}
