import assert from "node:assert/strict";
import type { FoundProgram } from "../../lib/launch/find_bwrap.ts";
import { forgetProbe, probeOnce, type ProbeRequest } from "../../lib/launch/probe.ts";
import { TempDirectory } from "./temp_directory.ts";

/** A stand-in for bubblewrap that counts how often it is started, and answers as a shell text says. */
class FakeBwrap implements Disposable {
  readonly directory = new TempDirectory();

  constructor(text: string) {
    this.answer(text);
  }

  answer(text: string): void {
    this.directory.file("bwrap", `#!/bin/sh\necho started >>${this.directory.at("log")}\n${text}\n`, 0o755);
  }

  get starts(): number {
    return this.directory.exists("log")
      ? Deno.readTextFileSync(this.directory.at("log")).split("\n").length - 1
      : 0;
  }

  request(other: Partial<ProbeRequest> = {}): ProbeRequest {
    const program = (name: string): FoundProgram => ({ path: this.directory.at(name), identity: name });
    return {
      bwrap: program("bwrap"),
      env: program("env"),
      kernel: "6.1.0",
      uid: 1000,
      stateDirectory: this.directory.path,
      ...other,
    };
  }

  [Symbol.dispose](): void {
    this.directory[Symbol.dispose]();
  }
}

const NO_PROC = `case " $* " in *" --proc "*)
  echo "bwrap: Can't mount proc on /newroot/proc: Operation not permitted" >&2; exit 1 ;;
esac`;

Deno.test("a host is asked once; after that the answer costs no process", async () => {
  using bwrap = new FakeBwrap("exit 0");
  assert.deepEqual(await probeOnce(bwrap.request()), { env: true, proc: true });
  assert.equal(bwrap.starts, 1);
  bwrap.answer("exit 1");
  assert.deepEqual(await probeOnce(bwrap.request()), { env: true, proc: true });
  assert.equal(bwrap.starts, 1);
});

Deno.test("every combination of answers is remembered as it was", async () => {
  const noEnv = 'case " $* " in *" --default-signal "*) exit 1 ;; esac';
  for (const env of [true, false]) {
    for (const proc of [true, false]) {
      using bwrap = new FakeBwrap(`${proc ? "" : NO_PROC}\n${env ? "" : noEnv}\nexit 0`);
      assert.deepEqual(await probeOnce(bwrap.request()), { env, proc });
      const { starts } = bwrap;
      assert.deepEqual(await probeOnce(bwrap.request()), { env, proc });
      assert.equal(bwrap.starts, starts);
    }
  }
});

Deno.test("another bubblewrap, env, kernel or user is asked anew", async () => {
  const others: Partial<ProbeRequest>[] = [
    { kernel: "6.1.1" },
    { uid: 0 },
    { env: undefined },
    { env: { path: "/usr/bin/env", identity: "newer" } },
  ];
  for (const other of others) {
    using bwrap = new FakeBwrap("exit 0");
    await probeOnce(bwrap.request());
    await probeOnce(bwrap.request(other));
    assert.equal(bwrap.starts, 2, JSON.stringify(other));
  }
  using bwrap = new FakeBwrap("exit 0");
  const request = bwrap.request();
  await probeOnce(request);
  await probeOnce({ ...request, bwrap: { ...request.bwrap, identity: "updated" } });
  assert.equal(bwrap.starts, 2);
});

Deno.test("that there is no /proc is believed for ten minutes, that there is one for good", async () => {
  using bwrap = new FakeBwrap(NO_PROC);
  const start = Date.now();
  assert.equal((await probeOnce(bwrap.request())).proc, false);
  bwrap.answer("exit 0");
  assert.equal((await probeOnce(bwrap.request(), start + 9 * 60_000)).proc, false);
  assert.equal((await probeOnce(bwrap.request(), start + 11 * 60_000)).proc, true);
  bwrap.answer(NO_PROC);
  assert.equal((await probeOnce(bwrap.request(), start + 1e9)).proc, true);
});

Deno.test("what was forgotten is asked anew", async () => {
  using bwrap = new FakeBwrap("exit 0");
  await probeOnce(bwrap.request());
  forgetProbe(bwrap.directory.path);
  forgetProbe(bwrap.directory.path);
  await probeOnce(bwrap.request());
  assert.equal(bwrap.starts, 2);
});

Deno.test("a damaged answer is asked anew", async () => {
  for (const damage of ["", "env proc", "\0\n", "x".repeat(5000)]) {
    using bwrap = new FakeBwrap("exit 0");
    bwrap.directory.file("probe", damage);
    assert.deepEqual(await probeOnce(bwrap.request()), { env: true, proc: true });
    assert.equal(bwrap.starts, 1);
  }
});

Deno.test("a refusal is not remembered: the next run asks again", async () => {
  using bwrap = new FakeBwrap("echo 'bwrap: Creating new namespace failed: Invalid argument' >&2; exit 1");
  const refused = { name: "TomboloError", message: /this kernel lacks namespaces/ };
  await assert.rejects(probeOnce(bwrap.request()), refused);
  assert.equal(bwrap.directory.exists("probe"), false);
  bwrap.answer("exit 0");
  assert.deepEqual(await probeOnce(bwrap.request()), { env: true, proc: true });
});

for (const reason of ["Invalid argument", "Operation not permitted", "Permission denied"]) {
  Deno.test(`where /proc cannot be mounted (${reason}) and the rest can, the answer is a sandbox without it`, async () => {
    using bwrap = new FakeBwrap(NO_PROC.replace("Operation not permitted", reason));
    assert.deepEqual(await probeOnce(bwrap.request()), { env: true, proc: false });
  });
}

Deno.test("any other failure with /proc is a failure, not a sandbox without it", async () => {
  using bwrap = new FakeBwrap(NO_PROC.replace("Operation not permitted", "No such device"));
  await assert.rejects(probeOnce(bwrap.request()), { message: /this kernel lacks \/proc/ });
});

Deno.test("where it fails without /proc too, that failure is the one that is said", async () => {
  using bwrap = new FakeBwrap(`${NO_PROC}\necho "bwrap: pivot_root: Permission denied" >&2; exit 1`);
  await assert.rejects(probeOnce(bwrap.request()), { message: /pivot_root: Permission denied/ });
});

Deno.test("what bubblewrap says is shown without its control characters, its last line alone", async () => {
  using bwrap = new FakeBwrap(`printf 'first\\n\\033[31mbwrap: odd\\n' >&2; exit 1`);
  await assert.rejects(probeOnce(bwrap.request()), (error) => {
    assert.ok(error instanceof Error);
    assert.match(error.message, /said "\\x1b\[31mbwrap: odd"\)$/);
    return true;
  });
});

Deno.test("a bubblewrap that cannot be executed at all is a failure with a remedy", async () => {
  using bwrap = new FakeBwrap("");
  Deno.writeTextFileSync(bwrap.directory.at("bwrap"), "\x7fELF\x01\x01\x01 no such machine");
  await assert.rejects(probeOnce(bwrap.request()), {
    name: "TomboloError",
    message: /does not run on this system/,
  });
});
