import { Glob } from "../paths/glob.ts";
import { SafePath } from "../paths/safe_path.ts";
import { type PathDecider, pathDecider, type ProtectionRule } from "../policy/decide_path.ts";
import type { PathRule, PathRules } from "../policy/policy.ts";

/** What a worker is told before it serves: the rules as data. It goes in as a file that only the worker sees. */
export interface WorkerConfig {
  /** Real path. */
  readonly root: SafePath;
  /** Rules by real path. */
  readonly decider: PathDecider;
  /** What `get_env` tells. */
  readonly environment: Readonly<Record<string, string>>;
  /** Whether to say `ready` on stdout before the first answer. */
  readonly announces: boolean;
}

interface RuleData {
  readonly text: string;
  readonly origin: string;
  readonly path: string;
  /** The pattern of a deny rule. */
  readonly glob?: string;
}

interface RulesData {
  readonly allow: readonly RuleData[];
  readonly deny: readonly RuleData[];
}

interface ConfigData {
  readonly root: string;
  readonly read: RulesData;
  readonly write: RulesData;
  readonly protections: readonly (RuleData & Pick<ProtectionRule, "denies" | "reason">)[];
  readonly environment: Readonly<Record<string, string>>;
  readonly announces: boolean;
}

/** What of the rules can matter below a root: those above it, and those in it. */
function near<T extends { readonly path: SafePath }>(rules: readonly T[], root: SafePath): T[] {
  return rules.filter(({ path }) => path.contains(root) || root.contains(path));
}

/** The text of a configuration; the tool writes it, the worker reads it. */
export function encodeConfig({ root, decider, environment, announces }: WorkerConfig): string {
  const { read, write, protections } = decider;
  const rules = ({ allow, deny }: PathRules): PathRules => ({
    allow: near(allow, root),
    deny: near(deny, root),
  });
  return JSON.stringify({
    root,
    read: rules(read),
    write: rules(write),
    protections: near(protections, root),
    environment,
    announces,
  });
}

function pathRules({ allow, deny }: RulesData): PathRules {
  const rule = ({ text, origin, path, glob }: RuleData): PathRule => ({
    text,
    origin,
    path: SafePath.of(path),
    ...(glob === undefined ? {} : { glob: Glob.parse(glob) }),
    optional: false,
  });
  return { allow: allow.map(rule), deny: deny.map(rule) };
}

/** Reads what {@linkcode encodeConfig} wrote. */
export function decodeConfig(text: string): WorkerConfig {
  const { root, read, write, protections, environment, announces } = JSON.parse(text) as ConfigData;
  const decider = pathDecider(
    pathRules(read),
    pathRules(write),
    protections.map((rule) => ({ ...rule, path: SafePath.of(rule.path) })),
  );
  return { root: SafePath.of(root), decider, environment, announces };
}
