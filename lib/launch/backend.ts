import { quote } from "../report/escape.ts";
import { TomboloError } from "../report/tombolo_error.ts";

/** What can enforce a policy. */
export const BACKENDS = ["auto", "bubblewrap", "landlock", "seatbelt"] as const;

/** The one that the user asks for; `auto` is the first that can enforce the whole policy. */
export type BackendChoice = (typeof BACKENDS)[number];

/**
 * Reads the value of --backend.
 *
 * @throws {TomboloError} for a backend that there is not, or not on this system
 */
export function parseBackend(text: string | undefined, os: typeof Deno.build.os): BackendChoice {
  if (text === undefined) return "auto";
  const found = BACKENDS.find((name) => name === text);
  if (found === undefined) {
    throw new TomboloError("usage", `Unknown backend ${quote(text)}`, {
      remedy: `wanted: ${BACKENDS.join(", ")}`,
    });
  }
  if (found !== "auto" && (found === "seatbelt") !== (os === "darwin")) {
    const place = found === "seatbelt" ? "macOS" : "Linux";
    throw new TomboloError("sandbox", `Cannot use backend ${found} here: it is for ${place}`, {
      remedy: "leave --backend out: it is chosen by what this system has",
    });
  }
  return found;
}
