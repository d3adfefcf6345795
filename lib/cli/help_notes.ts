/** What the help of a command says beside its flags. */
export const HELP_NOTES: Readonly<Record<string, string>> = {
  proxy: `It prints the variables that make clients use it, and a last line once it listens:

  env=$(mktemp); tombolo proxy --allow-net=github.com --listen=127.0.0.1:0 >"$env" &
  until grep -q '^# tombolo proxy' "$env" || ! kill -0 $!; do sleep 0.1; done; . "$env"

TERM, INT and HUP end it: live tunnels have 5 seconds, a second signal ends them at once.
Exit status: 0 when it was told to end; 125 when it failed.`,
  worker:
    `It prints "ready" once the socket may be connected to, and ends with its client. TOMBOLO_WORKER_POLICY
may hold a policy as JSON, whose relative paths start at the root.
docs/worker-protocol.md has the protocol.
Exit status: 0 when the client ended it; 1 when it ended inside a message; 125 when it failed.`,
  mcp:
    `It speaks the Model Context Protocol on stdin and stdout: read, write, edit, list, stat, glob, grep, make_dir,
remove, rename, and run, which runs a command under these flags. No tool changes the policy. In a client:

  { "command": "tombolo", "args": ["mcp", "--root=/path/to/project", "--allow-net=api.example.com"] }

Exit status: 0 when the client ended it; 125 when it failed.`,
  restore:
    `What a command left where the host would run it (.vscode/tasks.json, a git hook) is moved into the state directory
when the command ends. Without NAME this shows what lies there, from where and why. NAME is what the list calls it,
or the path where it stood. Nothing that exists is overwritten. Read it before you put it back.

Exit status: 0; 125 when something could not be put back.`,
  doctor:
    `It says what this host can enforce, what is missing, what that costs, and the command or file that changes it.
Nothing is changed. With --verify it starts a real sandbox and tries to escape from it, a line for each attempt:
"held", or "leaked" where a wall is missing.
docs/doctor.md has both in full.

Exit status: 0 where the default policy can be enforced in full, with --verify where every attempt was held;
1 where not; 125 for bad flags, or when the sandbox could not be started.`,
  policy: `Exit status: 0; 125 when a file is bad.`,
  completions: `In a start-up file of the shell:

  bash  source <(tombolo completions bash)
  zsh   source <(tombolo completions zsh), behind compinit
  fish  tombolo completions fish | source

Exit status: 0; 125 for another shell.`,
};
