/**
 * The real servers of a document's examples in one process: `bun pool.ts CERTIFICATE KEY ADDRESS...`. Web on 80, the same over TLS on 443,
 * mail on 25, and on 53 of each address by udp a name server that knows one address for every name.
 */
import { createSocket } from "node:dgram";
import { createServer } from "node:net";

const [certificate = "", key = "", ...addresses] = process.argv.slice(2);
/** An answer with one record, type A, whose name is that of the question (RFC 1035 4.1.4). */
const RECORD = [0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 80];

const fetch = ({ url }: Request): Response =>
  new Response(new URL(url).pathname === "/hello" ? "hello" : "OK", { headers: { Connection: "close" } });
const tls = { cert: Bun.file(certificate), key: Bun.file(key) };
Bun.serve({ hostname: "0.0.0.0", port: 80, fetch });
Bun.serve({ hostname: "0.0.0.0", port: 443, fetch, tls });
createServer((socket) => {
  socket.on("error", () => undefined);
  socket.on("data", (line) => {
    const quit = line.toString().startsWith("QUIT");
    socket.write(quit ? "221 bye\r\n" : "250 pool.example.org\r\n");
    if (quit) socket.end();
  });
  socket.write("220 pool.example.org ESMTP\r\n");
}).listen(25, "0.0.0.0");
for (const address of addresses) {
  const names = createSocket("udp4");
  names.on("message", (query, { port, address: client }) => {
    // Less what may follow the question: a pseudo record of EDNS.
    const end = query.indexOf(0, 12) + 5;
    const head = [query[0] ?? 0, query[1] ?? 0, 0x85, 0x80, 0, 1, 0, 1, 0, 0, 0, 0];
    names.send(Buffer.from([...head, ...query.subarray(12, end), ...RECORD]), port, client);
  });
  await new Promise<void>((bound) => names.bind(53, address, bound));
}
console.log("ready");
