import type { Rule } from "../policy/rule.ts";

/** What a decision was about. */
export type EventKind = "read" | "write" | "net" | "run" | "unix" | "limit" | "protection" | "lifecycle";

/** One decision worth recording. */
export interface DecisionEvent {
  /** RFC 3339, UTC. */
  readonly time: string;
  readonly kind: EventKind;
  readonly decision: "allow" | "deny";
  /** What was asked for: `host:port`, a path, a limit's name. Raw; escape before showing. */
  readonly target: string;
  /** The rule that decided; absent where no rule spoke. */
  readonly rule?: Rule;
  /** Why, as a short phrase: `no rule allows it`, `address 127.0.0.1 is loopback`. */
  readonly reason: string;
  /** The smallest flag that would allow it; absent where no flag would. */
  readonly suggestion?: string;
  /** Facts of the kind: byte counts, dialed address, duration in milliseconds. */
  readonly detail?: Readonly<Record<string, string | number | boolean>>;
}

/** Takes each event as it happens; must not throw. */
export type EventSink = (event: DecisionEvent) => void;
