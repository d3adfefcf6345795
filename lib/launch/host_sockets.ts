import { lstat, resolvePath } from "../paths/resolve_path.ts";
import { SafePath } from "../paths/safe_path.ts";
import type { HostSockets } from "../plan/host_facts.ts";
import { TomboloError } from "../report/tombolo_error.ts";

/** The user whom the sandbox stands for. */
interface Who {
  readonly uid: number | null;
  readonly groups: ReadonlySet<number>;
}

/** What the kernel says of one bound socket. */
export type BoundName = { readonly name: string } | { readonly bytes: Uint8Array };

const HEADER = /^[0-9a-f]+: [0-9A-F]{8} [0-9A-F]{8} [0-9A-F]{8} [0-9A-F]{4} [0-9A-F]{2} +\d+(?: (.*))?$/;

/**
 * Reads /proc/net/unix. Names stand at the end of their line as they are: with spaces, with line feeds, in any
 * encoding. Abstract ones, which begin with `@`, are left out: they belong to the network namespace.
 *
 * @returns Names in the file system; as bytes where they are not UTF-8
 */
export function boundNames(table: Uint8Array): BoundName[] {
  // One character for each byte, so that nothing is lost.
  const lines = Array.from(table, (byte) => String.fromCharCode(byte)).join("").split("\n");
  const names: string[] = [];
  for (const line of lines.slice(1, -1)) {
    const match = HEADER.exec(line);
    // A name goes on after a line feed of its own.
    if (match === null) names.push(`${names.pop() ?? ""}\n${line}`);
    else names.push(match[1] ?? "");
  }
  return [...new Set(names)].filter((name) => name !== "" && !name.startsWith("@")).map((name) => {
    const bytes = Uint8Array.from(name, (character) => character.charCodeAt(0));
    try {
      return { name: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes) };
    } catch {
      return { bytes };
    }
  });
}

// Deno reads nothing below /proc for a program that has not all permissions.
function shell(script: string): Uint8Array {
  const { success, stdout } = new Deno.Command("/bin/sh", {
    args: ["-c", script],
    clearEnv: true,
    env: { PATH: "/usr/bin:/bin" },
    stdin: "null",
    stderr: "null",
  }).outputSync();
  if (success) return stdout;
  throw new TomboloError(
    "sandbox",
    "Cannot find the unix sockets of the host: /proc/net/unix is not readable",
    {
      remedy: "run without --allow-unix",
    },
  );
}

// Where processes stand that may be asked; a name without a directory is relative to one of these.
function workingDirectories(): string[] {
  const script = `for d in /proc/[0-9]*/cwd; do cd -P "$d" 2>/dev/null && printf '%s\\0' "$PWD"; done; :`;
  const text = new TextDecoder().decode(shell(script));
  return [...new Set(text.split("\0"))].filter((path) => path.startsWith("/"));
}

/** Whether a name is a socket's there, or leads into a directory that is closed to this user, and so out of reach. */
function isPlacedAt(place: string, name: string): boolean {
  const base = place === "/" ? "" : place;
  try {
    return Deno.lstatSync(`${base}/${name}`).isSocket === true;
  } catch (error) {
    const [first = ""] = name.split("/");
    return error instanceof Deno.errors.PermissionDenied && first !== name &&
      lstat(`${base}/${first}`)?.isDirectory === true;
  }
}

// A process that has ended meanwhile has no working directory, and its socket is none any more.
function stillBound(names: readonly string[]): string[] {
  if (names.length === 0) return [];
  const bound = new Set(
    boundNames(shell("exec cat /proc/net/unix")).flatMap((each) => "name" in each ? each.name : []),
  );
  return names.filter((name) => bound.has(name));
}

function isSocket(path: string): boolean {
  return lstat(path)?.isSocket === true;
}

// Those of other users' runs are gone as soon as their sandbox is up; their directory stays.
const GATEWAY = /^(.*\/tombolo\/run)\/\d+-[0-9a-z]+$/;

/**
 * Whether the sandbox gets as far as to a path. Its user namespace maps one user: root has no rights there over what
 * belongs to others, neither to reach a socket nor to hide it.
 */
function isWithinReach(path: SafePath, { uid, groups }: Who): boolean {
  return path.ancestors().every((directory) => {
    const info = lstat(directory);
    const bit = info?.uid === uid ? 0o100 : groups.has(info?.gid ?? -1) ? 0o010 : 0o001;
    return ((info?.mode ?? 0) & bit) !== 0;
  });
}

function socketsIn(directory: SafePath): SafePath[] {
  try {
    return Array.from(Deno.readDirSync(directory.toString()), ({ name }) => directory.join(name))
      .filter((path) => isSocket(path.toString()));
  } catch {
    return [];
  }
}

// The part of a name that can be written down.
function nearestDirectory(bytes: Uint8Array): SafePath {
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
  const head = text.slice(0, text.indexOf("\ufffd"));
  return SafePath.of(head.slice(0, head.lastIndexOf("/")) || "/");
}

/**
 * Looks for every unix socket of the host that has a name in the file system. One that was renamed after it was bound
 * is found where it still has its directory: all sockets beside a bound one count.
 *
 * @param hidden Directories that the policy hides, where a name without a directory may be too
 * @param gateways Directory for the sockets of tombolo's own gateways
 * @param uid The user whom the sandbox stands for
 * @throws {TomboloError} where the kernel's list cannot be read
 */
export function hostSockets(
  hidden: readonly SafePath[],
  gateways: string,
  uid: number | null,
): HostSockets {
  const output = shell("id -G && exec cat /proc/net/unix");
  const cut = output.indexOf(0x0a) + 1;
  const ids = new TextDecoder().decode(output.subarray(0, cut)).trim().split(" ");
  const who = { uid, groups: new Set(ids.map(Number)) };
  const bound = boundNames(output.subarray(cut));
  const names = bound.flatMap((each) => "name" in each ? [each.name] : []);
  const unnamable = bound.flatMap((each) => "bytes" in each ? [nearestDirectory(each.bytes)] : []);
  const absolute = names.filter((name) => name.startsWith("/"));
  const relative = names.filter((name) => !name.startsWith("/"));
  const standing = relative.length === 0 ? [] : workingDirectories();
  const places = [...standing, ...hidden.map(String)];
  const placed = relative.map((name) => ({
    name,
    paths: places.filter((place) => isPlacedAt(place, name)).map((place) => `${place}/${name}`),
  }));
  const directories = new Map<string, SafePath>();
  const runs = new Set([gateways]);
  for (const path of [...absolute, ...placed.flatMap(({ paths }) => paths)]) {
    const { real, kind } = resolvePath(SafePath.of(path).parent);
    const run = GATEWAY.exec(real.toString())?.[1];
    if (run !== undefined) runs.add(run);
    else if (kind === "directory") directories.set(real.toString(), real);
  }
  return {
    found: [...directories.values()].flatMap(socketsIn).filter((path) => isWithinReach(path, who)),
    lost: stillBound(placed.filter(({ paths }) => paths.length === 0).map(({ name }) => name)),
    unnamable: unnamable.filter((path) => isWithinReach(path.join("socket"), who)),
    gateways: [...runs].filter((path) => lstat(path)?.isDirectory).map((path) => SafePath.of(path))
      .filter((path) => isWithinReach(path, who)),
  };
}
