/**
 * A process that runs the real edge around a machine that thinks nothing: it tells its parent every event over Bun's IPC and does
 * the actions that the parent sends. `bun scripted.ts RUNTIME_DIR [CONFIG_FILE [REALTIME_PRIORITY]]`.
 */
import type { Action, Event, Handled } from "../../src/agent/boundary.ts";
import type { Instant } from "../../src/base/units.ts";
import { instant, NEVER } from "../../src/base/units.ts";
import { STALE } from "../../src/agent/recover.ts";
import type { AgentConfig } from "../../src/config/model.ts";
import { UNCHANGED } from "../../src/wire/ipvs.ts";
import { readConfig } from "../../src/io/config-file.ts";
import { runAgent } from "../../src/io/run.ts";

/** What the parent sends: actions to do, and when to be woken, in milliseconds from then. */
export interface Order {
  readonly actions: readonly Action[];
  /** The kind of event to wait for; null: at once. */
  readonly on: Event["kind"] | null;
  readonly wakeIn: number | null;
  /** Throw from handle(), as a bug would. */
  readonly bug?: boolean;
}

/** What it tells: an event and the instant at which it was handled. */
export interface Told {
  readonly event: Event;
  readonly now: Instant;
  /** When it had wanted to be woken. */
  readonly wakeAt: Instant;
}

if (import.meta.main) {
  const [runtimeDir = "", config = "/nonexistent.toml", realtime = "0"] = process.argv.slice(2);
  const orders: Order[] = [];
  /** The first order that this event is for. */
  const take = (kind: Event["kind"], nudge: boolean): Order | undefined => {
    const at = orders.findIndex(({ on }) => on === kind || (on === null && nudge));
    return at < 0 ? undefined : orders.splice(at, 1)[0];
  };
  let wakeAt = NEVER;
  const machine = {
    handle(event: Event, now: Instant): Handled {
      // SIGHUP only says that an order has come.
      const nudge = event.kind === "signal" && event.signal === "SIGHUP";
      if (!nudge) process.send?.({ event, now, wakeAt } satisfies Told);
      if (event.kind === "deadline") wakeAt = NEVER;
      const order = take(event.kind, nudge);
      if (order?.bug === true) throw new Error("a planted bug");
      if (order !== undefined) wakeAt = order.wakeIn === null ? NEVER : instant(now + order.wakeIn);
      return { actions: order?.actions ?? [], wakeAt };
    },
  };
  process.on("message", (order: Order) => {
    orders.push(order);
    process.kill(process.pid, "SIGHUP");
  });
  const settings: AgentConfig = {
    node: "test",
    runtimeDir,
    stateDir: runtimeDir,
    maintenanceDir: null,
    ipvsTimeouts: UNCHANGED,
    controlGroup: null,
    realtimePriority: Number(realtime),
    scriptUser: null,
    addressMethod: "auto",
    addressLifetime: "auto",
    log: { level: "info", target: "stderr", facility: "daemon" },
  };
  process.exit(
    await runAgent({
      machine,
      source: readConfig(config),
      version: "test",
      settings,
      needsRights: true,
      stale: STALE,
      rehearse: () => [].values(),
      complain: (text) => console.error(text),
    }),
  );
}
