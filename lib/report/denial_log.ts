import type { DecisionEvent } from "./event.ts";
import { isUnreached } from "./is_unreached.ts";

const MOST_LINES = 5;
// A command that asks for ever new names must not fill the tool's memory.
const MOST_KEPT = 1000;

/** What to say at the end of a run. */
export interface Summary {
  readonly events: readonly DecisionEvent[];
  /** How many are left out. */
  readonly more: number;
}

interface Noted {
  readonly event: DecisionEvent;
  count: number;
}

type Notes = Map<string, Noted>;

function add(notes: Notes, key: string, event: DecisionEvent): void {
  const known = notes.get(key);
  if (known !== undefined) known.count++;
  else if (notes.size < MOST_KEPT) notes.set(key, { event, count: 1 });
}

function first(notes: readonly Noted[]): Summary {
  return {
    events: notes.slice(0, MOST_LINES).map(({ event }) => event),
    more: Math.max(0, notes.length - MOST_LINES),
  };
}

/** Remembers what was denied, and what was allowed but could not be reached, each thing once, and how often. */
export class DenialLog {
  readonly #denied: Notes = new Map();
  readonly #unreached: Notes = new Map();

  note(event: DecisionEvent): void {
    const { kind, target, reason, detail } = event;
    if (event.decision === "deny") add(this.#denied, `${kind} ${target} ${reason}`, event);
    else if (isUnreached(event)) add(this.#unreached, `${target} ${detail?.["error"]}`, event);
  }

  /** Whether nothing was denied. */
  get isEmpty(): boolean {
    return this.#denied.size === 0;
  }

  #sorted(): Noted[] {
    const useful = ({ event }: Noted) => event.suggestion === undefined ? 0 : 1;
    return [...this.#denied.values()].sort((a, b) => useful(b) - useful(a) || b.count - a.count);
  }

  /** What was denied, the most useful first: with a flag that would help, then the most frequent. */
  summary(): Summary {
    return first(this.#sorted());
  }

  /** All that was denied, in the same order. */
  denied(): DecisionEvent[] {
    return this.#sorted().map(({ event }) => event);
  }

  /** What was allowed and could not be reached, the most frequent first. */
  unreached(): Summary {
    return first([...this.#unreached.values()].sort((a, b) => b.count - a.count));
  }
}
