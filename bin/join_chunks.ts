/**
 * Joins the chunks that a bundle's entry always loads into one file: each file costs a start some tenths of a
 * millisecond. What is loaded later imports from that file too.
 */
import { join } from "node:path";

// esbuild's own output, which is regular: one statement for each chunk, names in a list.
const IMPORT = /^import (?:\{([^}]*)\} from )?"(\.\/chunk-[^"]+\.js)";$/gm;
const EXPORT = /^export \{([^}]*)\};$/m;

interface Name {
  readonly name: string;
  readonly as: string;
}

function names(list: string): Name[] {
  return list.split(",").map((each) => each.trim()).filter((each) => each !== "").map((each) => {
    const [name = "", as = name] = each.split(" as ");
    return { name, as };
  });
}

function importedChunks(text: string): string[] {
  return Array.from(text.matchAll(IMPORT), ([, , chunk = ""]) => chunk.slice("./".length));
}

/**
 * @param directory Holds the entry and its chunks
 * @param entry Its file name
 * @param bundle Bundles a module of the directory into one file
 */
export async function joinChunks(
  directory: string,
  entry: string,
  bundle: (input: string, output: string) => Promise<unknown>,
): Promise<void> {
  const path = (name: string) => join(directory, name);
  const texts = new Map<string, string>();
  const collect = async (text: string) => {
    for (const chunk of importedChunks(text)) {
      if (texts.has(chunk)) continue;
      texts.set(chunk, await Deno.readTextFile(path(chunk)));
      await collect(texts.get(chunk) ?? "");
    }
  };
  const main = await Deno.readTextFile(path(entry));
  await collect(main);
  if (texts.size === 0) return;

  // The same name may stand for different things in two chunks.
  const chunks = [...texts.keys()];
  const inside = (chunk: string, name: string) => `${name}_${chunks.indexOf(chunk)}`;
  const exported = new Map(
    [...texts].map(([chunk, text]) => [chunk, names(EXPORT.exec(text)?.[1] ?? "").map(({ as }) => as)]),
  );
  const list = (chunk: string, from: (name: string) => string) =>
    `export { ${exported.get(chunk)?.map(from).join(", ")} }`;
  const parts = chunks.map((chunk) =>
    `${list(chunk, (name) => `${name} as ${inside(chunk, name)}`)} from "./${chunk}";\n`
  );
  await Deno.writeTextFile(path("parts.js"), parts.join(""));
  await bundle(path("parts.js"), path("joined.js"));
  await Deno.remove(path("parts.js"));

  for (const chunk of chunks) await Deno.remove(path(chunk));

  const rewrite = (text: string) =>
    text.replaceAll(IMPORT, (statement: string, imported: string | undefined, from: string) => {
      const chunk = from.slice("./".length);
      if (!texts.has(chunk)) return statement;
      if (imported === undefined) return "";
      const renamed = names(imported).map(({ name, as }) => `${inside(chunk, name)} as ${as}`);
      return `import { ${renamed.join(", ")} } from "./joined.js";`;
    });
  for (const { name } of [...Deno.readDirSync(directory)].filter(({ name }) => name !== "joined.js")) {
    await Deno.writeTextFile(path(name), rewrite(await Deno.readTextFile(path(name))));
  }
}
