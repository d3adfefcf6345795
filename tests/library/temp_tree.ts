import { type ParseOptions, Policy, type PolicyDocument } from "../../lib/mod.ts";

/** A home and a directory to work in, outside of the host's private directories. */
export class TempTree implements AsyncDisposable {
  readonly home: string;
  readonly work: string;
  readonly options: ParseOptions;

  private constructor(readonly root: string) {
    this.home = `${root}/home`;
    this.work = `${root}/work`;
    this.options = { cwd: this.work, environment: { HOME: this.home, PATH: "/usr/bin:/bin" } };
  }

  static async create(): Promise<TempTree> {
    const made = await Deno.makeTempDir({ dir: "/var/tmp", prefix: "tombolo-library." });
    const tree = new TempTree(await Deno.realPath(made));
    await Deno.mkdir(tree.home);
    await Deno.mkdir(tree.work);
    return tree;
  }

  /** A policy that is read in the work directory. */
  policy(source: string | PolicyDocument): Policy {
    return Policy.parse(source, this.options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.root, { recursive: true });
  }
}
