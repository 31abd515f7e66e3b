/** Actions as system calls, in order. Frames that follow each other leave in one call. */
import { PollSet } from "../../native/poll.ts";
import { missingCapabilities } from "../../native/process.ts";
import type { Action, Event } from "../agent/boundary.ts";
import { unreachable } from "../base/assert.ts";
import { bootId } from "./boot.ts";
import type { Clock } from "./clock.ts";
import type { Control } from "./control.ts";
import { HeartbeatLinks } from "./heartbeat.ts";
import { Neighbours } from "./neighbours.ts";
import { HookRunner } from "./hooks.ts";
import type { HistoryFile } from "./history.ts";
import type { Journal } from "./journal.ts";
import type { Kernel } from "./kernel.ts";
import type { Ledger } from "./ledger.ts";
import type { Outside } from "./loop.ts";
import { Notifier } from "./notify.ts";
import type { PacketFilters } from "./packet-filters.ts";
import type { CommandNotes } from "./orphans.ts";
import { Packets } from "./packets.ts";
import { Probes } from "./probes.ts";
import { ServiceTables } from "./services.ts";
import type { Promotion } from "./promotion.ts";
import { readConfig } from "./config-file.ts";
import { ResourceRunner } from "./resources.ts";
import type { Sent, Transmitter } from "./transmit.ts";
import { RealServing } from "./realserving.ts";
import type { VirtualMacs } from "./virtual-macs.ts";

/** What performs. */
export interface Parts {
  readonly clock: Clock;
  readonly kernel: Kernel;
  readonly transmitter: Transmitter;
  readonly ledger: Ledger;
  readonly promotion: Promotion;
  readonly virtualMacs: VirtualMacs;
  readonly packetFilters: PacketFilters;
  readonly control: Control;
  readonly journal: Journal;
  readonly history: HistoryFile;
  readonly notes: CommandNotes;
  /** The configuration file. */
  readonly path: string;
  readonly stateDir: string;
  readonly runtimeDir: string;
}

/** Frames that belong to no router and could not be sent are said this often, in milliseconds. */
const LOST_EVERY = 60_000;
/** What performing nothing gives. */
const NOTHING = { events: [], exit: null } as const;

/** The real world behind the loop. */
export class World implements Outside {
  readonly #parts: Parts;
  readonly #post: (event: Event) => void;
  readonly #poll = new PollSet();
  readonly #packets: Packets;
  readonly #neighbours: Neighbours;
  readonly probes: Probes;
  readonly notifier: Notifier;
  readonly #hooks: HookRunner;
  readonly #resources: ResourceRunner;
  readonly heartbeat: HeartbeatLinks;
  readonly realServing: RealServing;
  readonly services: ServiceTables;
  #lost = 0;
  #lostSaidAt = Number.NEGATIVE_INFINITY;

  constructor(parts: Parts, post: (event: Event) => void) {
    this.#parts = parts;
    this.#post = post;
    this.#packets = new Packets(post, () => this.#poll.watch(this.#packets.descriptors()));
    this.#neighbours = new Neighbours(post);
    this.probes = new Probes(post, parts.notes);
    this.notifier = new Notifier(post);
    this.#hooks = new HookRunner(post, parts.notes);
    this.#resources = new ResourceRunner(post, parts.notes);
    this.heartbeat = new HeartbeatLinks(parts.stateDir, post, parts.notes);
    this.realServing = new RealServing(parts.runtimeDir, (detail) =>
      parts.journal.write("warning", "agent.warning", { what: "realserver", detail }),
    );
    this.services = new ServiceTables(parts.runtimeDir, bootId(), post, (detail) =>
      parts.journal.write("warning", "agent.warning", { what: "ipvs", detail }),
    );
  }

  wait(milliseconds: number): readonly number[] {
    return this.#poll.wait(milliseconds);
  }

  drain(fd: number, limit: number, deliver: (event: Event) => void): number {
    return this.#packets.drain(fd, limit, deliver);
  }

  perform(actions: readonly Action[]): { readonly events: readonly Event[]; readonly exit: number | null } {
    // Most adverts that are heard ask for nothing.
    if (actions.length === 0) return NOTHING;
    const events: Event[] = [];
    let exit: number | null = null;
    for (const action of actions) {
      if (action.kind === "frame") {
        events.push(...this.#sent(this.#parts.transmitter.frame(action)));
        continue;
      }
      // Nothing overtakes a frame but a log line, which changes nothing.
      if (action.kind !== "log") events.push(...this.#sent(this.#parts.transmitter.flush()));
      if (action.kind === "exit") exit = action.code;
      else events.push(...this.#act(action));
    }
    events.push(...this.#sent(this.#parts.transmitter.flush()));
    return { events, exit };
  }

  #act(action: Exclude<Action, { kind: "frame" | "exit" }>): readonly Event[] {
    const { transmitter, kernel, ledger, promotion, virtualMacs, packetFilters, control, journal } =
      this.#parts;
    switch (action.kind) {
      case "packet":
        return this.#sent([transmitter.packet(action)]);
      case "virtual-macs":
        return [{ kind: "virtual-macs", results: virtualMacs.set(action.devices) }];
      case "refuse":
        return [{ kind: "refused", failure: packetFilters.set(action.refused) }];
      case "addresses":
        return [kernel.change(action.changes)];
      case "resync": {
        const event = kernel.resync();
        return event === null ? [] : [event];
      }
      case "forwarding":
        return [kernel.forward(action.changes)];
      case "resync-forwarding": {
        const entries = kernel.forwarding();
        return entries === null ? [] : [{ kind: "forwarding-told", entries }];
      }
      case "listen":
        return this.#packets.listen(action.listeners);
      case "neighbours":
        this.#neighbours.watch(action.watches);
        return [];
      case "neighbour-probe":
        return this.#sent(transmitter.frame({ ...action, kind: "frame", source: null, router: null }));
      case "drop-queued":
        this.#packets.discard();
        return [];
      case "promote-secondaries":
        promotion.set(action.index, action.enable);
        return [];
      case "ledger":
        ledger.replace(action.router, action.record);
        return [];
      case "probe":
        this.probes.start(action);
        return [];
      case "probe-cancel":
        this.probes.cancel(action.check);
        return [];
      case "hook":
        this.#hooks.start(action);
        return [];
      case "hook-cancel":
        this.#hooks.cancel(action.id);
        return [];
      case "notify":
        this.notifier.add(action);
        return [];
      case "heartbeat":
        return this.heartbeat.perform(action);
      case "resource":
        this.#resources.start(action);
        return [];
      case "realserver":
        return [this.realServing.set(action.addresses)];
      case "services":
        this.services.perform(action);
        return [];
      case "history":
        this.#parts.history.add(action.transition);
        return [];
      case "log":
        journal.write(action.level, action.event, action.fields);
        return [];
      case "log-settings":
        journal.configure(action.level, action.target, action.facility);
        return [];
      case "reply":
        control.reply(action.connection, action.reply);
        return [];
      case "read-config":
        this.#post({
          kind: "config",
          source: { ...readConfig(this.#parts.path), lacking: missingCapabilities() },
          connection: action.connection,
        });
        return [];
      default:
        return unreachable(action);
    }
  }

  /** Adverts that the kernel took go into the ledger with their time; the others become events. */
  #sent(results: readonly Sent[]): readonly Event[] {
    if (results.length === 0) return [];
    const now = this.#parts.clock.now();
    const events: Event[] = [];
    for (const { router, errno } of results) {
      if (router === null) {
        if (errno !== null) this.#announcementLost(errno, now);
      } else if (errno === null) {
        this.#parts.ledger.stamp(router, now);
      } else {
        events.push({ kind: "send-failed", router, errno });
      }
    }
    return events;
  }

  #announcementLost(errno: string, now: number): void {
    this.#lost++;
    if (now - this.#lostSaidAt < LOST_EVERY) return;
    this.#lostSaidAt = now;
    const fields = { what: "announcements", detail: errno, lost: this.#lost };
    this.#parts.journal.write("warning", "agent.warning", fields);
  }

  close(): void {
    this.probes.cancelAll();
    this.#hooks.cancelAll();
    this.#resources.cancelAll();
    this.#packets.close();
    this.#neighbours.watch([]);
  }
}
