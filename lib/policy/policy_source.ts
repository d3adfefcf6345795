import type { LimitName } from "./limits.ts";

/** One text of a policy, with the place that it came from and the directory that it is read against. */
export interface Entry {
  readonly text: string;
  readonly origin: string;
  /** Absolute directory for relative paths. */
  readonly base: string;
  /** Whether a missing path is skipped (a preset's) instead of an error. */
  readonly optional?: boolean;
  /** Whether a missing directory is made (a cache of a preset's). */
  readonly make?: boolean;
}

/** The list of an allow or deny key: entries, or `true` for everything. */
export interface EntryList {
  readonly all?: Entry;
  readonly entries: readonly Entry[];
}

/** What a source says of an external proxy; its entry's text is the command as written. */
export interface ExternalText {
  readonly command: readonly string[];
  readonly protocol?: string;
  readonly startupTimeout?: string;
  readonly onFailure?: string;
}

/** What a preset, a policy file or the flags ask for, before anything is parsed. */
export interface PolicySource {
  /** Names of presets, in order, each with who asked for it. */
  readonly presets?: readonly Entry[];
  readonly readAllow?: EntryList;
  readonly readDeny?: EntryList;
  readonly writeAllow?: EntryList;
  readonly writeDeny?: EntryList;
  readonly netAllow?: EntryList;
  readonly netDeny?: EntryList;
  /** Paths of unix sockets; there is no `true` for all of them. */
  readonly unixAllow?: EntryList;
  /** `HOST` and `ADDRESS` texts. */
  readonly resolve?: readonly (Entry & { readonly addresses: readonly string[] })[];
  /** `env`, `none`, or a proxy's address. */
  readonly upstream?: Entry;
  readonly external?: Entry & ExternalText;
  /** `[ADDRESS:]HOSTPORT:INNERPORT`. */
  readonly publish?: readonly Entry[];
  /** Path of a file of CA certificates. */
  readonly caBundle?: Entry;
  /** Names and paths of programs. */
  readonly runAllow?: EntryList;
  readonly runDeny?: EntryList;
  readonly envAllow?: EntryList;
  readonly envDeny?: EntryList;
  readonly envSet?: readonly (Entry & { readonly value: string })[];
  /** Paths whose protection is lifted; only flags can. */
  readonly unprotect?: EntryList;
  /** Who asks for trustd, on macOS; only flags can. */
  readonly trustd?: Entry;
  readonly limits?: Readonly<Partial<Record<LimitName, Entry>>>;
  /** Absolute path of the file that this came from. */
  readonly file?: string;
}
