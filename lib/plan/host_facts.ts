import type { FileKind, ResolvedPath } from "../paths/resolve_path.ts";
import type { SafePath } from "../paths/safe_path.ts";
import type { ProtectionRule } from "../policy/decide_path.ts";
import type { PathRule } from "../policy/policy.ts";
import type { RunDecider } from "../policy/decide_run.ts";
import type { RepositoryWatch } from "./plan.ts";

/** Where the parts of stage2 stand on the host. */
export interface RuntimeFiles {
  /** The Deno that runs stage2; absent where stage2 is a program of its own. */
  readonly deno?: string;
  /** stage2 as one plain JavaScript file, or as that program. */
  readonly stage2: string;
  /**
   * The loader and the libraries of what runs inside, loader first; asked for only where the policy
   * hides the host's own.
   */
  readonly libraries?: readonly string[];
}

/** Something that stands on the host. */
export interface FoundPath {
  /** Real path, but for its last component. */
  readonly path: SafePath;
  readonly kind: FileKind;
}

/** What the pattern of a deny rule matches at the start. */
export interface GlobMatches {
  readonly rule: PathRule;
  readonly matches: readonly FoundPath[];
  /** Directories whose whole contents match: denied as if they had been named. */
  readonly contents: readonly FoundPath[];
  /** What links lead to whose names match: denied as if it had been named. */
  readonly targets: readonly FoundPath[];
}

/** The programs that rules name, found on the host. */
export interface ProgramFacts extends RunDecider {
  /** What the user should know about them, one sentence each. */
  readonly notices: readonly string[];
  /** What stands in the root directory, less /run. */
  readonly topLevel: readonly SafePath[];
}

/** The unix sockets of the host that have a name in the file system. */
export interface HostSockets {
  /** Real paths, each once. */
  readonly found: readonly SafePath[];
  /** Names that are bound and could not be found: which directory they are relative to is not known. */
  readonly lost: readonly string[];
  /** Directories that hold a socket whose name cannot be written in an argument. */
  readonly unnamable: readonly SafePath[];
  /** Where sandboxes that are starting have the sockets of their gateways. */
  readonly gateways: readonly SafePath[];
}

/** What a plan needs to know of the host; gathered once, so that planning is pure. */
export interface HostFacts {
  /** Machine architecture, as `Deno.build.arch`. */
  readonly arch: "x86_64" | "aarch64";
  readonly home: SafePath | undefined;
  /** Real path of the working directory. */
  readonly cwd: SafePath;
  /** What stands at every path that a rule or protection names. */
  readonly resolved: ReadonlyMap<string, ResolvedPath>;
  /** The links among them that lie where no sandbox can write. */
  readonly trustedLinks: ReadonlySet<string>;
  /** Links of the root directory through which programs name their loader, such as /lib64. */
  readonly systemLinks: readonly SafePath[];
  readonly protections: readonly ProtectionRule[];
  /** For every deny rule with a pattern. */
  readonly globs: readonly GlobMatches[];
  /** Absent where no rule speaks of programs. */
  readonly programs?: ProgramFacts;
  /** Missing directories among them that can be made; in `resolved` they are there. */
  readonly makes?: readonly string[];
  /** Sockets that are bound on the host; looked for only where the policy opens any. */
  readonly sockets?: HostSockets;
  /** Directories of repositories outside that a writable root is a linked worktree or a submodule of. */
  readonly opened?: readonly PathRule[];
  /** What is known of repositories below the writable roots. */
  readonly repositories?: readonly RepositoryWatch[];
  /** What could not be looked at, one sentence each. */
  readonly notices?: readonly string[];
  /** Directories whose content on the host is not shown: /tmp, /run and the like. */
  readonly privateDirectories: readonly SafePath[];
  /** An empty file and an empty directory without any permission, to mount over what is hidden. */
  readonly maskFile: string;
  readonly maskDirectory: string;
  /** Absolute path of an `env` that knows `--default-signal`; absent where the host has none. */
  readonly env?: string;
  /** The host lets no fresh /proc be mounted; its own is never shown. */
  readonly withoutProc?: boolean;
}
