import type { Worker } from "./client.ts";
import type { FileSystem, GlobOptions, GrepOptions, ReadOptions } from "./file_system.ts";
import type { Edit } from "./edit_file.ts";
import { readAll } from "./read_all.ts";

/** Leaves out what is not given: the wire knows no `undefined`. */
function given<T extends object>(fields: { [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;
}

/** Files through a worker. */
export class WorkerFileSystem implements FileSystem {
  /** @param worker Stays its holder's to dispose of */
  constructor(private readonly worker: Pick<Worker, "request">) {}

  async read(path: string, { offset, maxBytes, into }: ReadOptions = {}) {
    const { answer, payload } = await this.worker.request(
      "read",
      given({ path, offset, max_bytes: maxBytes }),
      undefined,
      into,
    );
    return { bytes: payload, size: answer.size, truncated: answer.truncated };
  }

  async readAll(path: string) {
    return await readAll(path, (options) => this.read(path, options));
  }

  async write(
    path: string,
    data: Uint8Array<ArrayBuffer> | string,
    options: { readonly createParents?: boolean } = {},
  ) {
    const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
    const fields = given({ path, create_parents: options.createParents });
    return (await this.worker.request("write", fields, bytes)).answer.bytes_written;
  }

  async edit(path: string, { oldString, newString, replaceAll }: Edit) {
    const fields = given({ path, old_string: oldString, new_string: newString, replace_all: replaceAll });
    return (await this.worker.request("edit", fields)).answer.replacements;
  }

  async list(path: string) {
    return (await this.worker.request("list", { path })).answer.entries;
  }

  async stat(path: string) {
    return (await this.worker.request("stat", { path })).answer.stat;
  }

  async glob(pattern: string, { root, limit }: GlobOptions = {}) {
    const { paths, truncated } = (await this.worker.request("glob", given({ pattern, root, limit }))).answer;
    return { paths, truncated };
  }

  async grep(pattern: string, { root, include, limit }: GrepOptions = {}) {
    const { answer } = await this.worker.request("grep", given({ pattern, root, include, limit }));
    return { matches: answer.matches, truncated: answer.truncated };
  }

  async makeDirectory(path: string) {
    await this.worker.request("make_dir", { path });
  }

  async remove(path: string) {
    await this.worker.request("remove", { path });
  }

  async rename(path: string, to: string) {
    await this.worker.request("rename", { path, to });
  }

  async environment(names: readonly string[]) {
    return (await this.worker.request("get_env", { names })).answer.values;
  }
}
