import type { FileKind, ResolvedPath } from "../../lib/paths/resolve_path.ts";
import { SafePath } from "../../lib/paths/safe_path.ts";
import type { HostFacts, HostSockets, ProgramFacts } from "../../lib/plan/host_facts.ts";
import type { ProtectionRule } from "../../lib/policy/decide_path.ts";
import type { PathRule, Policy } from "../../lib/policy/policy.ts";

/** What stands at a path of a fake tree: a directory, a file, a socket, or a link with its target. */
export type FakeNode = "directory" | "file" | "socket" | "other" | { readonly link: string };

/** A file tree that exists only here. */
export class FakeTree {
  readonly #nodes = new Map<string, FakeNode>([["/", "directory"]]);

  /** @param nodes Absolute paths; a trailing slash means a directory, `a -> b` a link, `%a` a socket,
   * `=a` a device, else a file */
  constructor(nodes: Iterable<string>) {
    for (const text of nodes) {
      const [path = "", link] = text.split(" -> ");
      if (link !== undefined) this.add(path, { link });
      else if (path.startsWith("%")) this.add(path.slice(1), "socket");
      else if (path.startsWith("=")) this.add(path.slice(1), "other");
      else if (path.endsWith("/")) this.add(path.replace(/\/+$/, "") || "/", "directory");
      else this.add(path, "file");
    }
  }

  add(path: string, node: FakeNode): void {
    const cut = path.lastIndexOf("/");
    if (cut > 0 && !this.#nodes.has(path.slice(0, cut))) this.add(path.slice(0, cut), "directory");
    this.#nodes.set(path, node);
  }

  get paths(): string[] {
    return [...this.#nodes.keys()];
  }

  at(path: string): FakeNode | undefined {
    return this.#nodes.get(path);
  }

  /** Follows links as the kernel does. */
  resolve(path: string): ResolvedPath {
    const links: SafePath[] = [];
    const done: string[] = [];
    const todo = path.split("/").filter((part) => part !== "");
    const here = () => "/" + done.join("/");
    while (todo.length > 0) {
      const part = todo.shift() ?? "";
      if (part === "..") {
        done.pop();
        continue;
      }
      done.push(part);
      const node = this.#nodes.get(here());
      if (node === undefined) {
        const last = links.at(-1);
        const dangling = last !== undefined && !this.#exists(last.toString());
        const real = SafePath.of([here(), ...todo].join("/"));
        return { real, kind: undefined, links, ...(dangling ? { broken: last } : {}) };
      }
      if (typeof node === "string") continue;
      links.push(SafePath.of(here()));
      if (links.length > 40) {
        return { real: SafePath.of(path), kind: undefined, links, broken: SafePath.of(here()) };
      }
      done.pop();
      if (node.link.startsWith("/")) done.length = 0;
      todo.unshift(...node.link.split("/").filter((piece) => piece !== "" && piece !== "."));
    }
    return { real: SafePath.of(here()), kind: this.#kind(here()), links };
  }

  #exists(link: string): boolean {
    const node = this.#nodes.get(link);
    if (typeof node !== "object") return node !== undefined;
    const parent = link.slice(0, link.lastIndexOf("/"));
    return this.resolve(node.link.startsWith("/") ? node.link : `${parent}/${node.link}`).kind !== undefined;
  }

  #kind(path: string): FileKind | undefined {
    const node = this.#nodes.get(path);
    return typeof node === "object" ? "symlink" : node;
  }
}

/** What of the host a test sets by hand. */
export interface FakeHost {
  readonly tree: FakeTree;
  readonly policy: Policy;
  readonly cwd?: string;
  readonly home?: string;
  readonly protections?: readonly ProtectionRule[];
  readonly privateDirectories?: readonly string[];
  /** Links that no sandbox can have planted; all of them unless named. */
  readonly trusted?: readonly string[];
  /** Links such as /lib64. */
  readonly systemLinks?: readonly string[];
  readonly env?: string;
  readonly programs?: ProgramFacts;
  readonly sockets?: HostSockets;
}

/** Facts about a host that exists only here. */
export function hostFacts(host: FakeHost): HostFacts {
  const { tree, policy } = host;
  const resolved = new Map<string, ResolvedPath>();
  const look = (path: SafePath) => {
    if (resolved.has(path.toString())) return;
    const found = tree.resolve(path.toString());
    resolved.set(path.toString(), found);
    found.links.forEach(look);
  };
  const protections = host.protections ?? [];
  for (
    const list of [
      policy.read.allow,
      policy.read.deny,
      policy.write.allow,
      policy.write.deny,
      policy.unprotect,
      policy.unix ?? [],
      protections,
      host.programs?.deny ?? [],
    ]
  ) {
    for (const { path } of list) look(path);
  }
  const systemLinks = (host.systemLinks ?? []).map((path) => SafePath.of(path));
  systemLinks.forEach(look);
  const links = tree.paths.filter((path) => typeof tree.at(path) === "object");
  return {
    arch: "x86_64",
    home: host.home === undefined ? undefined : SafePath.of(host.home),
    cwd: SafePath.of(host.cwd ?? "/"),
    resolved,
    trustedLinks: new Set(host.trusted ?? links),
    systemLinks,
    protections,
    globs: [],
    privateDirectories: (host.privateDirectories ?? ["/tmp", "/run"]).map((path) => SafePath.of(path)),
    maskFile: "/state/mask/file",
    maskDirectory: "/state/mask/directory",
    ...(host.programs === undefined ? {} : { programs: host.programs }),
    ...(host.env === undefined ? {} : { env: host.env }),
    ...(host.sockets === undefined ? {} : { sockets: host.sockets }),
  };
}

/** Paths of rules, by list. */
export interface RuleTexts {
  readonly readAllow?: readonly string[];
  readonly readDeny?: readonly string[];
  readonly writeAllow?: readonly string[];
  readonly writeDeny?: readonly string[];
}

/** A policy about paths alone. */
export function pathPolicy(texts: RuleTexts, rest: Partial<Policy> = {}): Policy {
  const rules = (list: readonly string[] | undefined, origin: string): PathRule[] =>
    (list ?? []).map((text) => ({ text, origin, path: SafePath.of(text), optional: false }));
  return {
    base: "none",
    read: { allow: rules(texts.readAllow, "--allow-read"), deny: rules(texts.readDeny, "--deny-read") },
    write: { allow: rules(texts.writeAllow, "--allow-write"), deny: rules(texts.writeDeny, "--deny-write") },
    net: { allow: [], deny: [], resolve: new Map() },
    run: { deny: [] },
    env: { allow: [], deny: [], set: new Map() },
    unprotect: [],
    limits: {},
    notices: [],
    files: [],
    ...rest,
  };
}

/** A protection of a path. */
export function protection(path: string, denies: ProtectionRule["denies"]): ProtectionRule {
  return {
    text: path,
    origin: "protection test",
    path: SafePath.of(path),
    denies,
    reason: "it is protected",
  };
}
