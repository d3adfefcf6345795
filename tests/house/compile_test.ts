import assert from "node:assert/strict";
import { join } from "node:path";

const root = join(import.meta.dirname ?? ".", "..", "..");

/** `deno compile` needs denort: DENORT_BIN names it, or Deno downloads it. */
async function denortIsHere(): Promise<boolean> {
  if (Deno.env.get("DENORT_BIN") !== undefined) return true;
  const directory = await Deno.makeTempDir({ prefix: "tombolo-house." });
  try {
    const source = join(directory, "empty.js");
    await Deno.writeTextFile(source, "");
    const { success } = await new Deno.Command(Deno.execPath(), {
      args: ["compile", "--quiet", "--no-config", "--output", join(directory, "empty"), source],
      signal: AbortSignal.timeout(60_000),
      stderr: "null",
    }).output();
    return success;
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test({
  name: "deno task compile makes a tombolo that knows its version (needs denort, by download or DENORT_BIN)",
  ignore: !await denortIsHere(),
  async fn() {
    const compiled = await new Deno.Command(Deno.execPath(), { args: ["task", "compile"], cwd: root })
      .output();
    assert.equal(compiled.code, 0, new TextDecoder().decode(compiled.stderr));
    const version = await new Deno.Command(join(root, "dist", "tombolo"), { args: ["--version"] }).output();
    assert.equal(version.code, 0);
    assert.match(new TextDecoder().decode(version.stdout), /^tombolo \d+\.\d+\.\d+/);
  },
});
