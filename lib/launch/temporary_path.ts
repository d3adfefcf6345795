import { lstat } from "../paths/resolve_path.ts";

const RANDOM_BYTES = 12;

/**
 * Where a command's own directory for temporary files can be made; nobody can guess it and put something there before.
 *
 * @param stateDirectory Where it goes if nothing can be made in /tmp
 */
export function temporaryPath(stateDirectory: string): string {
  const name = `tombolo-${crypto.getRandomValues(new Uint8Array(RANDOM_BYTES)).toHex()}`;
  const shared = lstat("/tmp");
  const open = shared?.isDirectory === true && ((shared.mode ?? 0) & 0o1002) === 0o1002;
  return `${open ? "/tmp" : stateDirectory}/${name}`;
}
