/**
 * What the table of a namespace is from moment to moment: `bun table-watch.ts EVERY` reads it every so many milliseconds and prints a line of
 * JSON when it is another: when, and the weights of servers by service.
 */
import { openTable } from "../../src/io/ipvs.ts";
import { serviceKey } from "../../src/wire/ipvs.ts";

const every = Number(process.argv[2] ?? 10);
const opened = openTable("auto");
if (!opened.ok) throw new Error(`no table: ${opened.error}`);
const table = opened.value;
let last = "";
console.log("ready");
setInterval(() => {
  const read = table.read();
  if (!read.ok) return;
  const weights: Record<string, Record<string, number>> = {};
  for (const { service, destinations } of read.value) {
    const servers = destinations.map(({ destination }) => [destination.address, destination.weight] as const);
    weights[serviceKey(service.id)] = Object.fromEntries(servers);
  }
  const text = JSON.stringify(weights);
  if (text === last) return;
  last = text;
  console.log(JSON.stringify({ at: Date.now(), weights }));
}, every);
