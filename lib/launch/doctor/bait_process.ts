import { TomboloError } from "../../report/tombolo_error.ts";
import { STAGE2_ENVIRONMENT_ON_HOST, STAGE2_FLAGS } from "../../plan/stage2_flags.ts";

/** What it runs from. */
export interface BaitFiles {
  /** The Deno that runs it. */
  readonly deno: string;
  /** The bundle of a verification. */
  readonly program: string;
}

/** A process of the host that nothing inside may reach: it listens on an abstract socket. */
export class BaitProcess implements AsyncDisposable {
  private constructor(private readonly child: Deno.ChildProcess) {}

  /**
   * Starts it, and waits until it listens.
   *
   * @param name The socket's name, which is in its arguments too
   * @param environment Variables that nothing inside may see
   */
  static async start(
    { deno, program }: BaitFiles,
    name: string,
    environment: Readonly<Record<string, string>>,
  ): Promise<BaitProcess> {
    const child = new Deno.Command("/bin/sh", {
      args: [
        ...["-c", 'exec "$@"', "sh", deno, ...STAGE2_FLAGS],
        ...["--allow-ffi", program, "bait", name],
      ],
      clearEnv: true,
      env: { ...STAGE2_ENVIRONMENT_ON_HOST, ...environment },
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    const reader = child.stdout.getReader();
    const { value } = await reader.read();
    reader.releaseLock();
    if (value !== undefined) return new BaitProcess(child);
    await child.status;
    throw new TomboloError("sandbox", "Cannot verify: the process that is not to be reached did not start");
  }

  get pid(): number {
    return this.child.pid;
  }

  /** Ends it; whether somebody else had ended it before. */
  async wasEnded(): Promise<boolean> {
    await this.child.stdin.close().catch(() => {});
    const { success } = await this.child.status;
    return !success;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.child.kill("SIGKILL");
    } catch {
      // It has ended.
    }
    await this.child.stdin.close().catch(() => {});
    await this.child.stdout.cancel();
    await this.child.status;
  }
}
