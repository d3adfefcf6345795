import type { RunContext, RunControl } from "../../../lib/launch/run_context.ts";
import type { RunResult } from "../../../lib/launch/run_plan.ts";
import { runSeatbelt } from "../../../lib/launch/seatbelt/seatbelt_run.ts";
import type { Plan } from "../../../lib/plan/plan.ts";
import { planSeatbelt } from "../../../lib/plan/seatbelt/plan_seatbelt.ts";
import type { Policy } from "../../../lib/policy/policy.ts";
import { FakeTree, hostFacts, pathPolicy } from "../../plan/facts.ts";
import { TempDirectory } from "../temp_directory.ts";

/** What the sandbox-exec that stands in was called with. */
export interface Call {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** What came of a run. */
export interface Ran extends RunResult {
  readonly stdout: string;
  readonly warnings: readonly string[];
}

/** How one run differs from the usual. */
export interface RunOptions {
  readonly policy?: Partial<Policy>;
  readonly environment?: Readonly<Record<string, string>>;
  readonly openFiles?: string;
  /** Called with every line of the command's stdout. */
  readonly onLine?: (line: string, control: RunControl) => void | Promise<void>;
}

// It confines nothing: what it is for is that the launcher around it is run for real.
const RECORDING = `#!/bin/sh
printf '%s\\0' "$@" >"RECORD/args.$$"
/usr/bin/env -0 >"RECORD/env.$$"
mv "RECORD/args.$$" "RECORD/args"
mv "RECORD/env.$$" "RECORD/env"
while [ "$1" != -- ]; do shift; done
shift
exec "$@"
`;

/** A host with a sandbox-exec that confines nothing, and remembers how it was called. */
export class FakeSeatbelt implements Disposable {
  readonly place = new TempDirectory();
  readonly program: string;
  readonly context: Omit<RunContext, "onStart" | "voice">;

  /** @param script What stands in for sandbox-exec; `RECORD` stands for a directory of its own */
  constructor(script = RECORDING) {
    this.place.file("record/none");
    this.place.file("state/none");
    this.program = this.place.file(
      "sandbox-exec",
      script.replaceAll("RECORD", this.place.at("record")),
      0o755,
    );
    const state = this.place.at("state");
    this.context = {
      directories: { state, run: state },
      masks: { maskFile: `${state}/mask/file`, maskDirectory: `${state}/mask/directory` },
      uid: Deno.uid(),
      openFiles: undefined,
      onEvent: () => {},
      streams: { stdin: "null", stdout: "piped", stderr: "inherit" },
      embedded: true,
    };
  }

  /** A plan that is made for a Mac that exists only in tests. */
  plan(command: readonly string[], { policy, environment = {} }: RunOptions = {}): Plan {
    const rules = pathPolicy({ readAllow: ["/"] }, { base: "workspace", ...policy });
    const facts = hostFacts({ tree: new FakeTree(["/private/tmp/", "/dev/"]), policy: rules });
    const variables = new Map(Object.entries({ PATH: "/usr/bin:/bin", TMPDIR: "/tmp", ...environment }));
    return planSeatbelt(rules, facts, { command, environment: variables, cwdNamed: false });
  }

  async run(script: string, options: RunOptions = {}): Promise<Ran> {
    const warnings: string[] = [];
    let stdout: Promise<string> = Promise.resolve("");
    const result = await runSeatbelt(
      this.plan(["/bin/sh", "-c", script], options),
      {
        ...this.context,
        openFiles: options.openFiles,
        voice: { say: () => {}, warn: (text) => warnings.push(text) },
        onStart: (child, control) => stdout = readLines(child.stdout, control, options.onLine),
      },
      this.program,
    );
    return { ...result, stdout: await stdout, warnings };
  }

  /** How sandbox-exec was called last. */
  get call(): Call {
    const parts = (name: string) =>
      Deno.readTextFileSync(this.place.at(`record/${name}`)).split("\0").slice(0, -1);
    const pairs = parts("env").map((
      pair,
    ) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)]);
    return { args: parts("args"), env: Object.fromEntries(pairs) };
  }

  [Symbol.dispose](): void {
    this.place[Symbol.dispose]();
  }
}

async function readLines(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  control: RunControl,
  onLine: RunOptions["onLine"],
): Promise<string> {
  let all = "";
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    all += text;
    rest += text;
    const lines = rest.split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) await onLine?.(line, control);
  }
  return all;
}
