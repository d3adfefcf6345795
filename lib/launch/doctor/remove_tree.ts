/** Removes a directory of this user's own with everything below it, also what has been closed to the user. */
export function removeTree(path: string): void {
  Deno.chmodSync(path, 0o700);
  for (const { name, isDirectory } of Deno.readDirSync(path)) {
    if (isDirectory) removeTree(`${path}/${name}`);
    else Deno.removeSync(`${path}/${name}`);
  }
  Deno.removeSync(path);
}
