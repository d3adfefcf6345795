/** One entry of a policy, with the place that it came from. */
export interface Rule {
  /** The rule as its author wrote it, for example `*.example.com:443` or `~/.ssh`. */
  readonly text: string;
  /** `FILE:LINE`, `--flag`, `preset NAME` or `protection NAME`. */
  readonly origin: string;
}
