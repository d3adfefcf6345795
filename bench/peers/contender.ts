/** What a sandbox lets its command reach in a measurement. */
export type Network = "no network" | "one host";

/** One of the tools that are measured side by side. */
export interface Contender {
  /** The head of its column. */
  readonly name: string;

  /**
   * The command line that runs a command in its sandbox.
   *
   * @param network What the command may reach; the one host is the bench's own server
   * @param command The command
   * @param cwd The directory that it starts in and may write to
   */
  argv(network: Network, command: readonly string[], cwd: string): readonly string[];
}
