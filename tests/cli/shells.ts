import { join } from "node:path";
import { TOMBOLO } from "../system/tombolo.ts";

/** A shell that has the completions of tombolo. */
export interface Shell {
  readonly name: string;
  /** What is offered at the end of each line. */
  offers(lines: readonly string[], directory: string): Promise<string[][]>;
}

const BASH = `
PS1='' PS2=''
source "$SCRIPT"
`;

// All matches at once, put into the line: what the completion system would show.
const ZSH = `
PS1='' PS2=''
autoload -Uz compinit
compinit -D -u
source "$SCRIPT"
zle -C all-matches complete-word _generic
zstyle ':completion:all-matches::::' completer _all_matches _complete
zstyle ':completion:all-matches:*' old-matches true
zstyle ':completion:all-matches:*' insert true
bindkey '^Xa' all-matches
`;

// Stands in for tombolo on the line: it records its arguments after completion.
const RECORDER = `
tombolo() {
  if [[ $* == 'restore --list' ]]; then cat "$LISTING"; else { printf '%s\\037' "$@"; echo; } >>"$RECORD"; fi
}
`;

const FISH = `
source $SCRIPT
function tombolo
  test "$argv" = 'restore --list'; and cat $LISTING
end
while read -l line
  complete --do-complete="$line" | string replace -r '\\t.*' '' | string join \\x1f
  echo
end
`;

/** Prints the script for a shell. */
export async function completionScript(shell: string): Promise<string> {
  const { code, stdout } = await new Deno.Command(TOMBOLO, { args: ["completions", shell] }).output();
  if (code !== 0) throw new Error(`Cannot get completions for ${shell}: status ${code}`);
  return new TextDecoder().decode(stdout);
}

async function feed(command: string, args: string[], input: string, options: Deno.CommandOptions) {
  const child = new Deno.Command(command, {
    ...options,
    args,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  })
    .spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input));
  await writer.close();
  const { stdout, stderr } = await child.output();
  return new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
}

const split = (text: string) =>
  text.split("\n").slice(0, -1).map((line) => line.split("\x1f").filter((word) => word !== ""));

async function prepared(shell: string, directory: string, startUp: string) {
  const home = await Deno.makeTempDir({ prefix: "tombolo-shell." });
  const script = join(home, "completions");
  await Deno.writeTextFile(script, await completionScript(shell));
  await Deno.writeTextFile(join(home, ".zshrc"), startUp);
  await Deno.writeTextFile(join(home, "listing"), "tasks-1  /w/tasks.json  (why)\n");
  const record = join(home, "record");
  const env = {
    SCRIPT: script,
    RECORD: record,
    LISTING: join(home, "listing"),
    HOME: home,
    ZDOTDIR: home,
    TERM: "dumb",
    TOMBOLO_MARK: "1",
  };
  return { home, record, options: { cwd: directory, env } };
}

/** An interactive shell at a terminal, in which a key puts every match into the line. */
function interactive(name: string, command: (home: string) => string, startUp: string, key: string): Shell {
  return {
    name,
    async offers(lines, directory) {
      const { home, record, options } = await prepared(name, directory, startUp + RECORDER);
      try {
        const keys = [...lines.map((line) => line + key), "exit"].map((line) => `${line}\n`).join("");
        const seen = await feed("script", ["-qec", command(home), "/dev/null"], keys, options);
        const text = await Deno.readTextFile(record).catch(() => "");
        const found = split(text);
        if (found.length !== lines.length) throw new Error(`Cannot tell what ${name} offers: ${seen}`);
        return found;
      } finally {
        await Deno.remove(home, { recursive: true });
      }
    },
  };
}

const bash = interactive(
  "bash",
  (home) => `bash --noprofile --rcfile ${join(home, ".zshrc")} -i`,
  BASH,
  "\x1b*",
);
const zsh = interactive("zsh", () => "zsh -d -i", ZSH, "\x18a");
const fish: Shell = {
  name: "fish",
  async offers(lines, directory) {
    const { home, options } = await prepared("fish", directory, "");
    try {
      const input = lines.map((line) => `${line}\n`).join("");
      const output = await feed("fish", ["--no-config", "-c", FISH], input, options);
      // A line of words, and the empty one that ends each answer.
      return split(output.replaceAll(/([^\n])\n\n/g, "$1\n"));
    } finally {
      await Deno.remove(home, { recursive: true });
    }
  },
};

/** The shells that there are scripts for. */
export const SHELLS: readonly Shell[] = [bash, zsh, fish];
