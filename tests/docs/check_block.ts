import type { CodeBlock } from "./code_blocks.ts";
import type { ExampleWorld } from "./example_world.ts";
import { matchesShown } from "./matches_shown.ts";

/** A command of a console block, and the output that is shown for it. */
interface Shown {
  readonly command: string;
  readonly output: string;
}

function shownSteps(text: string): Shown[] {
  const steps: { command: string; output: string }[] = [];
  for (const line of text.split("\n")) {
    const last = steps.at(-1);
    if (line.startsWith("$ ")) steps.push({ command: line.slice(2), output: "" });
    else if (last === undefined) throw new Error(`no command before the line ${JSON.stringify(line)}`);
    else if (last.command.endsWith("\\") && last.output === "") last.command += `\n${line}`;
    else last.output += `${line}\n`;
  }
  return steps;
}

async function checkSession(block: CodeBlock, world: ExampleWorld): Promise<string[]> {
  const shown = shownSteps(block.text);
  const steps = await world.session(shown.map(({ command }) => command));
  return shown.flatMap(({ command, output }, index) => {
    const step = steps[index] ?? { output: "", status: 1 };
    const asked = shown[index + 1]?.command === "echo $?";
    const failures = matchesShown(output, step.output)
      ? []
      : [`$ ${command}\nshown:\n${output}printed:\n${step.output}`];
    return step.status === 0 || block.fails || asked
      ? failures
      : [...failures, `$ ${command}\nended with ${step.status}:\n${step.output}`];
  });
}

/**
 * Runs the example in a block, if it is one.
 *
 * @returns What is wrong with it
 */
export async function checkBlock(block: CodeBlock, world: ExampleWorld): Promise<string[]> {
  if (block.noRun !== undefined) return [];
  if (block.language === "console") return await checkSession(block, world);
  if (block.language !== "sh" && block.language !== "bash") return [];
  const { output, status } = await world.run(block);
  return (status !== 0) === block.fails ? [] : [`ended with ${status}:\n${output}`];
}
