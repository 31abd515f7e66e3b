/** A datagram to a server or an ICMP message to a host, and what comes back: an answer, or word that nobody is there. */
import { errnoName } from "../../../native/libc.ts";
import { closeDescriptor, send } from "../../../native/socket.ts";
import type { Ip } from "../../base/address.ts";
import { familyOf } from "../../base/address.ts";
import type { Transcript } from "../../check/transcript.ts";
import type { Route } from "../../config/probe-model.ts";
import { adopt } from "../adopt.ts";
import type { Running } from "./prober.ts";
import { echoesOnly, hearErrors, ICMP, openConnected, UDP } from "./socket.ts";

/** What {@link ask} calls, always later. */
interface Asker {
  /** A datagram from the target. */
  heard(bytes: Uint8Array): void;
  /** `ECONNREFUSED`: nothing listens there; `EHOSTUNREACH`, `ENODEV: interface wan0`; nothing follows. */
  failed(why: string): void;
}

/** Where a datagram goes, and which way. */
interface Destination extends Route {
  readonly address: Ip;
}

/**
 * Sends a datagram, which may be empty, from a port of its own; without `port` an ICMP message, from a raw socket that hears the echo
 * replies of its target only.
 */
export function ask(
  to: Destination,
  port: number | null,
  bytes: Uint8Array,
  transcript: Transcript,
  asker: Asker,
): Running {
  const family = familyOf(to.address);
  let over = false;
  const fail = (why: string): void => {
    if (over) return;
    over = true;
    transcript.note(why);
    asker.failed(why);
  };
  const late = (why: string): Running => {
    queueMicrotask(() => fail(why));
    return { cancel: () => void (over = true) };
  };
  const opened = openConnected(port === null ? ICMP[family] : UDP, to, to.address, port, (fd) => {
    if (port === null) echoesOnly(fd, family);
    hearErrors(fd, family);
  });
  if (!opened.ok) return late(opened.error);
  const sent = send(opened.value, bytes, null);
  if (sent < 0) {
    closeDescriptor(opened.value);
    return late(errnoName(sent));
  }
  transcript.sent(bytes);
  const adopted = adopt(opened.value, {
    data(datagram) {
      if (over) return;
      transcript.got(datagram);
      asker.heard(datagram);
    },
    failed: fail,
  });
  return {
    cancel() {
      over = true;
      adopted.close();
    },
  };
}
