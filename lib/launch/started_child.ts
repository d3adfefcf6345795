/** What starts a sandbox, from when it was started to its end. */
export interface StartedChild {
  /** Settles when it has ended. */
  readonly ended: Promise<unknown>;
  /** How it has ended, once it has. */
  readonly status: () => Promise<Deno.CommandStatus>;
  /** Ends it, unless it has ended. */
  readonly kill: () => void;
}

/** One that is a child of Deno's own. */
export function startedChild(child: Deno.ChildProcess): StartedChild {
  return {
    ended: child.status,
    status: () => child.status,
    kill() {
      try {
        child.kill("SIGKILL");
      } catch {
        // It has ended by itself.
      }
    },
  };
}
