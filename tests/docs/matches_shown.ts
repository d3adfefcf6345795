function pattern(line: string): string {
  return line.split("...").map((text) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("[^\\n]*");
}

/** Whether an output is what a page shows: `...` stands for anything in a line, on a line of its own for any lines. */
export function matchesShown(shown: string, output: string): boolean {
  const lines = shown.split("\n").map((line) => line.trimEnd());
  if (lines.at(-1) === "") lines.pop();
  const text = lines.map((line) => line === "..." ? "(?:[^\\n]*\\n)*" : `${pattern(line)}\\n`).join("");
  const plain = output.split("\n").map((line) => line.trimEnd()).join("\n");
  return new RegExp(`^${text}$`).test(plain === "" || plain.endsWith("\n") ? plain : `${plain}\n`);
}
