import type { ListenerCredential } from "../egress/listener_credential.ts";
import type { ExternalProxy } from "../egress/external_proxy.ts";
import type { EventSink } from "../report/event.ts";
import type { StartTrace } from "../report/start_trace.ts";
import type { Voice } from "../report/voice.ts";
import type { ConfineStart } from "./landlock/confine_start.ts";
import type { LiveLock } from "./live_lock.ts";
import type { CommandSignal } from "./signals.ts";
import type { Standby } from "./standby.ts";
import type { Streams } from "./spawn_shell.ts";
import type { Directories } from "./state_directory.ts";

/** What can be done to a run from outside. */
export interface RunControl {
  /** Sends a signal to the command; before there is one, the start is given up. */
  send(signal: CommandSignal): void;
}

/** What of the host a run needs beside its plan. */
export interface RunContext {
  /** bubblewrap's absolute path; absent where it is not what starts the command. */
  readonly bwrap?: string;
  /** The warden of the command to come, where Landlock confines it. */
  readonly confine?: ConfineStart;
  readonly directories: Directories;
  readonly masks: { readonly maskFile: string; readonly maskDirectory: string };
  readonly uid: number | null;
  readonly openFiles: string | undefined;
  /** Real path of the CA certificates that the policy names. */
  readonly caBundle?: string;
  readonly onEvent: EventSink;
  /** What waits to start one sandbox. */
  readonly standby?: Standby | undefined;
  /** Held since the host was looked at. */
  readonly live?: LiveLock;
  /** The proxy that the policy names, running. */
  readonly external?: ExternalProxy;
  /** Serves the sandbox's socket, where there is a gateway for more than this run. */
  readonly serve?: (
    listener: Deno.UnixListener | Deno.TcpListener,
    credential?: ListenerCredential,
  ) => AsyncDisposable;
  /** Where the command's streams lead, for `onStart` to take; to those of this process unless given. */
  readonly streams?: Streams;
  readonly onStart?: (child: Deno.ChildProcess, control: RunControl) => void;
  /** Whether this process is not tombolo's own: its signals and its event loop are left alone. */
  readonly embedded?: boolean;
  /** What is said before the command starts. */
  readonly voice: Pick<Voice, "say" | "warn">;
  /** Told when each phase is over. */
  readonly trace?: StartTrace | undefined;
}
