/** What a terminal showed, and when: in seconds from the start. */
export interface CastEvent {
  readonly at: number;
  readonly text: string;
}

/** A recording of a terminal. */
export interface Cast {
  readonly width: number;
  readonly height: number;
  readonly title: string;
  readonly events: readonly CastEvent[];
}

/** The recording as an asciicast, version 2. */
export function asciicast({ width, height, title, events }: Cast): string {
  const lines = [
    { version: 2, width, height, title, env: { SHELL: "/bin/bash", TERM: "xterm-256color" } },
    ...events.map(({ at, text }) => [Number(at.toFixed(3)), "o", text]),
  ];
  return lines.map((line) => `${JSON.stringify(line)}\n`).join("");
}
