/** A virtual service of two servers in an agent, and the kernel table it writes. */
import type { Box } from "./box.ts";
import { Lab } from "./harness.ts";
import { TestTable } from "./table.ts";
import type { Table } from "./text.ts";
import { table } from "./text.ts";

export const SERVERS = ["10.0.0.2:80", "10.0.0.3:80"];
export const web = (values: Table = {}, check: Table = {}): string =>
  table("virtual_server.web", {
    address: "10.0.0.1:80",
    real_servers: SERVERS,
    check: { type: "tcp", interval: "1s", rise: 1, fall: 1, ...check },
    ...values,
  });

/** An agent that was just started, and its table. */
export function started(text = web(), prepare: (kernel: TestTable) => void = () => undefined) {
  const lab = new Lab();
  const box = lab.box(text);
  const kernel = new TestTable(box);
  prepare(kernel);
  box.start();
  kernel.answer();
  return { lab, box, kernel };
}

/** Which server or service became what, as the log says. */
export const states = (box: Box, event: string): string[] =>
  box.logs(event).map(({ fields }) => `${fields["server"] ?? fields["name"]} ${fields["to"]}`);

/** Its servers' checks answer. */
export function tell(box: Box, kernel: TestTable, ...healthy: readonly boolean[]): void {
  for (const [at, good] of healthy.entries()) {
    const check = `web ${SERVERS[at]}`;
    box.event({ kind: "probe", check, healthy: good, detail: good ? "connected" : "ECONNREFUSED" });
  }
  kernel.answer();
}
