/**
 * Writes docs/tombolo.1 from the tables of commands and flags.
 *
 *     deno task man
 */
import { join } from "node:path";
import { manPage } from "./man_page.ts";

await Deno.writeTextFile(join(import.meta.dirname ?? ".", "..", "docs", "tombolo.1"), manPage());
