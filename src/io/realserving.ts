/** The agent's real server at the edge: opened when something is first wanted, or was left by an agent that was killed. */
import { join } from "node:path";
import type { RealServerEvent } from "../agent/realserver-boundary.ts";
import type { Ip } from "../base/address.ts";
import { BY_AGENT, RealServer } from "./realserver.ts";

export class RealServing {
  readonly #directory: string;
  readonly #warn: (detail: string) => void;
  #open: RealServer | null = null;

  constructor(runtimeDir: string, warn: (detail: string) => void) {
    this.#directory = join(runtimeDir, BY_AGENT);
    this.#warn = warn;
  }

  set(addresses: readonly Ip[]): RealServerEvent {
    if (this.#open === null) {
      const opened = RealServer.open(this.#directory, this.#warn);
      if (!opened.ok) return { kind: "realserver", told: null, failure: opened.error };
      this.#open = opened.value;
    }
    const told = this.#open.set(addresses);
    if (addresses.length === 0) this.close();
    return told.ok
      ? { kind: "realserver", told: told.value, failure: null }
      : { kind: "realserver", told: null, failure: `rtnetlink: ${told.error}` };
  }

  /** Takes away what an agent left that was killed, where nothing is wanted. */
  tidy(): void {
    if (this.#open === null && RealServer.hasLeft(this.#directory)) this.set([]);
  }

  close(): void {
    this.#open?.close();
    this.#open = null;
  }
}
