import { resolvePath } from "../paths/resolve_path.ts";
import { SafePath } from "../paths/safe_path.ts";
import type { Plan } from "../plan/plan.ts";
import { decidePath } from "../policy/decide_path.ts";
import { escape, quote } from "./escape.ts";
import type { DecisionEvent } from "./event.ts";

// Programs whose path arguments are written; of any other, only reading can be told from the arguments.
const WRITERS: ReadonlySet<string> = new Set(
  [
    "chmod",
    "chown",
    "cp",
    "dd",
    "install",
    "ln",
    "mkdir",
    "mknod",
    "mv",
    "rm",
    "rmdir",
    "tee",
    "touch",
    "truncate",
    "unlink",
  ],
);

// Programs that a user expects to reach a host; when one fails without a network, that is the likely reason.
const NETWORK_CLIENTS: ReadonlySet<string> = new Set(
  ("apt apt-get bundle cargo composer curl dig gem git go host mvn nc npm " +
    "npx nslookup ping pip pip3 pnpm poetry rsync scp sftp ssh uv wget yarn").split(" "),
);

const URL_HOST =
  /^(https?|ssh|git|ftp):\/\/(?:[^@/]*@)?([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::(\d{1,5}))?(?:[/?#]|$)/;
const DEFAULT_PORTS: Readonly<Record<string, number>> = { http: 80, https: 443, ssh: 22, git: 9418, ftp: 21 };

/**
 * Hosts that the arguments of a failed command name as URLs, where the policy gave it no network at all: no gateway
 * was there to see it ask.
 *
 * @param time RFC 3339 time of the events
 */
export function deniedHosts(plan: Plan, time: string): DecisionEvent[] {
  // Where an external proxy has failed to start, that has been said.
  if (plan.network !== "none" || plan.net.external !== undefined) return [];
  return plan.command.slice(1).flatMap((argument): DecisionEvent[] => {
    const [, scheme = "", host, port] = URL_HOST.exec(argument) ?? [];
    if (host === undefined) return [];
    const target = `${host}:${port ?? DEFAULT_PORTS[scheme]}`;
    const reason = plan.net.denyAll === undefined
      ? "no rule allows any host"
      : `denied by ${plan.net.denyAll.origin}`;
    const suggestion = plan.net.denyAll === undefined ? { suggestion: `--allow-net=${target}` } : {};
    return [{ time, kind: "net", decision: "deny", target, reason, ...suggestion }];
  });
}

/** Whether a failed command most likely missed a network that the policy did not give it. */
export function missedNetwork(plan: Plan): boolean {
  const program = (plan.command[0] ?? "").split("/").at(-1) ?? "";
  const { network, net, run } = plan;
  // Where only some programs may be run, it may as well have missed one of them.
  return run?.allow === undefined && network === "none" && net.denyAll === undefined &&
    net.external === undefined &&
    NETWORK_CLIENTS.has(program);
}

/** One line about something that was denied: what, why, by which rule, and the flag that would allow it. */
export function denialLine(
  { kind, target, reason, rule, suggestion }: Omit<DecisionEvent, "time" | "decision" | "detail">,
): string {
  // What is said of a path names its rule already.
  const by = kind === "net" && rule !== undefined ? `: ${quote(rule.text)} of ${escape(rule.origin)}` : "";
  const hint = suggestion === undefined ? "" : `; to allow: ${escape(suggestion)}`;
  return `denied ${kind} ${escape(target)} (${escape(reason)}${by})${hint}`;
}

/** One line about a host that the policy allows and that could not be reached: this is no denial, no flag would help. */
export function unreachedLine({ target, detail }: Pick<DecisionEvent, "target" | "detail">): string {
  return `could not reach ${escape(target)}: ${escape(String(detail?.["error"]))}`;
}

function candidates(plan: Plan): SafePath[] {
  const texts = plan.command.slice(1).map((argument) => argument.replace(/^-*[A-Za-z][A-Za-z-]*=/, ""));
  return texts
    .filter((text) =>
      text !== "" && text.length < 4096 && !text.startsWith("-") && !text.includes("\0") &&
      !text.includes("://")
    )
    .map((text) => SafePath.from(text, plan.cwd))
    .map((path) => resolvePath(path).real);
}

function isPrivate(plan: Plan, path: SafePath): boolean {
  const above = plan.mounts.findLast((mount) =>
    "target" in mount && mount.kind !== "seal" && SafePath.of(mount.target).contains(path)
  );
  return above?.kind === "tmpfs" && above.mode !== "0111" || above?.kind === "proc" || above?.kind === "dev";
}

/**
 * Paths among the arguments of a command that failed, which the policy really denies. What the command wrote to
 * stderr is not looked at.
 *
 * @param time RFC 3339 time of the events
 */
export function deniedArguments(plan: Plan, time: string): DecisionEvent[] {
  return candidates(plan).flatMap((path) => deniedSocket(plan, path, time) ?? deniedPath(plan, path, time));
}

// What is no socket on the host is undefined.
function deniedSocket(plan: Plan, path: SafePath, time: string): DecisionEvent[] | undefined {
  if (resolvePath(path).kind !== "socket") return undefined;
  if (plan.unix.some((rule) => rule.path.equals(path))) return [];
  const target = path.toString();
  const reason = "no rule allows it";
  return [{ time, kind: "unix", decision: "deny", target, reason, suggestion: `--allow-unix=${target}` }];
}

function deniedPath(plan: Plan, path: SafePath, time: string): DecisionEvent[] {
  const program = (plan.command[0] ?? "").split("/").at(-1) ?? "";
  return [path].filter((path) => !isPrivate(plan, path)).flatMap((path): DecisionEvent[] => {
    const access = decidePath(plan.decider, "read", path).allowed ? "write" : "read";
    if (access === "write" && !WRITERS.has(program)) return [];
    const decision = decidePath(plan.decider, access, path);
    if (decision.allowed || (access === "read" && !exists(path))) return [];
    return [{
      time,
      kind: access,
      decision: "deny",
      target: path.toString(),
      reason: decision.reason,
      ...(decision.rule === undefined
        ? {}
        : { rule: { text: decision.rule.text, origin: decision.rule.origin } }),
      ...(decision.suggestion === undefined ? {} : { suggestion: decision.suggestion }),
    }];
  });
}

function exists(path: SafePath): boolean {
  return resolvePath(path).kind !== undefined;
}
