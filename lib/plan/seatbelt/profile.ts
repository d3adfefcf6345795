import type { SafePath } from "../../paths/safe_path.ts";
import { TomboloError } from "../../report/tombolo_error.ts";
import type { Plan } from "../plan.ts";
import { DEVICES, OWN_DEVICES } from "./devices.ts";
import type { FileRule } from "./file_rules.ts";
import { MACH_SERVICES, type MachService, NETWORK_SERVICES, TRUST_SERVICES } from "./mach_services.ts";
import { Parameters } from "./parameters.ts";
import type { SeatbeltRules } from "./seatbelt_rules.ts";
import { SYSCTLS } from "./sysctls.ts";
import { SYSTEM_PATHS, WAYPOINTS } from "./system_paths.ts";

/** A profile for sandbox-exec(1). */
export interface Profile {
  /** ASCII, and the same whatever paths it is about. */
  readonly text: string;
  /** For `-D`: what the text calls by name. */
  readonly parameters: ReadonlyMap<string, string>;
}

/** What of a plan its profile is made from. */
export interface ProfileSource extends Pick<Plan, "network" | "unix" | "caBundle"> {
  readonly rules: SeatbeltRules;
}

/** What is known only when the sandbox starts. */
export interface ProfileContext {
  /** Real path of the run's own directory for temporary files. */
  readonly temporary: string;
  /** Real path of the terminal, where the command has one. */
  readonly terminal?: string;
  /** Loopback port of the gateway; wanted where the plan has one. */
  readonly port?: number;
}

// execve(2) takes a mebibyte of arguments and variables together on macOS.
const MOST_BYTES = 768 * 1024;

const HEAD = `(version 1)
(deny default)
; These are not among the defaults.
(deny process-info*)
(deny nvram*)
(deny iokit-get-properties)

(allow process-fork)
; Its own processes: nothing of the host's.
(allow process-info* (target same-sandbox))
(allow signal (target same-sandbox))
(allow ipc-posix-sem)
(allow ipc-posix-shm*)
; How many processors there are.
(allow mach-host*)
(allow pseudo-tty)
; A second name for a file would have no rules.
(if (defined? 'file-link) (deny file-link))`;

function rule(action: "allow" | "deny", operations: string, filters: readonly string[]): string[] {
  if (filters.length === 0) return [];
  if (filters.length === 1) return [`(${action} ${operations} ${filters[0]})`];
  return [`(${action} ${operations}`, ...filters.map((filter) => `  ${filter}`), ")"];
}

function literals(paths: readonly string[]): string[] {
  return paths.map((path) => `(literal "${path}")`);
}

function services({ network, rules: { trustd } }: ProfileSource): string[] {
  const all: MachService[] = [
    ...MACH_SERVICES,
    ...(network === "gateway" ? NETWORK_SERVICES : []),
    ...(trustd ? TRUST_SERVICES : []),
  ];
  return rule("allow", "mach-lookup", all.map(({ name }) => `(global-name "${name}")`));
}

function sysctls(): string[] {
  return rule(
    "allow",
    "sysctl-read",
    SYSCTLS.map(({ name, isPrefix }) =>
      `(${isPrefix === true ? "sysctl-name-prefix" : "sysctl-name"} "${name}")`
    ),
  );
}

function system(): string[] {
  const filters = SYSTEM_PATHS.map(({ path, alone }) =>
    `(${alone === true ? "literal" : "subpath"} "${path}")`
  );
  return rule("allow", "file-read*", filters);
}

// What one rule changes, as the operations that it allows and denies.
function changes({ view, around }: FileRule): { allow?: string; deny?: string; kind: string } {
  if (view === "none") return { deny: "file-read* file-write*", kind: "HIDE" };
  if (view === "write") {
    return { allow: around === "none" ? "file-read* file-write*" : "file-write*", kind: "WRITE" };
  }
  return around === "none" ? { allow: "file-read*", kind: "READ" } : { deny: "file-write*", kind: "KEEP" };
}

// Neighbours that change the same share one rule: what is deeper comes later all the same.
function files({ rules: { files: { rules } } }: ProfileSource, parameters: Parameters): string[] {
  const groups: { action: "allow" | "deny"; operations: string; filters: string[] }[] = [];
  for (const each of rules) {
    const { allow, deny, kind } = changes(each);
    const [action, operations] = deny === undefined
      ? ["allow" as const, allow ?? ""]
      : ["deny" as const, deny];
    const filters = parameters.filters(
      kind,
      each.path,
      each.holdsBelow ? ["literal", "subpath"] : ["literal"],
    );
    const last = groups.at(-1);
    if (last?.action === action && last.operations === operations) last.filters.push(...filters);
    else groups.push({ action, operations, filters });
  }
  return groups.flatMap(({ action, operations, filters }) => rule(action, operations, filters));
}

function names(paths: readonly SafePath[], kind: string, parameters: Parameters): string[] {
  return paths.flatMap((path) => parameters.filters(kind, path, ["literal"]));
}

// Terminals that the command makes for itself carry a mark of the kernel's; every other one is somebody else's.
const OWN_TERMINALS = '(require-all (regex #"^/dev/ttys[0-9]+$") (extension "com.apple.sandbox.pty"))';

function devices({ terminal }: ProfileContext, parameters: Parameters): string[] {
  const both = DEVICES.filter(({ access }) => access === "read and write").map(({ path }) => path);
  const own = [
    ...OWN_DEVICES.map((path) => `(${path === "/dev/fd" ? "subpath" : "literal"} "${path}")`),
    '(literal "/dev/ptmx")',
    OWN_TERMINALS,
    ...(terminal === undefined ? [] : parameters.filters("TERMINAL", terminal, ["literal"])),
  ];
  return [
    ...rule("allow", "file-read*", [...literals(DEVICES.map(({ path }) => path)), ...own]),
    ...rule("allow", "file-write-data file-ioctl", [...literals(both), ...own]),
    "; Typing for the user.",
    "(if (defined? 'TIOCSTI) (deny file-ioctl (ioctl-command TIOCSTI)))",
  ];
}

function temporary({ temporary: path }: ProfileContext, parameters: Parameters): string[] {
  return [
    ...rule("allow", "file-read* file-write*", parameters.filters("TMPDIR", path, ["literal", "subpath"])),
    ...rule("deny", "file-write-unlink", parameters.filters("TMPDIR", path, ["literal"])),
  ];
}

function programs({ rules: { exec: { allow, deny } } }: ProfileSource, parameters: Parameters): string[] {
  const whole = ["literal", "subpath"] as const;
  const allowed = (allow ?? []).flatMap((path) => parameters.filters("RUN", path, whole));
  return [
    ...(allow === undefined ? ["(allow process-exec*)"] : rule("allow", "process-exec*", allowed)),
    ...rule("deny", "process-exec*", deny.flatMap((path) => parameters.filters("NORUN", path, ["literal"]))),
  ];
}

// A remote rule knows no address but "localhost" and "*".
function gateway({ network }: ProfileSource, { port }: ProfileContext): string[] {
  if (network === "none") return [];
  if (port === undefined || !Number.isInteger(port) || port < 1 || port > 65535) {
    throw new TypeError(`Cannot make a profile: ${port} is no port of a gateway`);
  }
  return [`(allow network-outbound (remote tcp "localhost:${port}"))`];
}

function sockets({ unix }: ProfileSource, parameters: Parameters): string[] {
  if (unix.length === 0) return [];
  const paths = names(unix.map(({ path }) => path), "SOCKET", parameters);
  return [
    "(allow system-socket (socket-domain AF_UNIX))",
    ...rule("allow", "network-outbound", paths.map((filter) => `(remote unix-socket ${filter})`)),
    ...rule("allow", "file-read-metadata", paths),
  ];
}

function refuseTooLong(text: string, { values }: Parameters): void {
  const bytes = Array.from(values, ([key, value]) => key.length + value.length + "-D = ".length)
    .reduce((sum, each) => sum + each, text.length);
  if (bytes <= MOST_BYTES) return;
  throw new TomboloError(
    "policy",
    `Cannot guard ${values.size} paths one by one: the profile would be ${bytes} bytes, and the system takes ${MOST_BYTES}`,
    { remedy: "deny the directories that hold them" },
  );
}

/**
 * The profile of a plan. Of the rules that speak of one operation and one path the last decides; those about a part of
 * what another allows (`file-write-unlink` of `file-write*`) come after it, so that it does not matter which of both a
 * version of the system looks at first.
 *
 * @throws {TomboloError} where it is longer than the system takes
 */
export function seatbeltProfile(plan: ProfileSource, context: ProfileContext): Profile {
  const parameters = new Parameters();
  const section = (title: string, lines: readonly string[]) =>
    lines.length === 0 ? [] : ["", `; ${title}`, ...lines];
  const bundle = plan.caBundle === undefined
    ? []
    : rule("allow", "file-read*", parameters.filters("BUNDLE", plan.caBundle, ["literal"]));
  const text = [
    HEAD,
    ...section("Services of the system", services(plan)),
    ...section("Values of the kernel", sysctls()),
    ...section("What nothing starts without", system()),
    ...section("Files, by depth", files(plan, parameters)),
    ...section("On the way", [
      ...rule("allow", "file-read-metadata", literals(WAYPOINTS)),
      ...rule("allow", "file-read-metadata", names(plan.rules.files.waypoints, "WAY", parameters)),
    ]),
    ...section("Certificates", bundle),
    ...section("Temporary files", temporary(context, parameters)),
    ...section(
      "What stays in its place",
      rule("deny", "file-write-unlink", names(plan.rules.files.pinned, "PIN", parameters)),
    ),
    ...section("Devices", devices(context, parameters)),
    ...section("Programs", programs(plan, parameters)),
    ...section("Network", [...gateway(plan, context), ...sockets(plan, parameters)]),
    "",
  ].join("\n");
  refuseTooLong(text, parameters);
  return { text, parameters: parameters.values };
}
