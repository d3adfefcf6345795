/**
 * Writes docs/permissions.md.
 *
 *     deno task permissions
 */
import { join } from "node:path";
import { permissionPage } from "./permission_page.ts";
import { ROOT, runDeno } from "./run_deno.ts";

const page = join(ROOT, "docs", "permissions.md");
await Deno.writeTextFile(page, await permissionPage());
await runDeno(["fmt", "--quiet", page]);
