import { SafePath } from "../paths/safe_path.ts";
import type { ProgramFacts } from "../plan/host_facts.ts";
import type { Policy } from "../policy/policy.ts";
import { TomboloError } from "../report/tombolo_error.ts";

/** The loader and the libraries of programs, asked of the loader itself; loader first. */
export function libraries(programs: readonly string[]): string[] {
  const { stdout } = new Deno.Command("/bin/sh", {
    args: ["-c", 'for each do LD_TRACE_LOADED_OBJECTS=1 "$each"; done', "sh", ...programs],
    clearEnv: true,
    stdin: "null",
  }).outputSync();
  const text = new TextDecoder().decode(stdout);
  const found = [...text.matchAll(/(?:=> |^\s*)(\/\S+) \(0x/gm)].map((match) => match[1] ?? "");
  const unique = [...new Set(found)];
  const isLoader = (path: string) => /\/ld-(?:linux|musl)[^/]*$/.test(path);
  const loader = unique.find(isLoader);
  if (loader === undefined) throw new TomboloError("sandbox", "Cannot find the loader of stage2's runtime");
  return [loader, ...unique.filter((path) => !isLoader(path))].map((path) => Deno.realPathSync(path));
}

/** Whether stage2's runtime has to bring its libraries: the loader is among those that a policy may hide. */
export function hidesSystem(policy: Policy, programs: ProgramFacts | undefined): boolean {
  const system = ["/usr", "/lib", "/lib64"].map((path) => SafePath.of(path));
  return policy.base === "none" ||
    policy.read.deny.some(({ path }) => system.some((at) => at.contains(path) || path.contains(at))) ||
    (programs?.deny.some(({ path }) => /^ld(?:-|\.so)/.test(path.name)) ?? false);
}
