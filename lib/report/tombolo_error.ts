/** What kind of failure of tombolo itself a {@linkcode TomboloError} is. */
export type ErrorKind = "usage" | "policy" | "sandbox" | "not-found" | "not-executable";

const STATUS: Readonly<Record<ErrorKind, number>> = {
  usage: 125,
  policy: 125,
  sandbox: 125,
  "not-found": 127,
  "not-executable": 126,
};

/** The one error class of the tool: it carries facts; the command line renders it as a single line. */
export class TomboloError extends Error {
  readonly kind: ErrorKind;
  /** What the user can do about it, as a phrase; shown after the message. */
  declare readonly remedy?: string;

  constructor(kind: ErrorKind, message: string, options: { remedy?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.name = "TomboloError";
    this.kind = kind;
    if (options.remedy !== undefined) this.remedy = options.remedy;
  }

  /** The exit status that stands for this error. */
  get status(): number {
    return STATUS[this.kind];
  }
}
