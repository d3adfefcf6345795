import { resolvePath } from "../paths/resolve_path.ts";
import { SafePath } from "../paths/safe_path.ts";
import type { ExternalRule } from "../policy/net_policy.ts";

/**
 * Files that the arguments of an external proxy name: its script or its configuration, most likely. It runs on the host,
 * so that the sandbox must not write them.
 *
 * @param cwd Absolute directory that relative names start from
 * @returns Real paths
 */
export function externalFiles({ command }: ExternalRule, cwd: string): string[] {
  const texts = command.slice(1).map((argument) => argument.replace(/^-*[A-Za-z][A-Za-z_-]*=/, ""));
  return texts.filter((text) => text !== "" && !text.includes("\0")).flatMap((text) => {
    const { real, kind } = resolvePath(SafePath.from(text, cwd));
    return kind === "file" ? [real.toString()] : [];
  });
}
