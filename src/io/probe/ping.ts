/** One ICMP echo request that must be answered, over a raw socket that hears its target only. */
import { errnoName } from "../../../native/libc.ts";
import { closeDescriptor, send } from "../../../native/socket.ts";
import type { Family } from "../../base/address.ts";
import { familyOf } from "../../base/address.ts";
import { bad, good } from "../../check/response.ts";
import type { PingProbe } from "../../config/probe-model.ts";
import { decodeEchoReply, encodeEchoRequest } from "../../wire/icmp.ts";
import { adopt } from "../adopt.ts";
import type { Prober } from "./prober.ts";
import { echoesOnly, hearErrors, ICMP, openConnected } from "./socket.ts";

/** Bytes of a nonce: with it a reply answers this request and no other, ours or a stranger's. */
const NONCE = 16;
let sequence = 0;

/** Only echo replies, and errors. */
const prepare =
  (family: Family) =>
  (fd: number): void => {
    echoesOnly(fd, family);
    hearErrors(fd, family);
  };

export const probePing: Prober<PingProbe> = (probe, tell) => {
  const family = familyOf(probe.address);
  let over = false;
  const fail = (why: string): void => {
    if (over) return;
    over = true;
    tell(bad(why));
  };
  const never = { cancel: () => void (over = true) };
  const opened = openConnected(ICMP[family], probe, probe.address, null, prepare(family));
  if (!opened.ok) {
    const { error } = opened;
    queueMicrotask(() => fail(error));
    return never;
  }
  const fd = opened.value;
  sequence = (sequence + 1) & 0xffff;
  const asked = {
    identifier: process.pid & 0xffff,
    sequence,
    payload: crypto.getRandomValues(new Uint8Array(NONCE)),
  };
  const sent = send(fd, encodeEchoRequest(family, asked), null);
  if (sent < 0) {
    closeDescriptor(fd);
    queueMicrotask(() => fail(errnoName(sent)));
    return never;
  }
  const began = performance.now();
  const adopted = adopt(fd, {
    data(bytes) {
      const reply = decodeEchoReply(family, bytes);
      if (over || reply === null || reply.identifier !== asked.identifier) return;
      if (reply.sequence !== asked.sequence || !same(reply.payload, asked.payload)) return;
      over = true;
      adopted.close();
      tell(good(`answered in ${(performance.now() - began).toFixed(1)}ms`));
    },
    failed: fail,
  });
  return {
    cancel() {
      over = true;
      adopted.close();
    },
  };
};

const same = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, at) => byte === b[at]);
