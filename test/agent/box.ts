/** One node of a lab: its kernel, its ledger, and the agent that runs and dies on it. */
import { Agent } from "../../src/agent/agent.ts";
import type { Action, Event, Request } from "../../src/agent/boundary.ts";
import type { HeartbeatAction } from "../../src/agent/cluster/boundary.ts";
import type { Transition } from "../../src/agent/history.ts";
import type { LedgerRecord } from "../../src/agent/ledger.ts";
import { unreachable } from "../../src/base/assert.ts";
import { instant, NEVER } from "../../src/base/units.ts";
import { isStatusReport, type RouterReport, type StatusReport } from "../../src/cli/report.ts";
import { isUnanswered } from "./unanswered.ts";
import type { Lab } from "./harness.ts";
import { TestKernel } from "./kernel.ts";

type Sent = Extract<Action, { kind: "frame" | "packet" }>;
type Log = Extract<Action, { kind: "log" }>;

const SOURCE = { path: "test.toml", failure: null, mode: 0o600, accounts: null };

/** A node. */
export class Box {
  readonly lab: Lab;
  readonly number: number;
  config: string;
  /** Its port on the bridge is cut: nothing comes in or goes out, and it does not know. */
  cut = false;
  readonly kernel: TestKernel;
  readonly ledger = new Map<string, LedgerRecord>();
  bootId = "this boot";
  /** What its agents wrote of their transitions. */
  readonly history: Transition[] = [];
  /** Everything the agent ever wanted done, in order. */
  readonly actions: Action[] = [];
  exitCode: number | null = null;
  /** Keeps what the feed says back, until {@link tellFeed}. */
  feedWaits = false;
  /** Events that are handled before the kernel's next answers to a batch. */
  beforeAnswers: Event[] = [];
  /** Refuses to send with the name of an error; null lets it through. */
  refuseSend: (action: Sent) => string | null = () => null;
  /** What the packet filter refuses; null: there is none. */
  refused: Extract<Action, { kind: "refuse" }>["refused"] = null;
  /** Why there can be no packet filter. */
  filterFailure: string | null = null;
  /** Which sockets cannot be opened, by `index family`. */
  readonly deaf = new Map<string, string>();
  /** What becomes of heartbeat's actions: nothing, unless it is on a cable. */
  heartbeat: (action: HeartbeatAction) => Event[] = () => [];
  #feed: Event[] = [];
  #agent: Agent | null = null;
  #frozen = false;
  #waiting: Event[] = [];
  #wakeAt: number = NEVER;
  /** When this process last sent an advert of each router. */
  readonly #sent = new Map<string, number>();

  constructor(lab: Lab, number: number, config: string) {
    this.lab = lab;
    this.number = number;
    this.config = config;
    this.kernel = new TestKernel(
      () => lab.now,
      (event) => this.#fed(event),
    );
    this.plug("eth1", 2);
    this.plug("eth2", 3);
  }

  /** An interface with an address of its own for each family: `.10` and `fe80::10` on the first box. */
  plug(name: string, index: number): void {
    this.kernel.putLink({ index, name });
    const own = 10 + this.number;
    this.kernel.add(name, `${name === "eth1" ? "192.0.2" : "198.51.100"}.${own}/24`);
    this.kernel.add(name, `fe80::${own}/64`);
  }

  interfaceOf(address: string): string | undefined {
    const known = this.kernel.addresses().find((each) => each.address === address);
    return this.kernel.links().find(({ index }) => index === known?.index)?.name;
  }

  /** Starts an agent with the ledger as it is. */
  start(): Action[] {
    this.#agent = new Agent();
    this.#feed = [];
    this.#waiting = [];
    this.exitCode = null;
    return this.event({
      kind: "start",
      source: this.source(),
      pid: 4711,
      version: "test",
      bootId: this.bootId,
      links: this.kernel.links(),
      addresses: this.kernel.addresses(),
      forwarding: this.kernel.forwarding.added(),
      ledger: [...this.ledger.values()],
    });
  }

  source(): Extract<Event, { kind: "start" }>["source"] {
    return { ...SOURCE, text: this.config, hostname: `box${this.number}` };
  }

  /** SIGKILL: the kernel and the ledger stay. */
  kill(): void {
    this.#agent = null;
    this.#frozen = false;
    this.#wakeAt = NEVER;
    this.#sent.clear();
  }

  /** SIGSTOP and SIGCONT: what arrives meanwhile waits. */
  freeze(): void {
    this.#frozen = true;
  }

  /** It runs again, and has looked at nothing yet. */
  resume(): void {
    this.#frozen = false;
  }

  thaw(): void {
    this.resume();
    while (this.#waiting.length > 0) {
      const [event] = this.#waiting.splice(0, 1);
      if (event !== undefined) this.event(event);
    }
    this.tick();
  }

  /** When this box wants to run next. */
  dueAt(): number {
    return Math.min(this.#frozen ? NEVER : this.#wakeAt, this.kernel.expiresAt());
  }

  tick(): void {
    this.kernel.expire();
    if (!this.#frozen && this.#wakeAt <= this.lab.now) this.event({ kind: "deadline" });
  }

  /** Hands in one event; gives everything done on it, what followed from it included. */
  event(event: Event): Action[] {
    if (this.#frozen) {
      this.#waiting.push(event);
      return [];
    }
    const done: Action[] = [];
    const events = [event];
    for (let next = events.shift(); next !== undefined && this.#agent !== null; next = events.shift()) {
      const perform = (actions: readonly Action[]): void => {
        done.push(...actions);
        this.actions.push(...actions);
        events.push(...actions.flatMap((action) => this.#perform(action)));
      };
      const handled = this.#agent.handle(next, instant(this.lab.now), perform);
      this.#wakeAt = handled.wakeAt;
      perform(handled.actions);
    }
    return done;
  }

  #perform(action: Action): Event[] {
    if (action.kind === "heartbeat") return this.heartbeat(action);
    if (isUnanswered(action)) return [];
    switch (action.kind) {
      case "frame":
      case "packet":
        return this.#send(action);
      case "addresses": {
        const results = action.changes.map((change) => ({ change, errno: this.kernel.change(change) }));
        return [...this.beforeAnswers.splice(0), { kind: "addresses-changed", results }];
      }
      case "refuse":
        this.refused = action.refused;
        return [{ kind: "refused", failure: this.filterFailure }];
      case "virtual-macs":
        return [{ kind: "virtual-macs", results: this.kernel.setDevices(action.devices) }];
      case "resync":
        return [{ kind: "kernel", links: this.kernel.links(), addresses: this.kernel.addresses() }];
      case "forwarding":
        return [{ kind: "forwarding-changed", results: this.kernel.forwarding.batch(action.changes) }];
      case "resync-forwarding":
        return [{ kind: "forwarding-told", entries: this.kernel.forwarding.added() }];
      case "listen":
        return action.listeners.flatMap(({ index, family }): Event[] => {
          const errno = this.deaf.get(`${index} ${family}`);
          return errno === undefined ? [] : [{ kind: "listener-failed", index, family, errno }];
        });
      case "drop-queued":
        this.#waiting = this.#waiting.filter(({ kind }) => kind !== "frame");
        return [];
      case "ledger":
        this.#keep(action.router, action.record);
        return [];
      case "history":
        this.history.push(action.transition);
        return [];
      case "read-config":
        this.lab.soon(() =>
          this.event({ kind: "config", source: this.source(), connection: action.connection }),
        );
        return [];
      case "exit":
        this.exitCode = action.code;
        this.kill();
        return [];
      default:
        return unreachable(action);
    }
  }

  /** The ledger never forgets an advert that was sent, whatever a later record says. */
  #keep(router: string, record: LedgerRecord | null): void {
    if (record === null) {
      this.ledger.delete(router);
      this.#sent.delete(router);
    } else {
      const lastAdvertAt = instant(Math.max(record.lastAdvertAt, this.#sent.get(router) ?? 0));
      this.ledger.set(router, { ...record, lastAdvertAt });
    }
  }

  #send(action: Sent): Event[] {
    const { router } = action;
    const errno = this.refuseSend(action);
    if (errno !== null) return router === null ? [] : [{ kind: "send-failed", router, errno }];
    if (router !== null) {
      this.#sent.set(router, this.lab.now);
      const record = this.ledger.get(router);
      if (record !== undefined) this.#keep(router, record);
    }
    this.lab.carry(this, action);
    return [];
  }

  #fed(event: Event): void {
    this.kernel.untold = this.feedWaits;
    if (this.feedWaits) this.#feed.push(event);
    else this.lab.soon(() => this.event(event));
  }

  /** Tells what the feed kept back, late as it is. */
  tellFeed(): void {
    this.feedWaits = false;
    this.kernel.untold = false;
    for (const event of this.#feed.splice(0)) this.event(event);
  }

  /** An IP packet of protocol 112 arrives. */
  frame(name: string, family: 4 | 6, bytes: Uint8Array): Action[] {
    return this.event({ kind: "frame", index: this.kernel.link(name).index, family, bytes });
  }

  /** A request on the control socket; gives its reply. */
  ask(request: Request): Extract<Action, { kind: "reply" }>["reply"] {
    const done = this.event({ kind: "request", connection: 7, request, wallClock: 1_700_000_000_000 });
    const reply = done.find((action) => action.kind === "reply");
    if (reply?.kind !== "reply") throw new Error(`no reply to ${request.command}`);
    return reply.reply;
  }

  /** SIGHUP with another file; gives what was done. */
  reload(config: string): Action[] {
    this.config = config;
    return this.event({ kind: "config", source: this.source(), connection: null });
  }

  status(): StatusReport {
    const { body } = this.ask({ command: "status", name: null });
    if (!isStatusReport(body)) throw new Error("no status");
    return body;
  }

  /** One router's part of the status. */
  router(name = "VI_1"): RouterReport {
    const report = this.status().vrrp.find((each) => each.name === name);
    if (report === undefined) throw new Error(`no router ${name}`);
    return report;
  }

  state(name = "VI_1"): string {
    return this.router(name).state;
  }

  /** The log lines of an event, so far. */
  logs(event: string): Log[] {
    return this.actions.filter((action) => action.kind === "log").filter((log) => log.event === event);
  }
}
