/** Heartbeat at the edge: its links, and what it keeps on the disk. */
import type { Event } from "../agent/boundary.ts";
import type { HeartbeatAction, HeartbeatEvent, Medium } from "../agent/cluster/boundary.ts";
import type { Ip } from "../base/address.ts";
import { unreachable } from "../base/assert.ts";
import { Fencer } from "./fencer.ts";
import { hostTime, keep, keepResources, recall } from "./heartbeat-state.ts";
import { SerialLink } from "./heartbeat-serial.ts";
import type { CommandNotes } from "./orphans.ts";
import { Pinger } from "./pinger.ts";
import { UdpLink } from "./heartbeat-udp.ts";

/** How long a line may take for its last words, and how often it is looked at, in milliseconds: three messages at 9,600 baud take 700. */
const DRAIN_MAX = 1000;
const DRAIN_STEP = 10;

const pinged = (address: Ip, failure: string | null): Event => ({
  kind: "heartbeat",
  what: "pinged",
  address,
  failure,
});

interface Open {
  readonly medium: Medium;
  readonly link: UdpLink | SerialLink;
}

async function drain(link: SerialLink): Promise<void> {
  const end = performance.now() + DRAIN_MAX;
  while (link.pending > 0 && performance.now() < end) await Bun.sleep(DRAIN_STEP);
  link.close();
}

export class HeartbeatLinks {
  readonly #open = new Map<string, Open>();
  readonly #post: (event: Event) => void;
  readonly #stateDir: string;
  readonly #pinger: Pinger;
  readonly #fencer: Fencer;
  /** What is being written. */
  #keeping: Promise<void> = Promise.resolve();
  /** Lines that still send their last words. */
  readonly #leaving = new Set<Promise<void>>();

  /** `post` takes what comes in by itself. */
  constructor(stateDir: string, post: (event: Event) => void, notes: CommandNotes) {
    this.#stateDir = stateDir;
    this.#post = post;
    this.#fencer = new Fencer(post, notes);
    this.#pinger = new Pinger((address, failure) => post(pinged(address, failure)));
  }

  /** Performs an action; gives the events that come of it at once. */
  perform(action: HeartbeatAction): readonly Event[] {
    switch (action.what) {
      case "recall":
        void recall(this.#stateDir).then(this.#post);
        return [];
      case "keep":
        void keep(this.#stateDir, action.uuid, action.generation).then(this.#post);
        return [];
      case "keep-resources":
        // One after the other: the last one stays.
        this.#keeping = this.#keeping.then(async () =>
          this.#post(await keepResources(this.#stateDir, action)),
        );
        return [];
      case "look":
        return [{ kind: "heartbeat", what: "host", host: hostTime() }];
      case "media":
        return this.#want(action.media);
      case "ping":
        return this.#ping(action.addresses);
      case "fence":
        this.#fencer.start(action);
        return [];
      case "fence-cancel":
        this.#fencer.cancel();
        return [];
      case "send":
        return this.#send(action);
      default:
        return unreachable(action);
    }
  }

  #ping(addresses: readonly Ip[]): Event[] {
    return this.#pinger.ask(addresses).map(({ address, failure }) => pinged(address, failure));
  }

  #want(media: readonly Medium[]): Event[] {
    const wanted = new Map(media.map((medium) => [medium.id, medium]));
    for (const [id, open] of this.#open) {
      const medium = wanted.get(id);
      if (medium !== undefined && this.#kept(open, medium)) wanted.delete(id);
      else {
        this.#open.delete(id);
        // One that is opened anew in another way cannot wait for its last words.
        if (medium === undefined) this.#leave(open.link);
        else open.link.close();
      }
    }
    return [...wanted.values()].map((medium) => this.#start(medium));
  }

  /** Stays open as it is; a UDP link that only sends elsewhere too. */
  #kept(open: Open, medium: Medium): boolean {
    const { link } = open;
    if (medium.kind === "udp" && open.medium.kind === "udp" && link instanceof UdpLink) {
      const same = { ...open.medium, destinations: medium.destinations };
      if (!Bun.deepEquals(same, medium)) return false;
      if (Bun.deepEquals(open.medium, medium)) return true;
      link.retarget(medium);
      this.#open.set(medium.id, { medium, link });
      this.#post({ kind: "heartbeat", what: "opened", link: medium.id, failure: null });
      return true;
    }
    return Bun.deepEquals(open.medium, medium);
  }

  #start(medium: Medium): Event {
    const failed = (event: HeartbeatEvent): void => {
      if (event.what === "opened") this.#open.delete(medium.id);
      this.#post(event);
    };
    const opened = medium.kind === "udp" ? UdpLink.open(medium, failed) : SerialLink.open(medium, failed);
    if (opened.ok) this.#open.set(medium.id, { medium, link: opened.value });
    return { kind: "heartbeat", what: "opened", link: medium.id, failure: opened.ok ? null : opened.error };
  }

  #send({ links, bytes, precedence }: Extract<HeartbeatAction, { readonly what: "send" }>): Event[] {
    const events: Event[] = [];
    for (const id of links) {
      const link = this.#open.get(id)?.link;
      const reason = link === undefined ? "not open" : link.send(bytes, precedence);
      if (reason !== null) events.push({ kind: "heartbeat", what: "unsent", link: id, reason });
    }
    return events;
  }

  /** Closed at once, but for a line that still sends. */
  #leave(link: UdpLink | SerialLink): void {
    if (!(link instanceof SerialLink) || link.pending === 0) return link.close();
    const drained = drain(link).finally(() => this.#leaving.delete(drained));
    this.#leaving.add(drained);
  }

  /** Closes everything, lines when the last words have left them or had their time. */
  async finish(): Promise<void> {
    this.#pinger.ask([]);
    this.#fencer.cancel();
    for (const { link } of this.#open.values()) this.#leave(link);
    this.#open.clear();
    await Promise.all([...this.#leaving, this.#keeping]);
  }
}
