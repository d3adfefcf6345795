import type { DecisionEvent } from "./event.ts";

const MOST_LINES = 5;

/** Remembers what was denied, each thing once, and how often. */
export class DenialLog {
  readonly #denied = new Map<string, { event: DecisionEvent; count: number }>();

  note(event: DecisionEvent): void {
    if (event.decision !== "deny") return;
    const key = `${event.kind} ${event.target} ${event.reason}`;
    const known = this.#denied.get(key);
    if (known !== undefined) known.count++;
    // A command that asks for ever new names must not fill the tool's memory.
    else if (this.#denied.size < 1000) this.#denied.set(key, { event, count: 1 });
  }

  get isEmpty(): boolean {
    return this.#denied.size === 0;
  }

  /** What was denied, the most useful first: with a flag that would help, then the most frequent. */
  summary(): { events: DecisionEvent[]; more: number } {
    const useful = (event: DecisionEvent) => event.suggestion === undefined ? 0 : 1;
    const sorted = [...this.#denied.values()].sort((a, b) =>
      useful(b.event) - useful(a.event) || b.count - a.count
    );
    return {
      events: sorted.slice(0, MOST_LINES).map(({ event }) => event),
      more: Math.max(0, sorted.length - MOST_LINES),
    };
  }
}
