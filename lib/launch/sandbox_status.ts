import { VANISHED } from "../plan/launch_orders.ts";

/** What bubblewrap writes about itself (bwrap(1), --json-status-fd), and what starts it and stage2 add. */
export abstract class SandboxStatus {
  /** All that has been written so far. */
  protected abstract text(): string;

  /** The sandbox's init, as the host sees it; `undefined` until there is one. */
  get initPid(): number | undefined {
    const pid = /"child-pid": (\d+)/.exec(this.text())?.[1];
    return pid === undefined ? undefined : Number(pid);
  }

  /** Exit status of the command, or its starter; `undefined` where it has not ended, or was never executed. */
  get exitCode(): number | undefined {
    const code = /"exit-code": (\d+)/.exec(this.text())?.[1];
    return code === undefined ? undefined : Number(code);
  }

  /** Whether the sandbox was built and the command, or its starter, was executed. */
  get wasBuilt(): boolean {
    return this.exitCode !== undefined;
  }

  /** Whether the starting shell found descriptors that only stage2 can close. */
  get hasLeak(): boolean {
    return this.text().startsWith("leaked");
  }

  /** Whether stage2 found that something had vanished which it was to guard; the command was not started. */
  get hasVanished(): boolean {
    return this.text().split("\n").includes(VANISHED);
  }
}
