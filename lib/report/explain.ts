import type { Upstream } from "../egress/upstream/upstream.ts";
import type { Mount, Plan } from "../plan/plan.ts";
import { OWN_PROCESSES } from "../plan/plan_limits.ts";
import { leadsToExternal, letsOut } from "../policy/external_rules.ts";
import { LIMIT_LABELS, LIMIT_NAMES, type LimitName } from "../policy/limits.ts";
import type { ExternalRule, NetPolicy } from "../policy/net_policy.ts";
import type { Rule } from "../policy/rule.ts";
import type { PathRule, Policy } from "../policy/policy.ts";
import { escape } from "./escape.ts";
import { landlockLines } from "./explain_landlock.ts";
import { seatbeltLines } from "./explain_seatbelt.ts";
import { explainRun, type OtherNames } from "./explain_run.ts";
import { hideCredentials } from "./hide_credentials.ts";

/** What `explain` shows: the policy with the origin of every rule, and exactly the plan that would run. */
export interface Explanation {
  readonly policy: Policy;
  readonly plan: Plan;
  /** Arguments of bubblewrap, where it starts the command. */
  readonly bwrap?: readonly string[];
  /** Guarded files with other names, which no rule about a path holds. */
  readonly hardLinked?: readonly { readonly path: string; readonly names: number }[];
  /** Other names of the programs that rules name. */
  readonly programNames?: OtherNames;
}

const MOST_HARD_LINKS = 20;

function rules(title: string, list: readonly Rule[]): string[] {
  if (list.length === 0) return [];
  const width = Math.max(...list.map(({ text }) => escape(text).length));
  const lines = list.map(({ text, origin }) => `  ${escape(text).padEnd(width)}  ${escape(origin)}`);
  return [title, ...new Set(lines)];
}

// A rule for everything has no pattern of its own.
function all(rule: Rule | undefined): Rule[] {
  return rule === undefined ? [] : [rule];
}

// Published ports need a gateway, which may have nothing to let out.
const NAMESPACE = "an empty network namespace";

const NO_NETWORK = {
  direct: NAMESPACE,
  stage2: NAMESPACE,
  landlock: "no sockets can be made, for loopback neither",
  seatbelt: "nothing can be connected to or listened on, on loopback neither",
} as const;

function networkLine({ network, net, launcher }: Plan): string {
  if (network === "none") return `network: none: ${NO_NETWORK[launcher.kind]}`;
  if (!letsOut(net)) return "network: through the gateway only, which denies every host";
  return `network: through the ${leadsToExternal(net) ? "external proxy" : "gateway"} only`;
}

/** Through whom the gateway dials; nothing where it dials nobody. */
function behindGateway({ network, net, upstream }: Plan): string[] {
  if (network === "none" || !letsOut(net)) return [];
  return [net.external === undefined ? upstreamLine(upstream, net) : externalLine(net, net.external)];
}

const USES = { connect: "CONNECT", http: "plain HTTP", socks5: "SOCKS" } as const;

/** Which proxies the gateway dials through; by what it is asked for, where they differ. */
function upstreamLine(upstream: Upstream | undefined, { resolve }: NetPolicy): string {
  if (upstream === undefined) return "upstream: none, the gateway dials directly";
  const uses = (["connect", "http", "socks5"] as const).map((use) => ({ use, named: upstream[use] }));
  const proxies = new Set(uses.map(({ named }) => String(named?.proxy ?? "none")));
  const origins = new Set(uses.flatMap(({ named }) => named === undefined ? [] : escape(named.origin)));
  const shown = proxies.size === 1
    ? `${[...proxies]} (${[...origins].join(", ")})`
    : uses.map(({ use, named }) =>
      `${USES[use]} ${named === undefined ? "none" : `${named.proxy} (${escape(named.origin)})`}`
    ).join(", ");
  const direct = [
    "loopback",
    ...[...resolve.keys()].map(escape),
    ...String(upstream.noProxy).split(",").filter((one) => one !== ""),
  ];
  return `upstream: ${shown}, which resolves the names; direct: ${direct.join(" ")}`;
}

/** Which proxy stands in for the gateway, or behind it, and what that means for who decides. */
function externalLine(net: NetPolicy, { text, origin, onFailure }: ExternalRule): string {
  const who = leadsToExternal(net)
    ? "it decides alone what is reached"
    : "the gateway decides, and dials through it; it resolves the names";
  const failure = onFailure === "warn" ? "; without network where it cannot start" : "";
  return `external proxy: ${escape(text)} (${
    escape(origin)
  }), on the host and not sandboxed; ${who}${failure}`;
}

const OTHER_SOCKETS =
  "unix sockets, others: those bound now are hidden; one that appears later, or of another network namespace or root directory, is reached where its file is visible";

// A pattern is looked up once, at the start.
function globNotes({ policy: { read, write } }: Explanation): string[] {
  const patterns = (rules: readonly PathRule[]) =>
    rules.filter(({ glob }) => glob !== undefined).map(({ text }) => escape(text)).join(", ");
  const [hidden, kept] = [patterns(read.deny), patterns(write.deny)];
  return [
    ...(hidden === "" ? [] : [`note: what comes to match ${hidden} after the start is not hidden`]),
    ...(kept === "" ? [] : [`note: what comes to match ${kept} after the start is set aside at the end`]),
  ];
}

function hardLinkNotes({ hardLinked = [] }: Explanation): string[] {
  const shown = hardLinked.slice(0, MOST_HARD_LINKS).map(({ path, names }) =>
    `note: ${escape(path)} has ${names} names (hard links); only this one is guarded`
  );
  const more = hardLinked.length - shown.length;
  return more === 0 ? shown : [...shown, `note: ${more} more guarded files have other names too`];
}

// Thousands of lines would hide the rest.
function lateMounts({ orders: { mounts = [] } }: Plan): string[] {
  if (mounts.length === 0) return [];
  const shown = mounts.slice(0, 100);
  return [
    `then by stage2, in order (${mounts.length}):`,
    ...shown.map(mountLine),
    ...(mounts.length > shown.length
      ? [`  ... ${mounts.length - shown.length} more (--json has them all)`]
      : []),
  ];
}

function temporaryOf({ launcher }: Plan): string {
  const onHost = launcher.kind === "landlock" || launcher.kind === "seatbelt";
  return onHost ? "a directory of its own as TMPDIR" : "a private /tmp";
}

const STARTERS = {
  direct: "bubblewrap, system calls filtered",
  stage2: "stage2 in bubblewrap, system calls filtered",
  landlock: "stage2, on the host itself, confined by Landlock, system calls filtered",
  seatbelt: "sandbox-exec, on the host itself",
} as const;

function walls(plan: Plan): string[] {
  const { launcher, mounts } = plan;
  if (launcher.kind === "landlock") return landlockLines(launcher.confinement);
  if (launcher.kind === "seatbelt") return seatbeltLines(plan, launcher.rules);
  return ["mounts, in order:", ...mounts.map(mountLine), ...lateMounts(plan)];
}

function allProcesses({ held }: Plan): string {
  return `of all processes inside together, by a cgroup in ${escape(held?.scope?.parent ?? "")}`;
}

/** What a limit means as it is held here. */
function limitMeaning(name: LimitName, plan: Plan): string {
  const { held, launcher } = plan;
  const own = held?.byProcess[name as keyof typeof held.byProcess] !== undefined;
  switch (name) {
    case "wallTime":
      return "TERM to the command, KILL to everything 5 s later; status 124";
    case "cpuTime":
      return "of each process; SIGXCPU, SIGKILL after 5 s more; status 124 where it ends the command";
    case "memory":
      return own
        ? `data of each process on its own (RLIMIT_DATA), not of all together: ${held?.noScope}`
        : `${allProcesses(plan)}; status 137 where the kernel ends them`;
    case "openFiles":
      return "of each process; EMFILE";
    case "processes":
      return own
        ? "and threads at once; EAGAIN"
        : `and threads, and up to ${OWN_PROCESSES[launcher.kind]} for tombolo's own, ${
          allProcesses(plan)
        }; EAGAIN`;
    case "fileSize":
      return "of each file that is written; EFBIG or SIGXFSZ";
  }
}

function limitLines(plan: Plan): string[] {
  const lines = LIMIT_NAMES.flatMap((name) => {
    const limit = plan.limits[name];
    if (limit === undefined) return [];
    const { text, origin } = limit;
    return `  ${LIMIT_LABELS[name].padEnd(10)}  ${text} (${escape(origin)}): ${limitMeaning(name, plan)}`;
  });
  return lines.length === 0 ? [] : ["limits:", ...lines];
}

function mountLine(mount: Mount): string {
  const source = "source" in mount ? ` from ${escape(mount.source)}` : "";
  return `  ${mount.kind.padEnd(14)}  ${escape(mount.target)}${source}`;
}

/** The explanation as text for people. */
export function explainText(explanation: Explanation): string {
  const { policy, plan, programNames } = explanation;
  const { decider, net } = plan;
  const existing = new Set([...plan.mounts, ...plan.orders.mounts ?? []].map(({ target }) => target));
  const programs = new Set(plan.run?.deny.map(({ path }) => path.toString()));
  const guards = decider.protections.filter((rule) =>
    rule.denies !== "nothing" && existing.has(rule.path.toString()) && !programs.has(rule.path.toString())
  );
  return [
    `base: preset ${policy.base}`,
    ...rules("read, allowed:", decider.read.allow),
    ...rules("read, denied:", decider.read.deny),
    ...rules(`write, allowed (and ${temporaryOf(plan)}):`, decider.write.allow),
    ...rules("write, denied:", decider.write.deny),
    ...rules("protected:", guards),
    networkLine(plan),
    ...behindGateway(plan),
    ...rules("net, allowed:", [...all(net.allowAll), ...net.allow]),
    ...rules("net, denied:", [...all(net.denyAll), ...net.deny]),
    ...rules("unix sockets, allowed:", plan.unix),
    ...(plan.unix.length === 0 || plan.launcher.kind === "seatbelt" ? [] : [OTHER_SOCKETS]),
    ...rules("published (the host reaches in):", net.publish ?? []),
    ...rules(
      "static addresses:",
      [...net.resolve].map(([name, addresses]) => ({ text: name, origin: addresses.join(", ") })),
    ),
    ...rules(
      "CA bundle (clients inside trust it):",
      all(plan.caBundle === undefined ? undefined : policy.caBundle),
    ),
    ...explainRun(policy.run, plan.run, programNames).flatMap((section) =>
      "sentence" in section ? [section.sentence] : rules(section.title, section.rules)
    ),
    `environment: ${[...plan.environment.keys()].map(escape).sort().join(" ")}`,
    ...limitLines(plan),
    `working directory: ${escape(plan.cwd)}`,
    ...rules("made on the host if missing:", plan.makes.map(({ path, origin }) => ({ text: path, origin }))),
    ...walls(plan),
    ...rules(
      "set aside if they appear:",
      plan.watch.map(({ path, rule }) => ({ text: path, origin: rule.origin })),
    ),
    `started by: ${STARTERS[plan.launcher.kind]}`,
    ...(plan.command.length === 0 ? [] : [`command: ${plan.command.map(escape).join(" ")}`]),
    ...globNotes(explanation),
    ...hardLinkNotes(explanation),
    ...[...plan.notices, ...(plan.hints ?? []).map(({ text }) => text)].map((notice) => `note: ${notice}`),
  ].join("\n");
}

/** The explanation as one JSON value; maps become objects, patterns and addresses text. */
export function explainJson(explanation: Explanation): string {
  return JSON.stringify(
    explanation,
    (key, value: unknown) => {
      if (key === "external") return withoutCredentials(value);
      if (value instanceof Map) {
        return Object.fromEntries([...value].map(([name, item]) => [String(name), item]));
      }
      if (value instanceof Set) return [...value];
      return isValueObject(value) ? String(value) : value;
    },
    2,
  );
}

// Its arguments may name another proxy, with a password.
function withoutCredentials(external: unknown): unknown {
  const { command, ...rest } = external as ExternalRule;
  return { ...rest, command: command.map(hideCredentials) };
}

function isValueObject(value: unknown): boolean {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype !== Object.prototype && prototype !== null;
}
