import { lstat, resolvePath } from "../paths/resolve_path.ts";
import { SafePath } from "../paths/safe_path.ts";
import { DEFAULT_PATH } from "../plan/default_path.ts";
import type { ProgramFacts } from "../plan/host_facts.ts";
import type { RuledProgram } from "../policy/decide_run.ts";
import type { ProgramRule, RunPolicy } from "../policy/run_policy.ts";
import { quote } from "../report/escape.ts";
import { TomboloError } from "../report/tombolo_error.ts";
import { hardLinks } from "./other_names.ts";
import { type FindProgram, programNeeds } from "./program_needs.ts";

/** What programs are looked up with. */
export interface ProgramsRequest {
  readonly run: RunPolicy;
  /** The command's PATH; `undefined` where it has none. */
  readonly searchPath: string | undefined;
  readonly cwd: SafePath;
  /** Whether no sandbox can have put a link there. */
  readonly isTrusted: (link: SafePath) => boolean;
  /** Whether this run's sandbox may write there. */
  readonly isWritable: (path: SafePath) => boolean;
}

// The command may set another PATH for its children.
const SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

interface Found {
  readonly path: SafePath;
  readonly links: readonly SafePath[];
}

function lookUp(name: string, directories: readonly SafePath[], mayRun: boolean): Found[] {
  return directories.flatMap((directory): Found[] => {
    const { real, kind, links } = resolvePath(directory.join(name));
    if (kind !== "file" || (mayRun && ((lstat(real)?.mode ?? 0) & 0o111) === 0)) return [];
    return [{ path: real, links }];
  });
}

function refusal(verb: string, { text, origin }: ProgramRule, reason: string, remedy?: string): TomboloError {
  const message = `Cannot ${verb} the running of ${quote(text)} (${origin}): ${reason}`;
  return new TomboloError("policy", message, remedy === undefined ? {} : { remedy });
}

/** Resolves what rules about programs name. */
class Programs {
  readonly notices: string[] = [];
  readonly #directories: readonly SafePath[];
  readonly #systemDirectories: readonly SafePath[];

  constructor(private readonly request: ProgramsRequest) {
    const split = (text: string) =>
      text.split(":").map((directory) => SafePath.from(directory, request.cwd.toString()));
    this.#directories = split(request.searchPath ?? DEFAULT_PATH);
    this.#systemDirectories = split(SYSTEM_PATH);
  }

  readonly find: FindProgram = (name) =>
    name.includes("/")
      ? lookUp(name, [name.startsWith("/") ? SafePath.root : this.request.cwd], true)[0]?.path
      : this.#choose(lookUp(name, this.#directories, true))?.path;

  // What the command could have put on PATH comes after what it could not, as a program that may not be executed does.
  #choose(found: readonly Found[]): Found | undefined {
    return found.find(({ path }) => !this.request.isWritable(path)) ?? found[0];
  }

  allowed(rule: ProgramRule): RuledProgram[] {
    const { path, kind } = rule.path === undefined ? this.#named(rule) : this.#at(rule, rule.path);
    const program = { path, rule: { text: rule.text, origin: rule.origin } };
    // What lies in a directory is loaded as most programs are; each script's interpreter has a name of its own.
    const needs = kind === "directory"
      ? programNeeds(resolvePath(SafePath.of("/bin/sh")).real, this.find)
        .map((need) => ({ ...need, because: `loader of programs in ${path}` }))
      : programNeeds(path, this.find);
    // Landlock knows files, not names.
    const names = kind === "file" ? this.#links(program) : [];
    return [program, ...names, ...needs.map((need) => ({ ...program, ...need }))];
  }

  #named(rule: ProgramRule): { path: SafePath; kind: "file" } {
    const found = this.#choose(lookUp(rule.text, this.#directories, true));
    if (found === undefined) {
      throw refusal("allow", rule, "no directory on the command's PATH holds it", "name its path");
    }
    this.#refusePlanted(rule, found);
    return { path: found.path, kind: "file" };
  }

  #at(rule: ProgramRule, path: SafePath): { path: SafePath; kind: "file" | "directory" } {
    const { real, kind, links } = resolvePath(path);
    if (kind !== "file" && kind !== "directory") {
      throw refusal("allow", rule, kind === undefined ? "no such file or directory" : "it is not a program");
    }
    this.#refusePlanted(rule, { path: real, links });
    return { path: real, kind };
  }

  // A link that a sandbox could have planted must not decide what is allowed (CVE-2024-42472).
  #refusePlanted(rule: ProgramRule, { path, links }: Found): void {
    const planted = links.find((link) => !this.request.isTrusted(link) || this.request.isWritable(link));
    if (planted === undefined) return;
    const reason = `${quote(planted.toString())} is a symbolic link to ${quote(path.toString())}`;
    throw refusal("allow", rule, reason, "name the target itself");
  }

  denied(rule: ProgramRule): RuledProgram[] {
    const files = rule.path === undefined
      ? lookUp(rule.text, [...this.#directories, ...this.#systemDirectories], false).map(({ path }) => path)
      : this.#deniedAt(rule, rule.path);
    const unique = [...new Map(files.map((path) => [path.toString(), path])).values()];
    return unique.flatMap((path) => this.#withLinks(rule, path));
  }

  #deniedAt(rule: ProgramRule, path: SafePath): SafePath[] {
    const { real, kind } = resolvePath(path);
    if (kind === "directory") {
      throw refusal("deny", rule, "it is a directory", `name its programs, or hide it: --deny-read=${real}`);
    }
    return kind === "file" ? [real] : [];
  }

  // A mask covers a name, not a file.
  #withLinks({ text, origin }: ProgramRule, path: SafePath): RuledProgram[] {
    const program = { path, rule: { text, origin } };
    const others = this.#links(program);
    if (others.length < linkCount(path) - 1) {
      this.notices.push(
        `${quote(path.toString())} has other names that were not found (hard links): under them ` +
          `${quote(text)} (${origin}) can be run`,
      );
    }
    return [program, ...others];
  }

  #links(program: RuledProgram): RuledProgram[] {
    const { path } = program;
    if (linkCount(path) < 2) return [];
    return hardLinks(path, [...this.#directories, ...this.#systemDirectories])
      .map((other) => ({ ...program, path: other, because: `hard link to ${path}` }));
  }
}

function linkCount(path: SafePath): number {
  return lstat(path)?.nlink ?? 1;
}

// Most programs have the same loader.
function once(list: readonly RuledProgram[]): RuledProgram[] {
  const named = list.filter(({ because }) => because === undefined);
  const seen = new Set(named.map(({ path }) => path.toString()));
  const needed = list.filter(({ path, because }) => {
    const isNew = because !== undefined && !seen.has(path.toString());
    if (isNew) seen.add(path.toString());
    return isNew;
  });
  return [...named, ...needed];
}

function topLevel(): SafePath[] {
  return Array.from(Deno.readDirSync("/"), ({ name }) => SafePath.root.join(name))
    .filter((path) => path.toString() !== "/run")
    .sort((a, b) => (a.toString() < b.toString() ? -1 : 1));
}

/**
 * Looks up every program that a rule names, and what executing it needs.
 *
 * @throws {TomboloError} where an allowed program is nowhere, or a link leads to it that a sandbox could have planted;
 * where a denied one is a directory
 */
export function gatherPrograms(request: ProgramsRequest): ProgramFacts {
  const programs = new Programs(request);
  const { allow, deny } = request.run;
  return {
    ...(allow === undefined ? {} : { allow: once(allow.flatMap((rule) => programs.allowed(rule))) }),
    deny: deny.flatMap((rule) => programs.denied(rule)),
    notices: programs.notices,
    topLevel: topLevel(),
  };
}
