/**
 * What is in a directory, links aside: what they lead to has a path of its own.
 *
 * @returns `undefined` where it cannot be listed
 */
export function entriesOf(directory: string): readonly string[] | undefined {
  try {
    return Array.from(Deno.readDirSync(directory)).filter(({ isSymlink }) => !isSymlink).map(({ name }) =>
      name
    );
  } catch {
    return undefined;
  }
}
