import type { SafePath } from "../paths/safe_path.ts";
import type { PathRule } from "../policy/policy.ts";
import { quote } from "../report/escape.ts";
import { TomboloError } from "../report/tombolo_error.ts";
import type { HostFacts, HostSockets } from "./host_facts.ts";
import { settleAllow } from "./settle_rules.ts";

const KINDS = {
  file: "a file",
  directory: "a directory",
  symlink: "a symbolic link",
  other: "a pipe or device",
} as const;

function refusal(rule: PathRule, reason: string, remedy: string): TomboloError {
  return new TomboloError(
    "policy",
    `Cannot allow unix socket ${quote(rule.text)} (${rule.origin}): ${reason}`,
    {
      remedy,
    },
  );
}

// The deepest rule wins, at the same depth the one that denies; a pattern is as deep as its literal head plus one.
function denies(rule: PathRule, path: SafePath, { globs }: HostFacts): boolean {
  if (rule.glob === undefined) return rule.path.equals(path);
  const matches = globs.filter((each) => each.rule.origin === rule.origin && each.rule.text === rule.text);
  return rule.path.depth + 1 >= path.depth &&
    matches.some((each) => each.matches.some((match) => match.path.equals(path)));
}

/**
 * Moves every rule about a unix socket to the socket's real path.
 *
 * @param denied Rules by real path: what they name exactly stays denied
 * @throws {TomboloError} where there is no socket, a link leads elsewhere, or another rule denies the same path
 */
export function settleSockets(
  rules: readonly PathRule[],
  denied: readonly PathRule[],
  facts: HostFacts,
): PathRule[] {
  return rules.map((rule) => {
    const kind = facts.resolved.get(rule.path.toString())?.kind;
    if (kind === undefined) {
      throw refusal(rule, "no such socket", "start what listens there first, or correct the path");
    }
    if (kind !== "socket") throw refusal(rule, `it is ${KINDS[kind]}`, "name the socket itself");
    const [settled = rule] = settleAllow(rule, "use", facts);
    const other = denied.find((each) => denies(each, settled.path, facts));
    if (other !== undefined) {
      throw refusal(rule, `${quote(other.text)} (${other.origin}) denies it`, "leave one of them out");
    }
    return settled;
  });
}

/**
 * Refuses what would leave another socket of the host within reach.
 *
 * @param shows Whether a path can be seen inside
 * @throws {TomboloError} where a socket is bound that cannot be hidden
 */
export function refuseOpenSockets(
  { lost, unnamable }: HostSockets,
  shows: (path: HostSockets["unnamable"][number]) => boolean,
): void {
  const [name] = lost;
  if (name !== undefined) {
    const more = lost.length > 1 ? ` (and ${lost.length - 1} more)` : "";
    throw new TomboloError(
      "policy",
      `Cannot hide the other unix sockets: ${quote(name)}${more} is bound by a name without a directory`,
      { remedy: "hide the directory that it is in: --deny-read=DIRECTORY" },
    );
  }
  const open = unnamable.find(shows);
  if (open === undefined) return;
  throw new TomboloError(
    "policy",
    `Cannot hide the other unix sockets: one in ${quote(open.toString())} has a name that is not UTF-8`,
    { remedy: `hide the directory: --deny-read=${open}` },
  );
}
