/** How a command is started in a sandbox; the defaults are those of `Deno.Command` and its `spawn`. */
export interface SpawnOptions {
  /** `inherit` unless given. */
  readonly stdin?: "piped" | "inherit" | "null";
  /** `inherit` unless given. */
  readonly stdout?: "piped" | "inherit" | "null";
  /** `inherit` unless given. */
  readonly stderr?: "piped" | "inherit" | "null";
  /** Working directory; relative ones start at the sandbox's, which it is unless given. The policy does not move with it. */
  readonly cwd?: string | URL;
  /** Variables beside those that the policy gives, as if it set them. */
  readonly env?: Readonly<Record<string, string>>;
  /** Ends the command: with TERM, and with KILL where it is still there five seconds later. */
  readonly signal?: AbortSignal;
}
