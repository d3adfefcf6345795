import type { LaunchOrders } from "../launch_orders.ts";
import type { LandlockRule } from "./confinement.ts";

/** Everything that stage2 has to know to confine a command and become its warden. */
export interface ConfineOrders {
  readonly rules: readonly LandlockRule[];
  /** The only TCP port that may be connected to, on any address; absent where there is no network. */
  readonly port?: number;
  /** The filter, an array of `struct sock_filter`, in base64. */
  readonly filter: string;
  readonly command: readonly string[];
  readonly environment: readonly (readonly [name: string, value: string])[];
  /** Working directory. */
  readonly cwd: string;
  /** A directory to make, for this command alone, and to remove should tombolo be gone at the end. */
  readonly temporary: string;
  /** Soft limit of open files. */
  readonly openFiles?: number;
  readonly limits?: LaunchOrders["limits"];
  /** Directory of the control group that the command is to run in. */
  readonly scope?: string;
}
