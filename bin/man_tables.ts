type Table = readonly (readonly [name: string, meaning: string])[];

/** When what the page says beside the tables was last gone through. */
export const REVISED = "2026-11-29";

/** What becomes of signals. */
export const SIGNALS: Table = [
  [
    "INT, TERM, HUP, QUIT, USR1, USR2, WINCH",
    "passed on to the command; tombolo waits for it and ends with its status. Ctrl-C at a terminal is one INT, not two",
  ],
  ["KILL", "ends tombolo, the command and everything that it has started"],
];

/** Files that tombolo reads or writes by itself. */
export const FILES: Table = [
  [
    "$XDG_STATE_HOME/tombolo, else ~/.local/state/tombolo",
    "what runs have set aside (tombolo restore), results of probes, and where repositories were found",
  ],
  [
    "$XDG_RUNTIME_DIR/tombolo, else in the state directory",
    "sockets of runs that are under way; removed with them",
  ],
];

/** Variables that tombolo itself heeds. */
export const ENVIRONMENT: Table = [
  [
    "HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY",
    "the proxy that the gateway dials through, unless --upstream says otherwise; lower case wins",
  ],
  ["PATH", "where the command, bubblewrap and programs of rules are looked for"],
  ["HOME, TMPDIR, PWD, XDG_*", "expanded in the paths of policy files"],
  ["TOMBOLO_WORKER_POLICY", "a policy for tombolo worker, as JSON"],
  [
    "Caches of toolchains (CARGO_HOME, GOPATH, npm_config_cache, DENO_DIR and the like)",
    "move what their presets open",
  ],
];
