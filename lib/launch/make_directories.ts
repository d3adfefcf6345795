import type { Make } from "../plan/plan.ts";
import { escape, quote } from "../report/escape.ts";
import { TomboloError } from "../report/tombolo_error.ts";
import type { Voice } from "../report/voice.ts";

/**
 * Makes the caches that a preset writes and that this user does not have yet, and says so. They are kept: the next run
 * finds in them what this one has fetched.
 *
 * @throws {TomboloError} where one cannot be made; nothing has been started
 */
export function makeDirectories(makes: readonly Make[], voice: Pick<Voice, "say">): void {
  for (const { path, origin } of makes) {
    try {
      Deno.mkdirSync(path, { recursive: true, mode: 0o700 });
      // Somebody may have put a link there meanwhile.
      if (Deno.realPathSync(path) !== path) throw new Error("a symbolic link leads elsewhere");
    } catch (error) {
      const reason = error instanceof Error ? escape(error.message) : "unknown error";
      throw new TomboloError("sandbox", `Cannot make ${quote(path)} (${origin}): ${reason}`, {
        remedy: "make it by hand, or leave the preset out",
        cause: error,
      });
    }
  }
  voice.say(`made ${makes.map(({ path, origin }) => `${escape(path)} (${origin})`).join(", ")}`);
}
