import { quote } from "../report/escape.ts";
import { TomboloError } from "../report/tombolo_error.ts";
import type { BaseName } from "./policy.ts";
import { type MovedPlace, TOOLCHAINS } from "./toolchains.ts";

/** What a preset adds, as texts; the working directory and the network are not named here. */
export interface Preset {
  /** Set for the presets of which a policy has exactly one. */
  readonly base?: BaseName;
  readonly purpose: string;
  readonly read?: readonly (string | MovedPlace)[];
  /** Not read, though something above is. */
  readonly deny?: readonly (string | MovedPlace)[];
  /** Written where it exists. */
  readonly write?: readonly (string | MovedPlace)[];
  /** Written, and made where it is missing. */
  readonly caches?: readonly (string | MovedPlace)[];
  readonly net?: readonly string[];
  readonly env?: readonly string[];
}

// Identity, locale, terminal and place: nothing here names a credential.
const ORDINARY_ENVIRONMENT = [
  "HOME",
  "USER",
  "LOGNAME",
  "SHELL",
  "PATH",
  "PWD",
  "TERM",
  "COLORTERM",
  "LANG",
  "LANGUAGE",
  "LC_*",
  "TZ",
  "TMPDIR",
  "XDG_CONFIG_HOME",
  "XDG_CACHE_HOME",
  "XDG_DATA_HOME",
  "XDG_STATE_HOME",
  "EDITOR",
  "VISUAL",
  "PAGER",
  "NO_COLOR",
  "FORCE_COLOR",
  "CI",
] as const; // deno-fmt-ignore

// What programs are made of and configured by (file-hierarchy(7)); not /home, /root, /srv, /mnt, nor data in /var.
const SYSTEM_DIRECTORIES = [
  "/usr",
  "/bin",
  "/sbin",
  "/lib",
  "/lib32",
  "/lib64",
  "/libx32",
  "/etc",
  "/opt",
  "/nix",
  "/gnu",
  "/home/linuxbrew/.linuxbrew",
  // Where some distributions have what /etc/ssl leads to.
  "/var/lib/ca-certificates",
  // How many processors there are.
  "/sys/devices/system/cpu",
  // On macOS, and what its compilers are in.
  "/System",
  "/Library/Developer",
  "/Applications/Xcode.app",
] as const;

// Readable for root alone, and root may be who runs this.
const SYSTEM_SECRETS = [
  "/etc/shadow",
  "/etc/shadow-",
  "/etc/gshadow",
  "/etc/gshadow-",
  "/etc/sudoers",
  "/etc/sudoers.d",
  "/etc/ssl/private",
  "/etc/ssh/ssh_host_rsa_key",
  "/etc/ssh/ssh_host_ecdsa_key",
  "/etc/ssh/ssh_host_ed25519_key",
  "/etc/krb5.keytab",
  "/etc/wireguard",
  "/etc/letsencrypt",
  "/etc/NetworkManager/system-connections",
] as const;

/** The built-in presets, by name. */
export const PRESETS: Readonly<Record<string, Preset>> = {
  workspace: {
    base: "workspace",
    purpose: "read everything but secrets, write the working directory and a private /tmp, no network",
    read: ["/", "."],
    write: ["."],
    env: ORDINARY_ENVIRONMENT,
  },
  "read-only": {
    base: "read-only",
    purpose: "read everything but secrets, write only a private /tmp, no network",
    read: ["/", "."],
    env: ORDINARY_ENVIRONMENT,
  },
  none: {
    base: "none",
    purpose: "nothing of the host: only /dev, /proc and a private /tmp",
  },
  strict: {
    base: "strict",
    purpose:
      "read the system's directories and the working directory, write the latter and a private /tmp, no network",
    read: [...SYSTEM_DIRECTORIES, "."],
    deny: SYSTEM_SECRETS,
    write: ["."],
    env: ORDINARY_ENVIRONMENT,
  },
  ...TOOLCHAINS,
};

/**
 * Looks a preset up.
 *
 * @throws {TomboloError} where no preset has that name
 */
export function preset(name: string, origin: string): Preset {
  const found = Object.hasOwn(PRESETS, name) ? PRESETS[name] : undefined;
  if (found !== undefined) return found;
  throw new TomboloError(
    "policy",
    `Cannot use preset ${quote(name)} (${origin}): it is not one of ${Object.keys(PRESETS).join(", ")}`,
  );
}
