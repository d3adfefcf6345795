/** What execvp(3) searches where PATH is not set at all. */
export const DEFAULT_PATH = "/bin:/usr/bin";
