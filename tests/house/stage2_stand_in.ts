import { join } from "node:path";
import { bundleInside } from "../../bin/embed.ts";
import { permissionFlags, stage2Permissions } from "../../bin/permission_flags.ts";
import { ROOT } from "../../bin/run_deno.ts";
import { libraries } from "../../lib/launch/runtime_files.ts";
import { STAGE2_FLAGS, stage2V8Flags } from "../../lib/plan/stage2_flags.ts";

/** A program in the place of a compiled stage2, and what has to be shown inside for it. */
export interface Stage2StandIn {
  readonly program: string;
  readonly needs: readonly string[];
}

/**
 * Becomes a Deno that runs stage2 with the permissions of a compiled one. Where the host's loader is not at its place it
 * was called by way of another, and so is the Deno.
 */
function source(words: readonly string[]): string {
  const list = words.map((word) => `${JSON.stringify(word)}, `).join("");
  return `
#include <unistd.h>
#include <string.h>
int main(int count, char **given) {
  char *call[count + 64];
  char *loaded[] = { "/run/tombolo/lib/loader", "--library-path", "/run/tombolo/lib" };
  char *words[] = { ${list}};
  int n = 0;
  if (access(loaded[0], X_OK) == 0) for (int i = 0; i < 3; i++) call[n++] = loaded[i];
  for (unsigned i = 0; i < sizeof words / sizeof *words; i++) call[n++] = words[i];
  for (int i = 1; i <= count; i++) call[n++] = given[i];
  execv(call[0], call);
  return 126;
}
`;
}

/** Makes one: an ELF program, as its loader has to take it, which needs the libraries of the Deno that it becomes. */
export async function makeStage2StandIn(directory: string): Promise<Stage2StandIn> {
  const script = join(directory, "stage2.js");
  const program = join(directory, "stage2");
  await Deno.writeTextFile(script, await bundleInside("stage2/main.ts"));
  const flags = permissionFlags(await stage2Permissions(ROOT));
  const words = [Deno.execPath(), ...STAGE2_FLAGS, stage2V8Flags(true), ...flags, script];
  await Deno.writeTextFile(`${program}.c`, source(words));
  const [, ...needed] = libraries([Deno.execPath()]);
  const { success, stderr } = await new Deno.Command("gcc", {
    args: ["-o", program, `${program}.c`, "-Wl,--no-as-needed", ...needed],
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return { program, needs: [Deno.execPath(), script] };
}
