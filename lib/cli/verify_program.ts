import { TomboloError } from "../report/tombolo_error.ts";

/**
 * The bundle that makes the attempts of a verification.
 *
 * @throws {TomboloError} where nothing says where it is
 */
export function verifyProgram(): string {
  const program = Deno.env.get("TOMBOLO_VERIFY_JS");
  if (program !== undefined) return program;
  throw new TomboloError("sandbox", "Cannot verify: TOMBOLO_VERIFY_JS does not name the bundle for it", {
    remedy: "start tombolo with bin/tombolo",
  });
}
