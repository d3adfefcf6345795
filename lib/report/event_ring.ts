import type { DecisionEvent } from "./event.ts";

const MOST_KEPT = 200;

/** The last events, the oldest first; older ones make room for new ones. */
export class EventRing {
  #events: DecisionEvent[] = [];
  #dropped = 0;

  /** @param size So many are kept; 200 unless given */
  constructor(private readonly size: number = MOST_KEPT) {}

  /** How many have made room since the ring was last drained. */
  get dropped(): number {
    return this.#dropped;
  }

  add(event: DecisionEvent): void {
    this.#events.push(event);
    if (this.#events.length <= this.size) return;
    this.#events.shift();
    this.#dropped++;
  }

  /** What is kept now; it stays. */
  snapshot(): DecisionEvent[] {
    return [...this.#events];
  }

  /** Takes out what is kept. */
  drain(): DecisionEvent[] {
    const taken = this.#events;
    this.#events = [];
    this.#dropped = 0;
    return taken;
  }
}
