import assert from "node:assert/strict";
import { constants } from "node:os";
import { ERRNO } from "../../stage2/errno.ts";

Deno.test("error numbers are those of the system", () => {
  const system: Readonly<Record<string, number>> = constants.errno;
  for (const [name, number] of Object.entries(ERRNO)) assert.equal(number, system[name], name);
});
