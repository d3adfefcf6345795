/**
 * Replaces what stands between the two markers of a generated block, `<!-- NAME -->` and `<!-- /NAME -->`.
 *
 * @param page The page that holds the markers, each once and in this order
 * @param name The block's name
 * @param content What goes between them
 * @returns The page with the new content
 * @throws If the markers are missing, doubled or the wrong way round
 */
export function replaceBlock(page: string, name: string, content: string): string {
  const [head, ...rest] = page.split(`<!-- ${name} -->`);
  const [old, ...tail] = rest.join("").split(`<!-- /${name} -->`);
  if (rest.length !== 1 || tail.length !== 1 || old === undefined) {
    throw new Error(`Cannot replace the block "${name}": the page needs its two markers, once and in order`);
  }
  return `${head}<!-- ${name} -->\n\n${content.trim()}\n\n<!-- /${name} -->${tail[0]}`;
}
