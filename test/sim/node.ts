/** One node: its hardware clock, its kernel, its ports, what is on its disk, and the agent that lives and dies on it. */
import type { Ip } from "../../src/base/address.ts";
import type { AddressChange, Event } from "../../src/agent/boundary.ts";
import type { ForwardingChange } from "../../src/wire/forwarding.ts";
import type { Transition } from "../../src/agent/history.ts";
import type { LedgerRecord } from "../../src/agent/ledger.ts";
import { instant, type Instant } from "../../src/base/units.ts";
import type { ConfigSource } from "../../src/config/model.ts";
import type { Cables } from "./cables.ts";
import { Balance } from "./balance.ts";
import { Excuses } from "./excuses.ts";
import { Health } from "./health.ts";
import { Kernel } from "./kernel.ts";
import { leftBehind } from "./leave.ts";
import type { Frame, Network } from "./network.ts";
import { Mortality } from "./mortality.ts";
import type { Observer, Sent } from "./observer.ts";
import { Orders } from "./orders.ts";
import type { ConfigPlan, NodePlan, SegmentName } from "./plan.ts";
import { INTERFACE_OF, sourceOf, stopMax } from "./plan.ts";
import { foreign, transmit } from "./port.ts";
import type { Handler } from "./agent.ts";
import { Process } from "./process.ts";
import type { Prng } from "./prng.ts";
import type { Schedule } from "./schedule.ts";
import { Services } from "./services.ts";
import { Wiring } from "./wiring.ts";

export class Node {
  readonly kernel: Kernel;
  readonly ledger = new Map<string, LedgerRecord>();
  readonly history: Transition[] = [];
  process: Process | null = null;
  /** The configuration that the running agent has been given, as far as it was a good one. */
  config: ConfigPlan;
  /** What its file says: a configuration, or null for one that is wrong. */
  file: ConfigPlan | null;
  hooksFail = false;
  /** Segments on which the kernel refuses its adverts, for want of a way. */
  readonly mute = new Set<SegmentName>();
  readonly health = new Health();
  /** When the last sleep of its agent ended, and how long that was. */
  thawedAt = Number.NEGATIVE_INFINITY;
  slept = 0;
  /** When the agent that runs was started. */
  startedAt = Number.POSITIVE_INFINITY;
  #frozenAt = 0;
  /** SIGTERM was sent. */
  stopping = false;
  /** It was told so again, and waits for no script. */
  hurried = false;
  /** Until then it may be in fault, for reasons that the world gave it: a refused address, sockets to open again. */
  readonly excuses: Excuses;
  /** What its agent was told by hand. */
  readonly orders = new Orders();
  #bootedAt: number;
  #boots = 1;
  readonly wiring: Wiring;
  readonly services: Services;
  /** Null where no configuration has virtual services. */
  readonly balance: Balance | null;
  /** It has power. */
  powered = true;
  /** Its last agent ended cleanly. */
  left = false;

  readonly number: number;
  readonly plan: NodePlan;
  readonly schedule: Schedule;
  readonly chance: Prng;
  readonly #network: Network;
  readonly cables: Cables;
  readonly observer: Observer;
  readonly mortality: Mortality;
  readonly #makeAgent: () => Handler;

  constructor(
    number: number,
    plan: NodePlan,
    schedule: Schedule,
    chance: Prng,
    network: Network,
    cables: Cables,
    observer: Observer,
    makeAgent: () => Handler,
  ) {
    this.number = number;
    this.plan = plan;
    this.schedule = schedule;
    this.chance = chance;
    this.#network = network;
    this.cables = cables;
    this.observer = observer;
    this.#makeAgent = makeAgent;
    this.config = plan.config;
    this.file = plan.config;
    this.#bootedAt = -plan.uptime;
    this.mortality = new Mortality(
      schedule,
      () => this.#die(),
      () => this.start(),
    );
    this.excuses = new Excuses(schedule, () => observer.kernelChanged(this));
    this.kernel = new Kernel(
      schedule,
      chance,
      (event) => this.process?.feed(event),
      (text) => this.complain(text),
      () => observer.kernelChanged(this),
    );
    this.wiring = new Wiring(this);
    const balanced = [plan.config, plan.later].some(({ services }) => services.length > 0);
    this.balance = balanced ? new Balance(this, cables.stream()) : null;
    this.services = new Services(schedule, cables.stream(), () => observer.kernelChanged(this));
  }

  /** CLOCK_BOOTTIME of this node. */
  clock(): Instant {
    return instant(this.schedule.now - this.#bootedAt);
  }

  /** When a time of this node's clock comes. */
  worldTime(local: number): number {
    return local + this.#bootedAt;
  }

  get bootId(): string {
    return `${this.plan.name}-boot-${this.#boots}`;
  }

  /** An agent runs: alive, not stopped, and it has seen the world. */
  get running(): boolean {
    return this.process !== null && !this.process.frozen && this.process.started;
  }

  readonly configSource = (): ConfigSource => sourceOf(this.plan.name, this.file);

  dump(): Extract<Event, { kind: "kernel" }> {
    return { kind: "kernel", links: [...this.kernel.links.values()], addresses: this.kernel.addresses() };
  }

  /** Somebody took its power: it has it again after a while. */
  shot(lasts: number): void {
    if (!this.powered) return;
    this.reboot(false);
    this.schedule.after(lasts, () => this.powerOn());
  }

  /** It boots, and starts its agent. */
  powerOn(): void {
    this.powered = true;
    this.start();
  }

  /** Starts an agent, unless one runs. */
  start(): void {
    if (this.process !== null || this.file === null || !this.powered) return;
    this.services.begin();
    this.balance?.begin();
    const process = new Process(this, this.#makeAgent());
    this.process = process;
    this.left = false;
    this.startedAt = this.schedule.now;
    this.mortality.born();
    this.stopping = false;
    this.hurried = false;
    this.excuses.none();
    this.orders.none();
    this.config = this.file;
    this.observer.lived(this, "start");
    process.control({
      ...this.dump(),
      kind: "start",
      source: this.configSource(),
      pid: 1000 + this.number,
      version: "sim",
      bootId: this.bootId,
      forwarding: this.kernel.forwarding.added(),
      ledger: [...this.ledger.values()],
    });
    process.control({ kind: "history-read", transitions: this.history });
  }

  /** SIGKILL, at once or after so many more actions; started again `respawn` milliseconds after that, or not. */
  kill(actions: number | null, respawn: number | null): void {
    if (this.process !== null) this.mortality.crash(actions, respawn);
  }

  #die(): void {
    if (this.process !== null) this.process.alive = false;
    this.process = null;
    this.observer.lived(this, "SIGKILL");
  }

  freeze(): void {
    if (this.process === null || this.process.frozen) return;
    this.process.freeze();
    this.#frozenAt = this.schedule.now;
    this.observer.lived(this, "SIGSTOP");
  }

  thaw(): void {
    if (this.process?.frozen !== true) return;
    this.thawedAt = this.schedule.now;
    this.slept = this.thawedAt - this.#frozenAt;
    this.excuses.slept(this.#frozenAt);
    this.observer.lived(this, "SIGCONT");
    this.process.thaw();
  }

  terminate(): void {
    const { process } = this;
    if (process === null || process.frozen) return;
    this.hurried = this.stopping;
    this.stopping = true;
    this.observer.lived(this, "SIGTERM");
    process.control({ kind: "signal", signal: "SIGTERM" });
    const span = stopMax(this.config);
    this.schedule.after(span, () => {
      if (process.alive && !process.frozen) this.complain(`still there ${span} ms after SIGTERM`);
    });
  }

  /** The agent left by itself. */
  exited(code: number): void {
    if (this.process !== null) this.process.alive = false;
    this.process = null;
    this.left = true;
    this.balance?.leave();
    this.observer.lived(this, `exit ${code}`);
    const complaint = leftBehind(this, code, this.mortality.died);
    if (complaint !== null) this.complain(complaint);
  }

  /** SIGHUP after the file was changed to `file`, null for one that is wrong. */
  reload(file: ConfigPlan | null): void {
    this.file = file;
    this.observer.lived(this, file === null ? "SIGHUP, broken file" : "SIGHUP");
    this.process?.control({ kind: "signal", signal: "SIGHUP" });
  }

  /** Power off and on: the kernel forgets, the clock begins anew. The agent is not started yet. */
  reboot(keepsLedger: boolean): void {
    if (this.process !== null) this.process.alive = false;
    this.process = null;
    this.powered = false;
    this.left = false;
    this.services.clear();
    this.balance?.clear();
    this.observer.lived(this, "reboot");
    for (const name of [...this.kernel.links.keys()]) this.kernel.removeLink(name);
    this.kernel.forwarding.clear();
    if (!keepsLedger) this.ledger.clear();
    this.#boots++;
    this.mortality.died = false;
    this.#bootedAt = this.schedule.now - 1000;
    this.wiring.renew();
  }

  /** An agent's change of the table. */
  change(change: AddressChange): string | null {
    const errno = this.kernel.change(change);
    if (change.op === "add" && errno !== null) this.excuses.refused();
    this.observer.addressed(this, change, errno);
    return errno;
  }

  /** An agent's change of routes and rules. */
  forward(change: ForwardingChange): string | null {
    const errno = this.kernel.forwarding.change(change);
    if (change.op === "add" && errno !== null) this.excuses.refused();
    this.observer.forwarded(this, change, errno);
    this.observer.kernelChanged(this);
    return errno;
  }

  /** Takes a virtual address away by hand; too often, and the agent may give up for a while. */
  takeAway(segment: SegmentName, address: Ip): void {
    const names = [INTERFACE_OF[segment], ...this.kernel.bases.keys()];
    if (names.some((name) => this.kernel.adminDelete(name, address))) this.excuses.loss();
  }

  complain(text: string): void {
    this.observer.complain(this, text);
  }

  /** A frame from the network: taken when the port is up and the address is ours or a group's. */
  arrive(frame: Frame): void {
    const link = this.kernel.links.get(INTERFACE_OF[frame.segment]);
    if (link === undefined || !link.carrier || foreign(this.config, frame)) return;
    this.process?.frame(frame, link.index);
  }

  /** Sends for an agent; the name of the error, or null. */
  transmit(action: Sent): string | null {
    return transmit(this, this.#network, action);
  }
}
