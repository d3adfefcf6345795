import { denialLine, unreachedLine } from "../report/denials.ts";
import { escape } from "../report/escape.ts";
import type { DecisionEvent, EventSink } from "../report/event.ts";
import { isUnreached } from "../report/is_unreached.ts";
import type { Voice } from "../report/voice.ts";

/** Clients that ask for ever new names must fill neither the memory nor the terminal. */
const MOST_SAID = 1000;

/**
 * Says what was denied and what could not be reached as it happens, each once, and with `--verbose` what was allowed.
 *
 * @param next Takes every event
 */
export function spokenEvents(voice: Voice, next: EventSink): EventSink {
  const said = new Set<string>();
  return (event: DecisionEvent) => {
    next(event);
    if (event.decision === "allow" && !isUnreached(event)) {
      voice.detail(
        `allowed ${event.kind} ${escape(event.target)} (${escape(event.rule?.text ?? event.reason)})`,
      );
      return;
    }
    const line = event.decision === "deny" ? denialLine(event) : unreachedLine(event);
    if (said.has(line) || said.size > MOST_SAID) return;
    said.add(line);
    if (said.size <= MOST_SAID) voice.say(line, { event });
    else voice.say("more of this is not shown; --events=FILE records all");
  };
}
