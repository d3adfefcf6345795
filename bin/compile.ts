/**
 * Compiles stage2 and tombolo for this platform into dist. `deno compile` needs the runtime `denort`: it downloads it,
 * or takes the one that DENORT_BIN names.
 *
 *     deno task compile
 */
import { join } from "node:path";

const root = join(import.meta.dirname ?? ".", "..");
const stage2 = join("dist", "tombolo-stage2");

async function compile(...args: string[]): Promise<void> {
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: ["compile", "--quiet", "--no-prompt", ...args],
    cwd: root,
  }).spawn().status;
  if (!success) {
    console.error("Cannot compile: if denort could not be downloaded, set DENORT_BIN to a local one");
    Deno.exit(1);
  }
}

await Deno.mkdir(join(root, "dist"), { recursive: true });
await compile("--permission-set=stage2", "--output", stage2, "stage2/main.ts");
await compile(
  "--permission-set=tombolo",
  "--include",
  stage2,
  "--output",
  join("dist", "tombolo"),
  "main.ts",
);
