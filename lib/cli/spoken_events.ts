import { denialLine } from "../report/denials.ts";
import { escape } from "../report/escape.ts";
import type { DecisionEvent, EventSink } from "../report/event.ts";
import type { Voice } from "../report/voice.ts";

/** Clients that ask for ever new names must fill neither the memory nor the terminal. */
const MOST_SAID = 1000;

/**
 * Says denials as they happen, each once, and with `--verbose` what was allowed.
 *
 * @param next Takes every event
 */
export function spokenEvents(voice: Voice, next: EventSink): EventSink {
  const said = new Set<string>();
  return (event: DecisionEvent) => {
    next(event);
    if (event.decision === "allow") {
      voice.detail(
        `allowed ${event.kind} ${escape(event.target)} (${escape(event.rule?.text ?? event.reason)})`,
      );
      return;
    }
    const line = denialLine(event);
    if (said.has(line) || said.size > MOST_SAID) return;
    said.add(line);
    if (said.size <= MOST_SAID) voice.say(line, { event });
    else voice.say("further denials are not shown; --events=FILE records all");
  };
}
