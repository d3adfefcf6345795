import type { Voice } from "./voice.ts";

/** What a run has done so far. */
export type Phase =
  | "start script begun"
  | "runtime up"
  | "modules loaded"
  | "flags parsed"
  | "policy parsed"
  | "host inspected"
  | "facts gathered"
  | "plan made"
  | "gateway listening"
  | "sandbox spawned"
  | "sandbox up"
  | "first connection accepted"
  | "first connection served"
  | "command ended"
  | "tree checked";

interface Mark {
  readonly phase: Phase;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** When each phase of one run was over. Made only where it is asked for. */
export class StartTrace {
  readonly #marks: Mark[] = [];

  /**
   * @param loaded When the modules had been loaded, by `performance.now`
   * @param begun When the start script began, in nanoseconds since 1970, where it has said so
   */
  constructor(loaded: number, begun: string | undefined) {
    if (begun !== undefined && /^\d{18,20}$/.test(begun)) {
      this.#marks.push({ phase: "start script begun", at: Number(begun) / 1e6 });
    }
    this.#marks.push({ phase: "runtime up", at: performance.timeOrigin });
    this.#marks.push({ phase: "modules loaded", at: performance.timeOrigin + loaded });
  }

  /** Notes that a phase is over. */
  mark(phase: Phase): void {
    this.#marks.push({ phase, at: performance.timeOrigin + performance.now() });
  }

  /** Says all of it, a line each: since the first one, and since the one before. */
  tell(voice: Pick<Voice, "say">): void {
    const marks = this.#marks;
    const first = marks[0]?.at ?? 0;
    for (const [index, { phase, at }] of marks.entries()) {
      const since = Math.max(0, at - first);
      const own = Math.max(0, at - (marks[index - 1]?.at ?? at));
      voice.say(`${shown(since)} ms ${`+${shown(own).trim()}`.padStart(7)}  ${phase}`, {
        phase,
        milliseconds: Number(since.toFixed(3)),
      });
    }
  }
}

function shown(milliseconds: number): string {
  return milliseconds.toFixed(1).padStart(7);
}
