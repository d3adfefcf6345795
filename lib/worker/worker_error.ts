import type { Rule } from "../policy/rule.ts";
import type { ErrorAnswer, ErrorCode } from "./protocol.ts";

/** A request that failed; its class tells the code. */
export class WorkerError extends Error {
  /** The policy's rule that stood in the way. */
  declare readonly rule?: Rule;

  constructor(readonly code: ErrorCode, message: string, options: { rule?: Rule; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.name = new.target.name;
    if (options.rule !== undefined) this.rule = options.rule;
  }
}

function errorClass<Code extends ErrorCode>(code: Code, name: string) {
  const made = class extends WorkerError {
    declare readonly code: Code;

    constructor(message: string, options: { rule?: Rule; cause?: unknown } = {}) {
      super(code, message, options);
      this.name = name;
    }
  };
  Object.defineProperty(made, "name", { value: name });
  return made;
}

/** A rule, or the border of the root, stands in the way. */
export class PolicyDeniedError extends errorClass("policy_denied", "PolicyDeniedError") {}
/** Nothing stands at the path. */
export class NotFoundError extends errorClass("not_found", "NotFoundError") {}
/** Something stands at the path already. */
export class ExistsError extends errorClass("exists", "ExistsError") {}
/** A directory was wanted. */
export class NotADirectoryError extends errorClass("not_a_directory", "NotADirectoryError") {}
/** A file was wanted. */
export class IsADirectoryError extends errorClass("is_a_directory", "IsADirectoryError") {}
/** The text to replace does not occur. */
export class EditNotFoundError extends errorClass("edit_not_found", "EditNotFoundError") {}
/** The text to replace occurs more than once. */
export class EditAmbiguousError extends errorClass("edit_ambiguous", "EditAmbiguousError") {}
/** A regular expression or a glob cannot be understood. */
export class InvalidPatternError extends errorClass("invalid_pattern", "InvalidPatternError") {}
/** More than a message or a request may hold. */
export class TooLargeError extends errorClass("too_large", "TooLargeError") {}
/** The system refused. */
export class IoError extends errorClass("io", "IoError") {}
/** A message that is not of the protocol. */
export class ProtocolError extends errorClass("protocol", "ProtocolError") {}
/** A fault of the worker itself. */
export class InternalError extends errorClass("internal", "InternalError") {}

/** The worker could not be started, or went away before it answered: its process has been ended. */
export class TransportError extends Error {
  constructor(message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.name = "TransportError";
  }
}

const CLASSES: Readonly<
  Record<ErrorCode, new (message: string, options?: { rule?: Rule }) => WorkerError>
> = {
  policy_denied: PolicyDeniedError,
  not_found: NotFoundError,
  exists: ExistsError,
  not_a_directory: NotADirectoryError,
  is_a_directory: IsADirectoryError,
  edit_not_found: EditNotFoundError,
  edit_ambiguous: EditAmbiguousError,
  invalid_pattern: InvalidPatternError,
  too_large: TooLargeError,
  io: IoError,
  protocol: ProtocolError,
  internal: InternalError,
};

/** The error that an answer stands for. */
export function errorOf({ code, message, rule }: ErrorAnswer): WorkerError {
  return new CLASSES[code](message, rule === undefined ? {} : { rule });
}

/** The answer that stands for an error. */
export function answerOf(error: WorkerError): ErrorAnswer {
  const { code, message, rule } = error;
  return {
    kind: "error",
    code,
    message,
    ...(rule === undefined ? {} : { rule: { text: rule.text, origin: rule.origin } }),
  };
}

/** Puts an error of the runtime into the words of the protocol. */
export function asWorkerError(error: unknown, path: string): WorkerError {
  if (error instanceof WorkerError) return error;
  const errors = Deno.errors;
  // The system's words end with the absolute path, which the message names already.
  const text = (error instanceof Error ? error.message : String(error)).replace(/ \(os error \d+\).*$/s, "");
  const message = `Cannot use ${JSON.stringify(path)}: ${text}`;
  if (error instanceof errors.NotFound) return new NotFoundError(message, { cause: error });
  if (error instanceof errors.AlreadyExists) return new ExistsError(message, { cause: error });
  if (error instanceof errors.NotADirectory) return new NotADirectoryError(message, { cause: error });
  if (error instanceof errors.IsADirectory) return new IsADirectoryError(message, { cause: error });
  // The second wall: the sandbox, or the runtime's own permissions.
  const refused = [errors.PermissionDenied, errors.NotCapable].some((refusal) => error instanceof refusal) ||
    /\(os error (?:1|13|30)\)/.test(error instanceof Error ? error.message : "");
  if (refused) {
    return new PolicyDeniedError(`Cannot use ${JSON.stringify(path)}: the sandbox refuses it`, {
      cause: error,
    });
  }
  if (error instanceof Error && "code" in error) return new IoError(message, { cause: error });
  return error instanceof RangeError || error instanceof TypeError
    ? new InternalError(message, { cause: error })
    : new IoError(message, { cause: error });
}
