import type { SafePath } from "../paths/safe_path.ts";
import { escape } from "../report/escape.ts";

const OUTSIDE = "programs outside of the sandbox do what is asked there";

// What listens is guessed from the name: tools keep to the usual ones.
const POWERFUL: readonly (readonly [RegExp, string])[] = [
  [
    /\/(?:(?:docker|podman|containerd|crio|buildkitd)[^/]*\.sock|(?:lxd|incus)\/unix\.socket)$/,
    "whoever reaches it is as good as root on this host",
  ],
  [/\/(?:snapd|libvirt|virtqemud)[^/]*$/, "whoever reaches it may be as good as root on this host"],
  [/\/systemd\/(?:.*\/)?(?:private|notify|io\.systemd\.[^/]*)$/, `systemd: ${OUTSIDE}`],
  [/\/(?:bus|system_bus_socket|dbus-[^/]*)$/, `D-Bus: ${OUTSIDE}`],
  [
    /\/(?:[^/]*agent[^/]*(?:\/[^/]*)?|keyring\/[^/]*)$/,
    "an agent: it signs with your keys for whoever asks",
  ],
  [
    /\/(?:\.X11-unix\/[^/]*|wayland-\d+)$/,
    "the display: it shows your screen and takes keys, as far as it lets clients",
  ],
  [/\/(?:tmux-\d+\/[^/]*|vscode-[^/]*|nvim[^/]*|emacs[^/]*\/[^/]*)$/, `a terminal or editor: ${OUTSIDE}`],
  [/\/nix\/.*daemon-socket\/socket$/, `the builder of Nix: ${OUTSIDE}`],
];

/** One line about a socket behind which more stands than a server: at most one, none for an unknown name. */
export function socketNotice(path: SafePath): string[] {
  const text = path.toString();
  const found = POWERFUL.find(([name]) => name.test(text));
  return found === undefined ? [] : [`the sandbox reaches ${escape(text)}: ${found[1]}`];
}
