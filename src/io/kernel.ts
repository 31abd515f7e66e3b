/** The kernel's links and addresses: dumped, changed, and followed by a feed that tells what differs from what was told before. */
import * as layout from "../../native/layout.ts";
import { errnoName } from "../../native/libc.ts";
import {
  attachFilter,
  bindSocket,
  closeDescriptor,
  netlinkAddress,
  openSocket,
  receive,
  setOption,
} from "../../native/socket.ts";
import type { AddressChange, AddressKey, Event, KernelAddress, Link } from "../agent/boundary.ts";
import type { Forwarding, ForwardingChange } from "../wire/forwarding.ts";
import { unreachable } from "../base/assert.ts";
import type { Result } from "../base/result.ts";
import { fail, ok } from "../base/result.ts";
import type { RouteMessage } from "../wire/rtnetlink.ts";
import { decodeMessages, FEED_GROUPS } from "../wire/rtnetlink.ts";
import type { Adopted } from "./adopt.ts";
import { adopt } from "./adopt.ts";
import { feedFilter } from "./filter.ts";
import type { Tables } from "./rtnetlink.ts";
import { Requests } from "./rtnetlink.ts";

/** A thousand addresses that come and go at once, as the kernel accounts for them. */
const FEED_BUFFER = 8 * 1024 * 1024;
const DATAGRAM_MAX = 128 * 1024;
/** Feed messages thrown away at once before a dump that contains them all. */
const DISCARD_MAX = 65536;
/** A feed that cannot be opened again (no descriptors left) is tried again after this, in milliseconds. */
const REOPEN_DELAY = 1000;

const keyOf = ({ index, address, prefix }: AddressKey): string => `${index} ${address}/${prefix}`;

/** Whether two descriptions of an address say the same, the time that its lifetime has left aside. */
const sameAddress = (a: KernelAddress, b: KernelAddress): boolean =>
  a.label === b.label &&
  a.secondary === b.secondary &&
  a.tentative === b.tentative &&
  (a.validLifetime === null) === (b.validLifetime === null);

const sameLink = (a: Link, b: Link): boolean =>
  a.name === b.name &&
  a.ethernet === b.ethernet &&
  a.mac === b.mac &&
  a.mtu === b.mtu &&
  a.up === b.up &&
  a.carrier === b.carrier &&
  a.forwarding6 === b.forwarding6;

/** A netlink socket that gets the announcements; the error is minus errno. */
function openFeed(): Result<number, number> {
  const fd = openSocket(layout.AF_NETLINK, layout.SOCK_RAW, layout.NETLINK_ROUTE);
  if (fd < 0) return fail(fd);
  setOption(fd, layout.SOL_SOCKET, layout.SO_RCVBUFFORCE, FEED_BUFFER);
  attachFilter(fd, feedFilter);
  const bound = bindSocket(fd, netlinkAddress(FEED_GROUPS));
  if (bound === 0) return ok(fd);
  closeDescriptor(fd);
  return fail(bound);
}

/** Requests, feed, and the picture that both keep. */
export class Kernel {
  readonly #requests: Requests;
  readonly #post: (event: Event) => void;
  readonly #warn: (detail: string) => void;
  readonly #links = new Map<number, Link>();
  readonly #addresses = new Map<string, KernelAddress>();
  readonly #buffer = new Uint8Array(DATAGRAM_MAX);
  #feed: { readonly fd: number; readonly adopted: Adopted } | null = null;
  #closed = false;
  /** It was said that routes or rules may be gone, and nobody has looked or added any since. */
  #hinted = false;

  private constructor(requests: Requests, post: (event: Event) => void, warn: (detail: string) => void) {
    this.#requests = requests;
    this.#post = post;
    this.#warn = warn;
  }

  /** Opens requests and feed and dumps the tables; the error is the name of an errno. */
  static open(
    post: (event: Event) => void,
    warn: (detail: string) => void,
  ): Result<{ kernel: Kernel; tables: Tables }, string> {
    const requests = Requests.open();
    if (!requests.ok) return fail(errnoName(requests.error));
    const kernel = new Kernel(requests.value, post, warn);
    // The feed first: what changes during the dump is told after it.
    const feed = kernel.#follow();
    const tables = feed === 0 ? kernel.#dump() : fail(errnoName(feed));
    if (tables.ok) return ok({ kernel, tables: tables.value });
    kernel.close();
    return tables;
  }

  #follow(): number {
    const feed = openFeed();
    if (!feed.ok) return feed.error;
    const adopted = adopt(feed.value, {
      data: (bytes) => this.#take(bytes),
      failed: (errno) => {
        this.#feed = null;
        this.#warn(`rtnetlink feed: ${errno}`);
        this.#reopen();
      },
    });
    this.#feed = { fd: feed.value, adopted };
    return 0;
  }

  /** After a loss of messages (ENOBUFS): a new feed, and everything again. */
  #reopen(): void {
    if (this.#closed) return;
    const feed = this.#follow();
    if (feed !== 0) {
      this.#warn(`rtnetlink feed: ${errnoName(feed)}`);
      setTimeout(() => this.#reopen(), REOPEN_DELAY);
      return;
    }
    const event = this.resync();
    if (event !== null) this.#post(event);
    this.#post({ kind: "forwarding-hint" });
  }

  #take(bytes: Uint8Array): void {
    let lost = false;
    for (const message of decodeMessages(bytes)) {
      if (message.kind === "incomplete") lost = true;
      const event = this.#apply(message);
      if (event !== null) this.#post(event);
    }
    const event = lost ? this.resync() : null;
    if (event !== null) this.#post(event);
  }

  /** Keeps the picture; gives an event only for what is new in it, as every refreshed lifetime is announced too. */
  #apply(message: RouteMessage): Event | null {
    switch (message.kind) {
      case "link": {
        const { link } = message;
        const before = this.#links.get(link.index);
        this.#links.set(link.index, link);
        return before !== undefined && sameLink(before, link) ? null : { kind: "link", link };
      }
      case "link-gone": {
        for (const [key, { index }] of this.#addresses) {
          if (index === message.index) this.#addresses.delete(key);
        }
        return this.#links.delete(message.index) ? { kind: "link-gone", index: message.index } : null;
      }
      case "address": {
        const { address } = message;
        const before = this.#addresses.get(keyOf(address));
        this.#addresses.set(keyOf(address), address);
        return before !== undefined && sameAddress(before, address) ? null : { kind: "address", address };
      }
      case "address-gone": {
        const { key } = message;
        return this.#addresses.delete(keyOf(key)) ? { kind: "address-gone", key } : null;
      }
      case "forwarding":
        return message.ours || message.entry.kind === "rule" ? null : this.#hint();
      case "forwarding-gone":
        return message.ours ? this.#hint() : null;
      case "answer":
      case "done":
      case "incomplete":
        return null;
      default:
        return unreachable(message);
    }
  }

  /** Thousands of routes may go at once: the first one says it for all. */
  #hint(): Event | null {
    if (this.#hinted) return null;
    this.#hinted = true;
    return { kind: "forwarding-hint" };
  }

  #dump(): Result<Tables, string> {
    const tables = this.#requests.dump();
    if (!tables.ok) return tables;
    this.#links.clear();
    this.#addresses.clear();
    for (const link of tables.value.links) this.#links.set(link.index, link);
    for (const address of tables.value.addresses) this.#addresses.set(keyOf(address), address);
    return tables;
  }

  /** The whole tables as an event; null when the kernel would not tell. What the feed said before is contained in them. */
  resync(): Event | null {
    let discarded = 0;
    while (this.#feed !== null && discarded < DISCARD_MAX) {
      if (receive(this.#feed.fd, this.#buffer) < 0) break;
      discarded++;
    }
    // Routes are not in these tables.
    if (discarded > 0) this.#post({ kind: "forwarding-hint" });
    const tables = this.#dump();
    if (tables.ok) return { kind: "kernel", ...tables.value };
    this.#warn(`rtnetlink dump: ${tables.error}`);
    return null;
  }

  /** Does a batch and gives the answers. */
  change(changes: readonly AddressChange[]): Extract<Event, { kind: "addresses-changed" }> {
    const labelled = (index: number, label: string): boolean =>
      [...this.#addresses.values()].some((known) => known.index === index && known.label === label);
    return { kind: "addresses-changed", results: this.#requests.change(changes, labelled) };
  }

  /** Does a batch of routes and rules and gives the answers. */
  forward(changes: readonly ForwardingChange[]): Extract<Event, { kind: "forwarding-changed" }> {
    if (changes.some(({ op }) => op === "add")) this.#hinted = false;
    return { kind: "forwarding-changed", results: this.#requests.forward(changes) };
  }

  /** The routes and rules that carry our protocol number; none, and a warning, where the kernel would not tell. */
  forwarding(): readonly Forwarding[] | null {
    this.#hinted = false;
    const entries = this.#requests.dumpForwarding();
    if (entries.ok) return entries.value;
    this.#warn(`rtnetlink dump of routes: ${entries.error}`);
    return null;
  }

  close(): void {
    this.#closed = true;
    this.#feed?.adopted.close();
    this.#feed = null;
    this.#requests.close();
  }
}
