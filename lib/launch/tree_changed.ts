import { TomboloError } from "../report/tombolo_error.ts";

/** What was to be guarded has changed since the plan was made: it must be made again. */
export class TreeChanged extends TomboloError {
  constructor() {
    super(
      "sandbox",
      "Cannot start the sandbox: something that it guards has vanished meanwhile, and nothing ran",
      {
        remedy: "start it again",
      },
    );
  }
}
