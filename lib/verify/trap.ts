/** What doctor has laid out on the host for the attempts of a verification. */
export interface Trap {
  /** In every secret; nothing else holds it. */
  readonly marker: string;
  /** Writable by the sandbox. */
  readonly work: string;
  /** A directory outside with a file that a command may not write. */
  readonly outside: string;
  /** Files that protections hide. */
  readonly secrets: readonly string[];
  /** tombolo's own state. */
  readonly state: string;
  /** A file in the host's /tmp. */
  readonly temporary: string;
  /** Ports on the host's loopback. */
  readonly tcp: number;
  readonly udp: number;
  /** A unix socket by its path, and one by its abstract name. */
  readonly unix: string;
  readonly abstract: string;
  /** A process on the host that has the marker in its arguments and in its environment. */
  readonly pid: number;
}

/** What an attempt came to, as seen from inside. */
export interface Reply {
  readonly id: string;
  /** Whether it got what it was after. */
  readonly reached: boolean;
  /** The errno's name, or what was seen instead, as a phrase. */
  readonly saw: string;
}

/** Names below the directories of a trap. */
export const NAMES = {
  file: "file",
  planted: "planted",
  hook: ".git/hooks/post-checkout",
  gitConfig: ".git/config",
  executed: ".vscode/tasks.json",
} as const;
