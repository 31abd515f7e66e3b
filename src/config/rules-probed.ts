/** What a service's check means for those whom it probes: whether it knows its way to each, and how a script is told of them. */
import { familyOf } from "../base/address.ts";
import type { Forward, ServiceId } from "../wire/ipvs.ts";
import { PLACE, PLACES, probedPort, serverPort } from "./build-service.ts";
import type { Endpoint } from "./check-kind.ts";
import type { Given } from "./kind.ts";
import { hint } from "./nearest.ts";
import type { Report } from "./report.ts";
import type { ServiceCheckValues } from "./sections.ts";
import { KEYS_OF, USUAL_PORT } from "./tables-probe.ts";

/** A server or the fallback, which is probed. */
export interface Probed {
  readonly address: Given<Endpoint>;
  readonly forward: Forward;
}

/** Judges a check in the light of all whom it probes. */
export function judgeProbed(
  check: Given<ServiceCheckValues>,
  id: ServiceId,
  probed: readonly Probed[],
  report: Report,
): void {
  judgeAims(check, id, probed, report);
  judgePlaces(check, report);
}

/** Whether a probe knows its way to each of those whom it probes. */
function judgeAims(
  { value, at }: Given<ServiceCheckValues>,
  id: ServiceId,
  probed: readonly Probed[],
  report: Report,
): void {
  const { type, target, port, source } = value;
  if (type === null || target === null || port === null) return;
  const { takes } = KEYS_OF[type.value];
  const portless = probed.find(({ address, forward }) => {
    const own = probedPort(serverPort(id, address.value, forward), address.value.port);
    return (port.value ?? target.value?.port ?? own) === null;
  });
  if (portless !== undefined && takes.includes("port") && USUAL_PORT[type.value] === undefined) {
    report.error(at, "check needs port: the service says none");
  }
  const from = source?.value ?? null;
  if (from === null || source === null || target.value !== null || !takes.includes("source")) return;
  const other = probed.find(({ address }) => familyOf(address.value.address) !== familyOf(from));
  if (other === undefined) return;
  const { address } = other.address.value;
  report.error(source.at, `source ${from} and the server ${address} are of different families`);
}

/** What is nearly one of the words that stand for a server reaches the script as it is. */
function judgePlaces({ value: { command } }: Given<ServiceCheckValues>, report: Report): void {
  const written = (command?.value ?? []).flat().flatMap((word) => word.match(PLACE) ?? []);
  const odd = written.find((place) => !PLACES.some((each) => each === place));
  const meant = odd === undefined ? "" : hint(odd, PLACES);
  if (command && meant !== "") report.warning(command.at, `${odd} in command stands for nothing${meant}`);
}
