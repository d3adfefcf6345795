/** Words for a POSIX shell, each in single quotes. */
export function shellQuoted(words: readonly string[]): string {
  return words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
}
