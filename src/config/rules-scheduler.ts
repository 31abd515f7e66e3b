/** What the scheduler of a virtual server means to its other keys. */
import type { ServiceRule } from "./rules-service.ts";
import { entries } from "./sections.ts";
import { quote } from "./words.ts";

/** Flags that change something. */
export const scheduling: ServiceRule = ({ values }, report) => {
  const { one_packet: onePacket, protocol, fwmark, scheduler } = values;
  if (onePacket?.value === true && protocol?.value !== "udp" && fwmark?.value === null) {
    report.error(onePacket.at, 'one_packet needs protocol = "udp"');
  }
  if (scheduler === null) return;
  for (const { value, at } of entries(values.scheduler_flags)) {
    const [of = ""] = value.split("-");
    if (of !== "flag" && of !== scheduler.value) {
      report.warning(
        at,
        `${quote(value)} changes nothing: it is a flag of scheduler ${quote(of)}, not of ${quote(scheduler.value)}`,
      );
    }
  }
};

/** Schedulers that choose by a hash alone: who is sent to a server without weight is refused, unless a flag has another one chosen. */
const HASHING = { sh: "sh-fallback", mh: "mh-fallback", dh: null } as const;

/** Whether a server that fails takes its clients with it. */
export const hashing: ServiceRule = ({ values }, report) => {
  const { scheduler, quiescent } = values;
  const of = scheduler?.value;
  if (scheduler === null || quiescent?.value !== true || (of !== "sh" && of !== "mh" && of !== "dh")) return;
  const flag = HASHING[of];
  if (flag !== null && entries(values.scheduler_flags).some(({ value }) => value === flag)) return;
  const cure = flag === null ? "" : `scheduler_flags = [${quote(flag)}], or `;
  report.warning(
    scheduler.at,
    `with scheduler ${quote(of)} the clients of a failed server are refused while it is at weight 0; cure: ${cure}quiescent = false`,
  );
};
