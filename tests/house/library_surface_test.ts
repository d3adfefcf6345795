import assert from "node:assert/strict";
import * as library from "../../lib/mod.ts";
import { librarySurface, SURFACE_FILE } from "./library_surface.ts";

Deno.test("what the library exports has not changed unnoticed", async () => {
  const [now, kept] = await Promise.all([librarySurface(), Deno.readTextFile(SURFACE_FILE)]);
  assert.equal(
    now,
    kept,
    "the public surface has changed: a removed or narrower name is a major version, a new one a minor; " +
      "deno run -A tests/house/library_surface.ts writes the new one down",
  );
});

Deno.test("the values of the library are exactly these", () => {
  assert.deepEqual(Object.keys(library).sort(), [
    "ExternalProxy",
    "Gateway",
    "ListenerCredential",
    "Policy",
    "Sandbox",
    "TomboloError",
    "TransportError",
    "Worker",
    "WorkerError",
    "WorkerFileSystem",
    "WorkerPool",
    "bridgeUnixToTcp",
    "openProxy",
    "rewriteProxyPort",
    "transform",
  ]);
});
