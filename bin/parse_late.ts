/**
 * Hides a program from Deno in a string that it evaluates as its first act. The sandbox has no cache: before a module
 * runs, Deno reads all of it for its imports, which takes it 4 ms for stage2. V8 reads the same text in a tenth of that.
 *
 * @param script Without imports and exports (`deno bundle --format iife`)
 */
export function parseLate(script: string): string {
  // A module is strict without saying so.
  return `(0, eval)(${JSON.stringify(`"use strict";${script}`)});\n`;
}
