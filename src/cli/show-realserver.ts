/** A real server for people: a line for each address of a service. */
import type { RealServerAddress } from "../agent/realserver-boundary.ts";
import type { RealServerReport } from "./report.ts";

/** In the status of an agent. */
export const realServerLines = ({ addresses, failure }: RealServerReport): string[] => [
  "realserver",
  ...addresses.map((each) => `  ${realServerLine(each)}`),
  ...(failure === null ? [] : [`  ! ${failure}`]),
];

/** `10.0.0.100 on lo`, or what is wrong. */
export const realServerText = (addresses: readonly RealServerAddress[]): string =>
  addresses.length === 0
    ? "no address of a service is carried\n"
    : addresses.map((each) => `${realServerLine(each)}\n`).join("");

/** The same of one. */
function realServerLine({ address, held, found, failure }: RealServerAddress): string {
  const place = held ? `on lo${found ? ", put there by somebody else" : ""}` : "not carried";
  return failure === null ? `${address}: ${place}` : `${address}: ${place}; ! ${failure}`;
}
