import { quote } from "../report/escape.ts";
import { TomboloError } from "../report/tombolo_error.ts";
import type { BaseName } from "./policy.ts";

/** What a preset adds, as texts; the working directory and the network are not named here. */
export interface Preset {
  /** Set for the presets of which a policy has exactly one. */
  readonly base?: BaseName;
  readonly purpose: string;
  readonly read?: readonly string[];
  readonly write?: readonly string[];
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
  npm: {
    purpose: "npm's cache and registry",
    write: ["~/.npm"],
    net: ["*.npmjs.org:443"],
    env: ["NODE_ENV", "NVM_DIR", "npm_config_cache", "npm_config_registry", "NPM_CONFIG_CACHE", "NPM_CONFIG_REGISTRY"],
  },
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
