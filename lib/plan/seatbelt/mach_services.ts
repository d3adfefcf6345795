/** A service of the system that the command may speak to, by its name with launchd. */
export interface MachService {
  readonly name: string;
  /** What needs it. */
  readonly reason: string;
}

/**
 * What every command may speak to. Not among them, because they act outside of the sandbox or tell what its rules hide:
 * launch services (`open`), launchd's jobs, Apple events, the keychain (SecurityServer), preferences (cfprefsd), the
 * pasteboard, FSEvents and the resolver.
 */
export const MACH_SERVICES: readonly MachService[] = [
  {
    name: "com.apple.system.opendirectoryd.libinfo",
    reason: "names of users and groups (getpwuid, ls -l, git)",
  },
  { name: "com.apple.system.opendirectoryd.membership", reason: "which groups a user is in (id, test -w)" },
  {
    name: "com.apple.system.notification_center",
    reason: "the C library asks it whether the time zone has changed",
  },
  {
    name: "com.apple.bsd.dirhelper",
    reason: "the place of the user's caches (confstr, as compilers ask for it)",
  },
]; // deno-fmt-ignore

/** Where something may leave. */
export const NETWORK_SERVICES: readonly MachService[] = [
  {
    name: "com.apple.SystemConfiguration.configd",
    reason: "clients look there for proxies at start, and some abort where they may not",
  },
];

/** For `--allow-trustd`. It runs outside of the sandbox, and fetches from the hosts that a certificate names. */
export const TRUST_SERVICES: readonly MachService[] = [
  { name: "com.apple.trustd.agent", reason: "Go's and Swift's clients have it check certificates" },
];
