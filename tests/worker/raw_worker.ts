import { type Box, TOMBOLO, within } from "../system/tombolo.ts";
import { encodeFrame, frameLength } from "../../lib/worker/frame.ts";

/** A message of a worker. */
export interface RawAnswer {
  readonly fields: Readonly<Record<string, unknown>>;
  readonly payload: Uint8Array<ArrayBuffer>;
}

// Descriptors of the test runner would choose another way to start.
const START = `
for TEST_path in /proc/$$/fd/*; do
  if ((\${TEST_path##*/} > 2)); then eval "exec \${TEST_path##*/}>&-"; fi
done
exec "$@"`;

/** The environment that tests start tombolo with. */
export function environmentOf(box: Box): Record<string, string> {
  return {
    PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    HOME: box.home,
    LANG: "C.UTF-8",
  };
}

/** `tombolo worker --stdio` in a box's work tree, spoken to byte by byte. */
export class RawWorker implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #output: ReadableStreamDefaultReader<Uint8Array>;
  readonly stderr: Promise<string>;
  #rest: Uint8Array = new Uint8Array(0);

  constructor(box: Box, flags: readonly string[] = [], env: Readonly<Record<string, string>> = {}) {
    this.#child = new Deno.Command("/bin/bash", {
      args: ["-c", START, "bash", TOMBOLO, "worker", "--stdio", `--root=${box.work}`, ...flags],
      cwd: box.root,
      clearEnv: true,
      env: { ...environmentOf(box), ...env },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#input = this.#child.stdin.getWriter();
    this.#output = this.#child.stdout.getReader();
    this.stderr = new Response(this.#child.stderr).text();
  }

  async send(bytes: Uint8Array): Promise<void> {
    await within(this.#input.write(bytes), "the worker to take bytes");
  }

  async #take(length: number): Promise<Uint8Array<ArrayBuffer>> {
    const taken = new Uint8Array(length);
    for (let done = 0; done < length;) {
      if (this.#rest.length === 0) {
        const { done: ended, value } = await within(this.#output.read(), "an answer");
        if (ended) throw new Error(`Cannot read an answer: output ended, stderr: ${await this.stderr}`);
        this.#rest = value;
      }
      const piece = this.#rest.subarray(0, length - done);
      taken.set(piece, done);
      done += piece.length;
      this.#rest = this.#rest.subarray(piece.length);
    }
    return taken;
  }

  async answer(): Promise<RawAnswer> {
    const length = frameLength(await this.#take(4));
    const fields = JSON.parse(new TextDecoder().decode(await this.#take(length))) as RawAnswer["fields"];
    return { fields, payload: await this.#take(Number(fields["payload"] ?? 0)) };
  }

  /** Sends a message, and what follows it raw, and waits for the answer. */
  async request(message: object, payload?: Uint8Array): Promise<RawAnswer> {
    const frame = encodeFrame(payload === undefined ? message : { ...message, payload: payload.length });
    if (frame === undefined) throw new RangeError("Cannot send: the message is too large");
    await this.send(frame);
    if (payload !== undefined) await this.send(payload);
    return await this.answer();
  }

  /** The code of an error answer, or the kind of any other. */
  async outcome(message: object, payload?: Uint8Array): Promise<string> {
    const { fields } = await this.request(message, payload);
    return String(fields["code"] ?? fields["kind"]);
  }

  /** Ends the input; returns the exit status of the tool. */
  async end(): Promise<number> {
    await this.#input.close().catch(() => {});
    return (await within(this.#child.status, "the end of the worker")).code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended.
    }
    await this.#child.status;
    await this.#output.cancel().catch(() => {});
    await this.#input.abort().catch(() => {});
    await this.stderr;
  }
}
