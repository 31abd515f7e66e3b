/**
 * A process that has a packet filter until it is killed: `bun filter-holder.ts DIRECTORY owned|left`. Each line of standard input
 * changes what it refuses: addresses, or nothing for no table at all. It answers with the failure, or `done`.
 */
import { mkdirSync } from "node:fs";
import { PacketFilter } from "../../src/io/packet-filter.ts";
import { ip } from "./edge.ts";

const [, , directory = "", kind] = process.argv;
mkdirSync(directory, { recursive: true });
const filter = new PacketFilter(directory, kind === "owned");
console.log(filter.table);
for await (const line of console) {
  const addresses = line.split(" ").filter((word) => word !== "");
  const refused = line === "none" ? null : { addresses: addresses.map(ip), devices: [1] };
  console.log(filter.set(refused) ?? "done");
}
