/** A datagram to a server, and what comes back: an answer, or word that nobody is there. */
import { errnoName } from "../../../native/libc.ts";
import { closeDescriptor, send } from "../../../native/socket.ts";
import { familyOf } from "../../base/address.ts";
import type { Transcript } from "../../check/transcript.ts";
import type { Target } from "../../config/probe-model.ts";
import { adopt } from "../adopt.ts";
import type { Running } from "./prober.ts";
import { hearErrors, openConnected, UDP } from "./socket.ts";

/** What {@link ask} calls, always later. */
interface Asker {
  /** A datagram from the target. */
  heard(bytes: Uint8Array): void;
  /** `ECONNREFUSED`: nothing listens there; `EHOSTUNREACH`, `ENODEV: interface wan0`; nothing follows. */
  failed(why: string): void;
}

/** Sends a datagram, which may be empty, from a port of its own. */
export function ask(to: Target, bytes: Uint8Array, transcript: Transcript, asker: Asker): Running {
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
  const opened = openConnected(UDP, to, to.address, to.port, (fd) => hearErrors(fd, familyOf(to.address)));
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
