/** One life of our process on a simulated machine: the product's membership, numbering, history and takeover machine, joined as an agent joins them. */
import { instant, ms, NEVER } from "../../../src/base/units.ts";
import type { Instant } from "../../../src/base/units.ts";
import type { Tracking } from "../../../src/heartbeat/admission.ts";
import {
  admit,
  due,
  forsaken,
  nextAsk,
  owesAck,
  UNHEARD,
  without,
} from "../../../src/heartbeat/admission.ts";
import type { Content } from "../../../src/heartbeat/content.ts";
import { decodeContent, encodeContent } from "../../../src/heartbeat/content.ts";
import { compose, isNumbered, readHeader } from "../../../src/heartbeat/header.ts";
import { History } from "../../../src/heartbeat/history.ts";
import * as membership from "../../../src/heartbeat/membership.ts";
import * as takeover from "../../../src/heartbeat/takeover.ts";
import type { Action, Event, Settings, State, Step } from "../../../src/heartbeat/takeover-state.ts";
import type { Message } from "../../../src/wire/heartbeat-message.ts";
import { valueOf } from "../../../src/wire/heartbeat-message.ts";

const ASK_EVERY = ms(250);
const UUIDS = ["aaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbb"] as const;

/** What a process does to the world. */
export interface Outside {
  readonly now: () => number;
  readonly send: (message: Message) => void;
  readonly perform: (action: Exclude<Action, { readonly kind: "say" }>) => void;
  readonly tell: (text: string) => void;
  /** 50 to 250 ms. */
  readonly askDelay: () => number;
  readonly ping: () => void;
}

export interface ProcessSettings {
  readonly index: 0 | 1;
  readonly name: string;
  readonly generation: number;
  readonly members: membership.Settings;
  readonly takeover: Settings;
}

/** Of so many steps the state after one is looked at for whether it rests. */
const REST_EVERY = 8;
/** A week. */
const LONG = 7 * 24 * 3_600_000;

export class Process {
  #steps = 0;
  readonly #settings: ProcessSettings;
  readonly #outside: Outside;
  readonly #history = new History(ASK_EVERY);
  readonly #begun: Step;
  readonly #joined: membership.Step;
  #tracking: Tracking = UNHEARD;
  #members: membership.State;
  state: State;

  constructor(settings: ProcessSettings, outside: Outside) {
    this.#settings = settings;
    this.#outside = outside;
    this.#begun = takeover.start(settings.takeover, this.#now());
    this.state = this.#begun.state;
    this.#joined = membership.start(settings.members, this.#now());
    this.#members = this.#joined.state;
  }

  /** Its first steps. */
  begin(): void {
    for (const action of this.#begun.actions) this.#performTakeover(action);
    for (const action of this.#joined.actions) this.#performMembers(action);
  }

  #now = (): Instant => instant(this.#outside.now());

  get #peer(): string {
    return this.#settings.takeover.peer;
  }

  /** It takes the other one for dead. */
  get alone(): boolean {
    return this.#members.peers.get(this.#peer)?.status === "dead";
  }

  get wakeAt(): Instant {
    const asks = this.alone ? NEVER : nextAsk(this.#tracking);
    const least = Math.min(
      membership.deadline(this.#settings.members, this.#members),
      takeover.deadline(this.state),
      asks,
    );
    return instant(least);
  }

  wake(): void {
    const now = this.#now();
    if (membership.deadline(this.#settings.members, this.#members) <= now) {
      this.#membersStep({ kind: "deadline" });
    }
    if (takeover.deadline(this.state) <= now) this.happens({ kind: "deadline" });
    const asking = due(this.#tracking, now, ASK_EVERY);
    this.#tracking = asking.tracking;
    for (const sequence of asking.ask) {
      this.#send({ kind: "rexmit", to: this.#peer, first: sequence, last: sequence });
    }
  }

  slept(): void {
    this.happens({ kind: "slept" });
    this.#membersStep({ kind: "slept" });
  }

  happens(event: Event): void {
    const taken = takeover.step(this.#settings.takeover, this.state, event, this.#now());
    this.state = taken.state;
    if (++this.#steps % REST_EVERY === 0) this.#restsUntilDue();
    for (const action of taken.actions) this.#performTakeover(action);
  }

  /** The agent leaves out messages about nothing where one has changed nothing: then no other one may, before the deadline. */
  #restsUntilDue(): void {
    const nothing = { kind: "message", content: { kind: "other" }, sequence: 0 } as const;
    const moves = (at: number): boolean => {
      const { state, actions } = takeover.step(this.#settings.takeover, this.state, nothing, instant(at));
      return state !== this.state || actions.length > 0;
    };
    const due = takeover.deadline(this.state);
    if (due <= this.#now() || moves(this.#now())) return;
    if (moves(Math.min(due - 1, this.#now() + LONG)))
      throw new Error("a state at rest moves before it is due");
  }

  take(link: string, message: Message): void {
    const header = readHeader(message);
    const content = decodeContent(message);
    if (header === null || content === null) throw new Error("a message of ours is not read");
    const { sequence, generation } = header;
    let again = false;
    if (sequence !== null && generation !== null) {
      const arrival = { generation, sequence, isStatus: content.kind === "status" };
      const askAt = instant(this.#outside.now() + this.#outside.askDelay());
      const { tracking, admission } = admit(this.#tracking, arrival, this.alone, askAt);
      this.#tracking = tracking;
      if (admission.kind === "dropped") {
        if (admission.reason !== "duplicate") return;
        again = true;
      } else {
        if (admission.change !== "none") {
          this.#history.forget(this.#peer);
          this.happens({ kind: "peer-back", how: admission.change });
        }
        if (owesAck(tracking, sequence, this.#settings.index)) {
          this.#send({ kind: "ack", to: this.#peer, sequence });
        }
      }
    }
    const status = content.kind === "status" ? content : null;
    this.#membersStep({ kind: "heard", name: this.#peer, link, what: again ? "again" : status });
    if (!again) this.#content(content, sequence ?? 0);
  }

  #content(content: Content, sequence: number): void {
    switch (content.kind) {
      case "reqnodes":
        return this.#send({
          kind: "repnodes",
          to: this.#peer,
          nodes: [this.#settings.name, this.#peer],
          removed: [],
        });
      case "repnodes":
        return this.#membersStep({ kind: "nodes-told" });
      case "ack":
        return this.#history.acknowledge(this.#peer, content.sequence, [this.#peer]);
      case "nak":
        this.#tracking = without(this.#tracking, content.sequence);
        return;
      case "rexmit": {
        const { again, naks } = this.#history.answer(this.#peer, content.first, content.last, this.#now());
        for (const message of again) this.#outside.send(message);
        for (const { sequence: number, why } of naks) {
          this.#send({ kind: "nak", to: this.#peer, sequence: number, why });
        }
        return;
      }
      case "status":
        return;
      default:
        this.happens({ kind: "message", content, sequence });
    }
  }

  #send(content: Exclude<Content, { readonly kind: "other" }>): void {
    const { name, index, generation } = this.#settings;
    const stamp = {
      ...{ generation, sequence: this.#history.next, time: 1, load: "", ttl: 3, destinationUuid: null },
    };
    const message = compose(encodeContent(content), { name, uuid: UUIDS[index] }, stamp);
    if (isNumbered(valueOf(message, "t") ?? "")) this.#history.add(message);
    this.#outside.send(message);
  }

  #membersStep(event: membership.Event): void {
    const taken = membership.step(this.#settings.members, this.#members, event, this.#now());
    this.#members = taken.state;
    for (const action of taken.actions) this.#performMembers(action);
  }

  #performMembers(action: membership.Action): void {
    switch (action.kind) {
      case "say":
        this.#outside.ping();
        return this.#send({ kind: "status", status: action.status, deadtime: action.deadtime });
      case "ask-nodes":
        return this.#send({ kind: "reqnodes", to: action.to });
      case "active":
        this.#outside.tell("is active");
        return this.happens({ kind: "active" });
      case "node":
        this.#outside.tell(`sees ${action.name} ${action.to}`);
        if (action.to === "dead") {
          this.#tracking = forsaken(this.#tracking);
          this.happens({ kind: "peer-dead" });
          return this.#outside.ping();
        }
        if (action.from === "init" || action.from === "dead") this.happens({ kind: "peer-heard" });
        return;
      case "link":
      case "late":
        return;
    }
  }

  #performTakeover(action: Action): void {
    if (action.kind === "say") {
      this.#outside.tell(`says ${Object.values(action.content).join(" ")}`);
      return this.#send(action.content);
    }
    this.#outside.perform(action);
  }
}
