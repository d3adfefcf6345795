/** A directory of one test alone, by its real path. */
export class TempDirectory implements Disposable {
  readonly path: string;

  constructor(parent?: string) {
    this.path = Deno.realPathSync(Deno.makeTempDirSync(parent === undefined ? {} : { dir: parent }));
  }

  at(name: string): string {
    return `${this.path}/${name}`;
  }

  /** Makes a file with its directories. */
  file(name: string, text = "", mode = 0o644): string {
    const path = this.at(name);
    Deno.mkdirSync(path.slice(0, path.lastIndexOf("/")), { recursive: true });
    Deno.writeTextFileSync(path, text);
    Deno.chmodSync(path, mode);
    return path;
  }

  exists(name: string): boolean {
    try {
      Deno.lstatSync(this.at(name));
      return true;
    } catch {
      return false;
    }
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}
