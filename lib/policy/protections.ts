import type { SafePath } from "../paths/safe_path.ts";
import type { ProtectionRule } from "./decide_path.ts";
import { OWN_FILES } from "./lift_protections.ts";
import { SECRETS } from "./secrets.ts";

/** What protections are made from. */
export interface ProtectionContext {
  readonly home: SafePath | undefined;
  /** Which of the secrets' paths below the home directory exist. */
  readonly secrets: ReadonlySet<string>;
  /** Writable roots that hold a `.git`, and what kind of thing that is. */
  readonly repositories: readonly { readonly path: SafePath; readonly git: "file" | "directory" }[];
  /** tombolo's own program, sources, cache and state, and the policy files in use. */
  readonly own: readonly SafePath[];
}

// What git on the host executes, or reads commands from (git-config(1): core.fsmonitor, core.hooksPath, filter.*).
const GIT_EXECUTED: readonly (readonly [string, string])[] = [
  ["hooks", "git runs hooks on the host"],
  ["config", "git runs commands that its configuration names"],
  ["commondir", "it names the directory whose configuration and hooks git uses"],
  ["config.worktree", "git runs commands that its configuration names"],
  ["info/attributes", "git attributes choose filters that run"],
];

function secrets(context: ProtectionContext): ProtectionRule[] {
  const home = context.home;
  if (home === undefined) return [];
  return SECRETS.filter((secret) => context.secrets.has(secret.path)).flatMap((secret) => {
    const path = home.join(secret.path);
    const rule = { text: `~/${secret.path}`, origin: "protection secrets", reason: secret.reason };
    return [
      { ...rule, path, denies: "read" as const },
      // What stays readable is not writable for that: ~/.ssh/config names commands.
      ...(secret.except ?? []).flatMap((name) =>
        (["nothing", "write"] as const).map((denies) => ({
          ...rule,
          text: `~/${secret.path}/${name}`,
          path: path.join(name),
          denies,
        }))
      ),
    ];
  });
}

function repository({ path: root, git }: ProtectionContext["repositories"][number]): ProtectionRule[] {
  const origin = "protection git";
  const at = root.join(".git");
  if (git === "file") {
    return [{
      text: ".git",
      origin,
      path: at,
      denies: "write",
      reason: "git follows the pointer to what it runs",
    }];
  }
  return GIT_EXECUTED.map(([name, reason]) => ({
    text: `.git/${name}`,
    origin,
    path: at.join(name),
    denies: "write",
    reason,
  }));
}

/**
 * The rules that no broad rule of the user can re-open.
 *
 * @param context What of the host they depend on
 * @returns Rules whose paths need not exist
 */
export function protections(context: ProtectionContext): ProtectionRule[] {
  const own = context.own.map((path) => ({
    text: path.toString(),
    origin: OWN_FILES,
    path,
    denies: "write" as const,
    reason: "tombolo's own files decide what the next sandbox may do",
  }));
  return [...secrets(context), ...context.repositories.flatMap(repository), ...own];
}
