/** A path that a program of the host reads commands from, or runs, by itself. */
export interface HostExecuted {
  /** Below the place that its list is about. */
  readonly path: string;
  /** What runs it. */
  readonly reason: string;
}

/** In every git directory (git-config(1): core.fsmonitor, core.hooksPath, filter.*; gitrepository-layout(5)). */
export const GIT_EXECUTED: readonly HostExecuted[] = [
  { path: "hooks", reason: "git runs hooks on the host" },
  { path: "config", reason: "git runs commands that its configuration names" },
  { path: "commondir", reason: "it names the directory whose configuration and hooks git uses" },
  { path: "config.worktree", reason: "git runs commands that its configuration names" },
  { path: "info/attributes", reason: "git attributes choose filters that run" },
  { path: "remotes", reason: "git takes addresses of remotes from it, and runs the hooks of local ones" },
  { path: "branches", reason: "git takes addresses of remotes from it, and runs the hooks of local ones" },
];

const EDITOR = "the editor runs tasks and programs that it names";
const SERVERS = "a coding agent starts the servers that it names";
const AGENT = "a coding agent runs hooks and servers that its settings name";
const SHELL = "the shell runs it at start";
const DESKTOP = "the desktop runs it at login";
const SERVICE = "the service manager runs it";
const ON_PATH = "programs there are run by name";

/**
 * Directly in every writable root, and where it exists at the top of every repository.
 *
 * Not here, because changing them is what a sandbox is for: what the user starts by hand and reads first (package.json,
 * makefiles, .pre-commit-config.yaml, .cargo/config.toml), what only chooses among packages (.npmrc, .yarnrc.yml,
 * pip.conf), and what a model reads without running it (CLAUDE.md, AGENTS.md, .cursor/rules, .claude/commands).
 */
export const PROJECT_EXECUTED: readonly HostExecuted[] = [
  { path: ".vscode", reason: EDITOR },
  { path: ".idea", reason: EDITOR },
  { path: ".zed", reason: EDITOR },
  { path: ".helix", reason: EDITOR },
  { path: ".vs", reason: EDITOR },
  { path: ".nvim.lua", reason: "Neovim runs it when it starts there" },
  { path: ".nvimrc", reason: "Neovim runs it when it starts there" },
  { path: ".exrc", reason: "vi runs it when it starts there" },
  { path: ".dir-locals.el", reason: "Emacs evaluates it when a file is opened" },
  { path: ".devcontainer", reason: "editors run its commands, some of them on the host" },
  { path: ".devcontainer.json", reason: "editors run its commands, some of them on the host" },
  { path: ".husky", reason: "git runs the hooks in it" },
  { path: ".envrc", reason: "direnv runs it when a shell enters" },
  { path: ".direnv", reason: "direnv loads it when a shell enters" },
  { path: ".mise.toml", reason: "mise runs its hooks when a shell enters" },
  { path: "mise.toml", reason: "mise runs its hooks when a shell enters" },
  { path: ".mcp.json", reason: SERVERS },
  { path: ".claude/settings.json", reason: AGENT },
  { path: ".claude/settings.local.json", reason: AGENT },
  { path: ".claude/hooks", reason: "a coding agent runs hooks" },
  { path: ".cursor/mcp.json", reason: SERVERS },
  { path: ".cursor/hooks.json", reason: AGENT },
  { path: ".cursor/environment.json", reason: AGENT },
  { path: ".codex/config.toml", reason: AGENT },
  { path: ".codex/hooks.json", reason: AGENT },
  { path: ".gemini/settings.json", reason: AGENT },
  { path: ".qwen/settings.json", reason: AGENT },
  { path: ".opencode", reason: "a coding agent loads the plugins in it" },
  { path: "opencode.json", reason: SERVERS },
  { path: "opencode.jsonc", reason: SERVERS },
  { path: ".continue", reason: SERVERS },
  { path: ".windsurf/hooks.json", reason: AGENT },
  { path: ".kiro/hooks", reason: AGENT },
  { path: ".kiro/settings", reason: SERVERS },
  { path: ".roo/mcp.json", reason: SERVERS },
  { path: ".amazonq/mcp.json", reason: SERVERS },
  { path: ".aider.conf.yml", reason: "a coding agent runs the lint and test commands that it names" },
];

/** Below the home directory, where a writable root holds it; at the top of every writable root, where it exists. */
export const HOME_EXECUTED: readonly HostExecuted[] = [
  ...[".bashrc", ".bash_profile", ".bash_login", ".bash_logout", ".bash_aliases", ".profile"],
  ...[".zshrc", ".zshenv", ".zprofile", ".zlogin", ".zlogout", ".oh-my-zsh", ".zsh", ".config/zsh"],
  ...[".kshrc", ".cshrc", ".tcshrc", ".login", ".config/fish", ".config/nushell", ".config/powershell"],
].map((path) => ({ path, reason: SHELL })).concat([
  { path: ".inputrc", reason: "it binds keys of the shell to commands" },
  { path: ".config/starship.toml", reason: "the shell's prompt runs its commands" },
  { path: ".config/direnv", reason: "direnv runs it" },
  { path: ".config/mise", reason: "mise runs its hooks when a shell starts" },
  { path: ".gitconfig", reason: "git runs commands that its configuration names" },
  { path: ".config/git", reason: "git runs commands that its configuration names" },
  { path: ".pam_environment", reason: "the login takes variables from it" },
  { path: ".config/environment.d", reason: "the login takes variables from it" },
  { path: ".xprofile", reason: DESKTOP },
  { path: ".xinitrc", reason: DESKTOP },
  { path: ".xsession", reason: DESKTOP },
  { path: ".xsessionrc", reason: DESKTOP },
  { path: ".config/autostart", reason: DESKTOP },
  { path: ".config/plasma-workspace", reason: DESKTOP },
  { path: ".config/i3", reason: DESKTOP },
  { path: ".config/sway", reason: DESKTOP },
  { path: ".config/hypr", reason: DESKTOP },
  { path: ".local/share/applications", reason: "the desktop starts programs by these entries" },
  { path: ".local/share/dbus-1", reason: SERVICE },
  { path: ".config/systemd/user", reason: SERVICE },
  { path: ".local/share/systemd/user", reason: SERVICE },
  { path: "Library/LaunchAgents", reason: SERVICE },
  { path: ".local/bin", reason: ON_PATH },
  { path: "bin", reason: ON_PATH },
  { path: ".cargo/bin", reason: ON_PATH },
  { path: ".deno/bin", reason: ON_PATH },
  { path: ".bun/bin", reason: ON_PATH },
  { path: "go/bin", reason: ON_PATH },
  { path: ".cargo/env", reason: SHELL },
  { path: ".cargo/config.toml", reason: "cargo runs the linkers and wrappers that it names" },
  { path: ".vimrc", reason: "vim runs it at start" },
  { path: ".gvimrc", reason: "vim runs it at start" },
  { path: ".vim", reason: "vim loads the plugins in it" },
  { path: ".config/nvim", reason: "Neovim runs it at start" },
  { path: ".local/share/nvim/site", reason: "Neovim loads the plugins in it" },
  { path: ".emacs", reason: "Emacs runs it at start" },
  { path: ".emacs.d", reason: "Emacs runs it at start" },
  { path: ".config/emacs", reason: "Emacs runs it at start" },
  { path: ".config/Code/User", reason: EDITOR },
  { path: ".config/VSCodium/User", reason: EDITOR },
  { path: ".config/Cursor/User", reason: EDITOR },
  { path: ".config/JetBrains", reason: EDITOR },
  { path: ".config/zed", reason: EDITOR },
  { path: ".config/helix", reason: EDITOR },
  { path: ".vscode-server", reason: "the editor runs the extensions in it" },
  { path: ".tmux.conf", reason: "tmux runs its commands" },
  { path: ".config/tmux", reason: "tmux runs its commands" },
  { path: ".screenrc", reason: "screen runs its commands" },
  { path: ".config/kitty", reason: "the terminal starts the programs that it names" },
  { path: ".config/alacritty", reason: "the terminal starts the programs that it names" },
  { path: ".config/ghostty", reason: "the terminal starts the programs that it names" },
  { path: ".config/wezterm", reason: "the terminal runs it" },
  { path: ".wezterm.lua", reason: "the terminal runs it" },
  { path: ".gdbinit", reason: "gdb runs it at start" },
  { path: ".config/gdb", reason: "gdb runs it at start" },
  { path: ".lldbinit", reason: "lldb runs it at start" },
  { path: ".pdbrc", reason: "Python's debugger runs it" },
  { path: ".ipython", reason: "IPython runs it at start" },
  { path: ".irbrc", reason: "irb runs it at start" },
  { path: ".Rprofile", reason: "R runs it at start" },
  { path: ".psqlrc", reason: "psql runs its commands" },
  { path: ".sqliterc", reason: "sqlite3 runs its commands" },
  { path: ".gradle/init.gradle", reason: "Gradle runs it in every build" },
  { path: ".gradle/init.d", reason: "Gradle runs it in every build" },
  { path: ".docker/cli-plugins", reason: "docker runs the programs in it" },
  { path: ".claude/settings.json", reason: AGENT },
  { path: ".claude/settings.local.json", reason: AGENT },
  { path: ".claude/hooks", reason: "a coding agent runs hooks" },
  { path: ".claude/plugins", reason: "a coding agent loads the plugins in it" },
  { path: ".config/opencode", reason: "a coding agent loads the plugins in it" },
]);

/** The first names of a list's paths: what a listing of the place can hold. */
export function firstNames(list: readonly HostExecuted[]): ReadonlySet<string> {
  return new Set(list.map(({ path }) => path.split("/", 1)[0] ?? path));
}
