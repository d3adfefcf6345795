/** One version in a changelog of Debian's form (deb-changelog(5)). */
interface Entry {
  readonly version: string;
  readonly text: string;
}

// `bubblewrap (0.8.0-2+deb12u1) bookworm-security; urgency=high`
const HEADER = /^\S+ \(([^)]+)\) [^;]+;/;

function entries(changelog: string): Entry[] {
  const found: { version: string; text: string }[] = [];
  for (const line of changelog.split("\n")) {
    const version = HEADER.exec(line)?.[1];
    if (version !== undefined) found.push({ version, text: "" });
    else if (found.length > 0) found[found.length - 1] = joined(found[found.length - 1], line);
  }
  return found;
}

function joined(entry: Entry | undefined, line: string): Entry {
  return { version: entry?.version ?? "", text: `${entry?.text ?? ""}\n${line}` };
}

// A bullet with the lines that continue it.
function bullets(text: string): string[] {
  return text.split(/\n(?=\s*[*+-] )/).map((bullet) => bullet.replaceAll(/\s+/g, " "));
}

// Ubuntu fixed CVE-2026-87766 in one version and took the fix back in the next (USN-8779-2): "Drop CVE-2026-87766".
const TAKEN_BACK = /\b(?:drop|revert|remove|disable|back(?:ed)? out)/i;

/**
 * Which flaws a package's changelog says are fixed in it: the newest entry that names one decides.
 *
 * @param changelog The text of changelog.Debian
 * @param installed The version that is installed; a changelog of another one proves nothing
 * @param ids Names of the flaws
 */
export function packageFixes(changelog: string, installed: string, ids: readonly string[]): string[] {
  const all = entries(changelog);
  if (all[0]?.version !== installed) return [];
  return ids.filter((id) => {
    const entry = all.find(({ text }) => text.includes(id));
    const named = bullets(entry?.text ?? "").filter((bullet) => bullet.includes(id));
    return named.length > 0 && !named.some((bullet) => TAKEN_BACK.test(bullet));
  });
}
