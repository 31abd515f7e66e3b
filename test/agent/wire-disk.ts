/** The state_dir of a simulated node, as far as its groups go. */
import type { HeartbeatAction, HeartbeatEvent } from "../../src/agent/cluster/boundary.ts";

export class WireDisk {
  /** Of the boot that mounted it. */
  bootId = "boot";
  /** What it has of groups. */
  resources: string | null = null;
  /** Why it takes nothing; null: it does. */
  fails: string | null = null;
  /** It never answers. */
  hangs = false;

  /** Keeps it, and answers. */
  keep(
    { version, text }: Extract<HeartbeatAction, { readonly what: "keep-resources" }>,
    answer: (event: HeartbeatEvent) => void,
  ): void {
    if (this.fails === null) this.resources = text;
    if (this.hangs) return;
    answer({ kind: "heartbeat", what: "resources-kept", version, failure: this.fails });
  }
}
