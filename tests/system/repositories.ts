import assert from "node:assert/strict";
import { Box, type Outcome, type RunOptions } from "./tombolo.ts";

/** A box whose user has told git who they are. */
export async function gitBox(options: Parameters<typeof Box.create>[0] = {}): Promise<Box> {
  const box = await Box.create(options);
  const config = "[user]\n\tname = a\n\temail = a@a.test\n[init]\n\tdefaultBranch = main\n";
  await box.write("home/.gitconfig", `${config}[protocol "file"]\n\tallow = always\n`);
  return box;
}

/** Runs a shell script on the host, in the work tree unless told otherwise. */
export async function onHost(box: Box, script: string, options: RunOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await box.host(["sh", "-ec", script], options);
  assert.equal(code, 0, stderr);
  return stdout;
}

/** The paths below the box that a run says it has set aside, sorted. */
export function setAside(box: Box, { stderr }: Outcome): string[] {
  return stderr.split("\n").flatMap((line) => {
    const path = /^tombolo: set aside (\S+): /.exec(line)?.[1];
    return path === undefined ? [] : [path.slice(box.root.length + 1)];
  }).sort();
}
