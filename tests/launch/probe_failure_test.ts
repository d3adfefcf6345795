import assert from "node:assert/strict";
import { forgetFailure, knownFailure, rememberFailure } from "../../lib/launch/probe_failure.ts";
import type { ProbeRequest } from "../../lib/launch/probe.ts";
import { TomboloError } from "../../lib/report/tombolo_error.ts";

async function withRequest(check: (request: ProbeRequest) => void): Promise<void> {
  const stateDirectory = await Deno.makeTempDir();
  try {
    check({
      bwrap: { path: "/bwrap", identity: "1" },
      env: undefined,
      kernel: "6.18",
      uid: 7,
      stateDirectory,
    });
  } finally {
    await Deno.remove(stateDirectory, { recursive: true });
  }
}

const FAILURE = new TomboloError("sandbox", "Cannot build the sandbox: no namespaces", {
  remedy: "allow them",
});

Deno.test("why bubblewrap failed is known for a minute, of the same bubblewrap on the same host alone", async () => {
  await withRequest((request) => {
    assert.equal(knownFailure(request, Date.now()), undefined);
    rememberFailure(request, FAILURE);
    const known = knownFailure(request, Date.now() + 59_000);
    assert.deepEqual([known?.message, known?.remedy, known?.kind], [
      FAILURE.message,
      FAILURE.remedy,
      "sandbox",
    ]);
    assert.equal(knownFailure(request, Date.now() + 61_000), undefined);
    assert.equal(knownFailure({ ...request, kernel: "6.19" }, Date.now()), undefined);
    assert.equal(
      knownFailure({ ...request, bwrap: { path: "/bwrap", identity: "2" } }, Date.now()),
      undefined,
    );
  });
});

Deno.test("a failure is forgotten once bubblewrap has built a sandbox, and what is torn is not believed", async () => {
  await withRequest((request) => {
    rememberFailure(request, FAILURE);
    forgetFailure(request);
    assert.equal(knownFailure(request, Date.now()), undefined);
    forgetFailure(request);
    rememberFailure(request, FAILURE);
    const file = `${request.stateDirectory}/probe-failure`;
    Deno.writeTextFileSync(file, Deno.readTextFileSync(file).slice(0, -10));
    assert.equal(knownFailure(request, Date.now()), undefined);
  });
});
