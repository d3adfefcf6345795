/** One setting of a git configuration file. */
export interface GitSetting {
  /** `section.name` in lower case, without the subsection. */
  readonly key: string;
  /** The part in quotes; absent where there is none. */
  readonly subsection?: string;
  /** Absent where the key stands alone, which means true. */
  readonly value?: string;
}

const SECTION = /^\[([A-Za-z0-9-]+)(?: "([^"\\]*)")?\]$/;
// A value as git itself writes it: plain, or wholly in quotes; no escapes, no comment, no continuation, and no tab, of
// which some versions of git make a space.
const SETTING = /^([A-Za-z][A-Za-z0-9-]*)(?:[ \t]*=[ \t]*(?:"([^"\\]*)"|([^"\\;#\t]*)))?$/;
// deno-lint-ignore no-control-regex
const FOREIGN = /[\x00-\x08\x0b-\x1f\x7f\ufeff\ufffd]/;

/**
 * Reads the part of git's configuration syntax that git itself writes, and nothing beyond it.
 *
 * @returns The settings in order; `undefined` where anything is not wholly understood
 */
export function parseGitConfig(text: string): GitSetting[] | undefined {
  if (FOREIGN.test(text)) return undefined;
  const settings: GitSetting[] = [];
  let section: RegExpExecArray | undefined;
  for (const raw of text.split("\n")) {
    const line = raw.replace(/^[ \t]+|[ \t]+$/g, "");
    if (line === "" || line.startsWith("#") || line.startsWith(";")) continue;
    const head = SECTION.exec(line);
    if (head !== null) {
      section = head;
      continue;
    }
    const setting = SETTING.exec(line);
    if (setting === null || section === undefined) return undefined;
    const value = setting[2] ?? setting[3];
    settings.push({
      key: `${section[1]}.${setting[1]}`.toLowerCase(),
      ...(section[2] === undefined ? {} : { subsection: section[2] }),
      ...(value === undefined ? {} : { value: setting[2] ?? value.replace(/[ \t]+$/, "") }),
    });
  }
  return settings;
}
