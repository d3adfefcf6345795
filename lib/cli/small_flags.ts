import type { FlagRow } from "./flags.ts";

const HELP: FlagRow = { name: "help", short: "h", value: "none", purpose: "show this help" };

/** Every flag of `restore`. */
export const RESTORE_FLAGS: readonly FlagRow[] = [
  { name: "list", value: "none", purpose: "show what is set aside; the default without NAME" },
  { name: "json", value: "none", purpose: "print JSON" },
  HELP,
];

/** Every flag of `policy`. */
export const POLICY_FLAGS: readonly FlagRow[] = [HELP];

/** Every flag of `completions`. */
export const COMPLETION_FLAGS: readonly FlagRow[] = [HELP];
