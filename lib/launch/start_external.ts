import { ExternalProxy } from "../egress/external_proxy.ts";
import { findProxyProgram } from "../egress/find_proxy_program.ts";
import type { SafePath } from "../paths/safe_path.ts";
import type { ExternalRule } from "../policy/net_policy.ts";
import { escape, quote } from "../report/escape.ts";
import type { EventSink } from "../report/event.ts";
import { TomboloError } from "../report/tombolo_error.ts";
import type { Voice } from "../report/voice.ts";

/** What an external proxy is started with. */
export interface ExternalStart {
  readonly rule: ExternalRule;
  /** The whole environment of the caller. */
  readonly caller: Readonly<Record<string, string>>;
  /** Whether a sandbox may write at a real path. */
  readonly isWritableInside: (path: SafePath) => boolean;
  readonly voice: Pick<Voice, "detail" | "warn">;
  /** Takes an event where the proxy ends before it is closed. */
  readonly onEvent: EventSink;
}

/**
 * Starts the external proxy of a policy.
 *
 * @returns The proxy; `undefined` where it cannot start and the policy asks for no more than a warning
 * @throws {TomboloError} Where it cannot start otherwise
 */
export async function startExternal(start: ExternalStart): Promise<ExternalProxy | undefined> {
  const { rule, caller, isWritableInside, voice } = start;
  try {
    const program = findProxyProgram(rule, {
      searchPath: caller["PATH"] ?? "/usr/bin:/bin",
      cwd: Deno.cwd(),
      isWritableInside,
      uid: Deno.uid(),
    });
    const onOutput = (line: string) => voice.detail(`external proxy: ${escape(line)}`);
    const proxy = await ExternalProxy.start({ rule, program, environment: caller, onOutput });
    voice.detail(`external proxy on port ${proxy.port}`);
    proxy.ended.then((how) => reportEnd(start, proxy, how));
    return proxy;
  } catch (error) {
    if (rule.onFailure === "fail" || !(error instanceof TomboloError)) throw error;
    voice.warn(`${error.message}; the command runs without network`);
    return undefined;
  }
}

function reportEnd({ rule, voice, onEvent }: ExternalStart, proxy: ExternalProxy, how: string): void {
  if (proxy.isClosing) return;
  onEvent({
    time: new Date().toISOString(),
    kind: "lifecycle",
    decision: "deny",
    target: rule.text,
    rule: { text: rule.text, origin: rule.origin },
    reason: `the external proxy ${how}`,
  });
  voice.warn(`the external proxy ${quote(rule.text)} ${how}: nothing can be reached any more`);
}
