import { isRoot } from "./tombolo.ts";

/** What starts tombolo with another file at the real bwrap's place, where only the administrator puts programs. */
export function withBwrap(file: string): string[] {
  const real = Deno.realPathSync("/usr/bin/bwrap");
  return ["unshare", isRoot ? "-m" : "-rm", "sh", "-c", `mount --bind "$0" ${real} && exec "$@"`, file];
}
