/**
 * Renders a Markdown table.
 *
 * @param head The heads of the columns
 * @param rows The cells of each row; pipes and line ends in them are taken care of
 * @returns The lines of the table, the first column to the left, all others to the right
 */
export function renderTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|").replaceAll(/\s*\n\s*/g, " ")).join(" | ")} |`;
  const rule = `| --- |${" --: |".repeat(head.length - 1)}`;
  return [line(head), rule, ...rows.map(line)].join("\n");
}
