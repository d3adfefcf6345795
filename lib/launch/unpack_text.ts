import type { EmbeddedText } from "./embedded.ts";
import { UnpackedDirectory } from "./unpacked_directory.ts";

const MODE = 0o400;

function holds(path: string, text: string): boolean {
  try {
    return Deno.readTextFileSync(path) === text;
  } catch {
    return false;
  }
}

/**
 * A text as a file in the state directory, where it is written unless it is there already, to the byte.
 *
 * @returns Its path
 * @throws {TomboloError} where its directory is not this user's alone
 */
export function unpackText(stateDirectory: string, name: string, { text, sha256 }: EmbeddedText): string {
  const directory = new UnpackedDirectory(stateDirectory, sha256);
  const path = directory.path(name);
  return directory.own(name, MODE) !== undefined && holds(path, text)
    ? path
    : directory.write(name, text, MODE);
}
