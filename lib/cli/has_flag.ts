import type { GivenFlag } from "./flags.ts";

/** Whether a flag without a value was given. */
export function has(flags: readonly GivenFlag[], name: string): boolean {
  return flags.some((flag) => flag.name === name);
}
