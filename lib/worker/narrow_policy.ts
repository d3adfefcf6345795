import type { SafePath } from "../paths/safe_path.ts";
import { decidePath, pathDecider, type PathDecision } from "../policy/decide_path.ts";
import { NO_NET } from "../policy/parse_policy.ts";
import type { PathRule, PathRules, Policy } from "../policy/policy.ts";
import { quote } from "../report/escape.ts";
import { TomboloError } from "../report/tombolo_error.ts";

/** Tells the real path of a path. */
export type RealPath = (path: SafePath) => SafePath;

/**
 * What allows the root is said of the root itself in a narrower policy, and would be deeper there than a pattern that
 * starts far above it and denies things in it.
 */
function refuseLostPatterns(deny: readonly PathRule[], { rule: allow }: PathDecision, root: SafePath): void {
  if (allow === undefined || !("path" in allow)) return;
  const { depth } = allow.path as SafePath;
  const lost = deny.find(({ glob, path }) =>
    glob !== undefined && path.contains(root) && path.depth + 1 < root.depth && path.depth + 1 >= depth
  );
  if (lost === undefined) return;
  throw new TomboloError(
    "policy",
    `Cannot serve ${quote(root.toString())}: the pattern ${
      quote(lost.text)
    } (${lost.origin}) starts above it`,
    { remedy: "name the pattern from there on" },
  );
}

/**
 * The same policy for what lies in one directory, and nothing of the host beside it: what is not in the directory is not
 * there, so that no link and no race leads to it.
 *
 * @param root Real path of the directory
 * @param real Rules name paths that may lead through links; which of them lie above the root is told by the real ones
 * @throws {TomboloError} where a pattern would mean less than it does in the whole policy
 */
export function narrowPolicy(policy: Policy, root: SafePath, real: RealPath): Policy {
  const settled = ({ allow, deny }: PathRules): PathRules => {
    const settle = (rule: PathRule) => ({ ...rule, path: real(rule.path) });
    return { allow: allow.map(settle), deny: deny.map(settle) };
  };
  const decider = pathDecider(settled(policy.read), settled(policy.write), []);
  const below = (rules: readonly PathRule[]) =>
    rules.filter(({ path }) => {
      const at = real(path);
      return root.contains(at) && !root.equals(at);
    });
  // What holds for the root by a rule above it is said of the root itself.
  const atRoot = ({ allowed, rule }: PathDecision): PathRule[] =>
    allowed && rule !== undefined ? [{ ...rule, path: root, optional: false }] : [];
  const [read, write] = [decidePath(decider, "read", root), decidePath(decider, "write", root)];
  if (read.allowed) refuseLostPatterns(decider.read.deny, read, root);
  if (write.allowed) refuseLostPatterns(decider.write.deny, write, root);
  const near = (rules: readonly PathRule[]) =>
    rules.filter(({ path }) => real(path).contains(root) || root.contains(real(path)));
  const { unix: _, ...rest } = policy;
  return {
    ...rest,
    base: "none",
    read: {
      allow: [...atRoot(read), ...below(policy.read.allow)],
      deny: near(policy.read.deny),
    },
    write: {
      allow: [...atRoot(write), ...below(policy.write.allow)],
      deny: near(policy.write.deny),
    },
    // No request needs a network or a program, and a limit is meant for one command, not for all that a worker is asked.
    net: NO_NET,
    run: { deny: [] },
    limits: {},
  };
}
