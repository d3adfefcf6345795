import type { SafePath } from "../paths/safe_path.ts";
import type { ProtectionRule } from "../policy/decide_path.ts";
import { GIT_EXECUTED } from "../policy/host_executed.ts";
import type { Located } from "./checked_tree.ts";
import { PolicyDeniedError } from "./worker_error.ts";

/** The components of a path that stand in a git directory, and that directory. */
function inGitDirectory(path: SafePath): { git: SafePath; rest: readonly string[] } | undefined {
  const names = path.toString().split("/");
  const at = names.lastIndexOf(".git");
  const git = at < 0 ? undefined : [...path.ancestors(), path].find(({ depth }) => depth === at);
  return git === undefined ? undefined : { git, rest: names.slice(at + 1) };
}

function executed(names: readonly string[]): string | undefined {
  const text = names.join("/");
  return GIT_EXECUTED.find(({ path }) => text === path || text.startsWith(`${path}/`))?.reason;
}

// Submodules and linked worktrees have git directories of their own in there, at any depth.
function reasonFor(rest: readonly string[]): string | undefined {
  if (rest[0] !== "modules" && rest[0] !== "worktrees") return executed(rest);
  return rest.map((_, index) => executed(rest.slice(index))).find((reason) => reason !== undefined);
}

/**
 * Refuses to write where git looks for what it runs, in a repository that nobody knew of when the worker started: it may
 * run for days. One that was known has rules of its own, which the user may have lifted.
 *
 * @throws {PolicyDeniedError} where the path lies there
 */
export function refusePlanted(
  protections: readonly ProtectionRule[],
  { path, asked }: Pick<Located, "path" | "asked">,
): void {
  const found = inGitDirectory(path);
  const reason = found === undefined ? undefined : reasonFor(found.rest);
  if (found === undefined || reason === undefined) return;
  if (protections.some((rule) => found.git.contains(rule.path))) return;
  throw new PolicyDeniedError(`Cannot write ${JSON.stringify(asked)}: protected: ${reason}`);
}

/**
 * Refuses to put something in the place of a git directory or, where it is a directory, into one: what it holds would be
 * taken for hooks and configuration.
 *
 * @throws {PolicyDeniedError} where it would
 */
export function refuseRepository(
  { path, asked }: Pick<Located, "path" | "asked">,
  isDirectory: boolean,
): void {
  const found = inGitDirectory(path);
  if (found === undefined || (found.rest.length > 0 && !isDirectory)) return;
  throw new PolicyDeniedError(`Cannot write ${JSON.stringify(asked)}: protected: git runs what is in it`);
}
