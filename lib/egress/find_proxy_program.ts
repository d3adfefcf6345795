import { resolvePath } from "../paths/resolve_path.ts";
import { SafePath } from "../paths/safe_path.ts";
import type { ExternalRule } from "../policy/net_policy.ts";
import { quote } from "../report/escape.ts";
import { TomboloError } from "../report/tombolo_error.ts";

/** Where the program of an external proxy is looked for. */
export interface ProgramLookup {
  /** The caller's PATH. */
  readonly searchPath: string;
  /** Absolute directory for a program that is named by a relative path. */
  readonly cwd: string;
  /** Whether rules let the sandbox write at a real path. */
  readonly isWritableInside: (path: SafePath) => boolean;
  /** The user that the sandbox runs as. */
  readonly uid: number | null;
}

function isProgram(path: string): boolean {
  try {
    const info = Deno.statSync(path);
    return info.isFile && ((info.mode ?? 0) & 0o111) !== 0;
  } catch {
    return false;
  }
}

function candidates(name: string, { searchPath, cwd }: ProgramLookup): string[] {
  if (name.includes("/")) return [SafePath.from(name, cwd).toString()];
  // An empty or relative entry is wherever one happens to stand.
  const directories = searchPath.split(":").filter((directory) => directory.startsWith("/"));
  return directories.map((directory) => `${directory}/${name}`);
}

/** Whether only root can write a file, or put another one in its place, whatever the rules say. */
function isOfRootAlone(path: SafePath): boolean {
  for (let at = path;; at = at.parent) {
    const info = Deno.lstatSync(at.toString());
    const mode = info.mode ?? 0o777;
    if (info.uid !== 0 || (!info.isSymlink && (mode & 0o022) !== 0)) return false;
    if (at.depth === 0) return true;
  }
}

/**
 * Finds the program of an external proxy as a shell would. It runs on the host, so that one which a sandbox can write,
 * or put a link to, is refused.
 *
 * @returns Its absolute path, links not followed: some programs look at the name that they are called by
 * @throws {TomboloError} Where there is none, or it lies where the sandbox may write
 */
export function findProxyProgram(rule: ExternalRule, lookup: ProgramLookup): string {
  const refuse = (reason: string, remedy?: string) =>
    new TomboloError(
      "policy",
      `Cannot start external proxy ${quote(rule.text)} (${rule.origin}): ${reason}`,
      remedy === undefined ? {} : { remedy },
    );
  const [name = ""] = rule.command;
  const path = candidates(name, lookup).find(isProgram);
  if (path === undefined) {
    throw refuse(
      name.includes("/") ? `${quote(name)} is no program` : `${quote(name)} is in no directory on PATH`,
    );
  }
  const { real, links } = resolvePath(SafePath.of(path));
  const writable = [real, ...links].find((at) =>
    lookup.isWritableInside(at) && (lookup.uid === 0 || !isOfRootAlone(at))
  );
  if (writable === undefined) return path;
  throw refuse(
    `the sandbox may write ${quote(writable.toString())}, which would then run outside of it`,
    `install it elsewhere, or forbid that: --deny-write=${writable}`,
  );
}
