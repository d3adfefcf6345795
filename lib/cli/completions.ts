import { quote } from "../report/escape.ts";
import { TomboloError } from "../report/tombolo_error.ts";
import { asksForHelp } from "./asks_for_help.ts";

const SHELLS: Readonly<Record<string, () => Promise<string>>> = {
  bash: async () => (await import("./completions_bash.ts")).bashCompletions(),
  zsh: async () => (await import("./completions_zsh.ts")).zshCompletions(),
  fish: async () => (await import("./completions_fish.ts")).fishCompletions(),
};

/**
 * `tombolo completions SHELL`: prints a script for the shell.
 *
 * @param args Arguments after the command's name
 * @returns Exit status 0
 * @throws {TomboloError} where the shell is not one of those that there are scripts for
 */
export async function completions(args: readonly string[]): Promise<number> {
  if (asksForHelp(args)) return (await import("./help.ts")).printHelp("completions");
  const [shell, ...more] = args;
  const names = Object.keys(SHELLS).join(", ");
  if (shell === undefined || more.length > 0) {
    throw new TomboloError("usage", `Cannot tell which shell is meant: ${args.length} arguments`, {
      remedy: `wanted: one of ${names}`,
    });
  }
  const script = Object.hasOwn(SHELLS, shell) ? SHELLS[shell] : undefined;
  if (script === undefined) {
    throw new TomboloError("usage", `Cannot complete in shell ${quote(shell)}: there is no script for it`, {
      remedy: `wanted: one of ${names}`,
    });
  }
  console.log(await script());
  return 0;
}
