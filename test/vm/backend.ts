/**
 * A real server in a process of its own: `bun backend.ts NAME [SECOND]`. HTTP on 80, TCP that echoes on 7000, UDP on 7000, all under its
 * name. Lines on stdin change how HTTP is answered: a status, `hang`, `slow MS`, `body TEXT`; `certificate PATH` has TLS on 443 with
 * PATH.crt and PATH.key from then on.
 */
import { createServer } from "node:net";

const [name = "nobody"] = process.argv.slice(2);
let mode = "200";

async function answer(): Promise<Response> {
  if (mode === "hang") await new Promise(() => undefined);
  if (mode.startsWith("slow ")) await Bun.sleep(Number(mode.slice(5)));
  const status = /^\d+$/.test(mode) ? Number(mode) : 200;
  const body = mode.startsWith("body ") ? mode.slice(5) : name;
  return new Response(body, { status, headers: { Connection: "close" } });
}

for (const hostname of ["0.0.0.0", "::"]) {
  Bun.serve({ hostname, port: 80, fetch: answer, ipv6Only: hostname === "::", idleTimeout: 0 });
  createServer((socket) => {
    socket.on("data", (bytes) => socket.write(`${name} ${bytes.toString()}`)).on("error", () => undefined);
  }).listen({ host: hostname, port: 7000, ipv6Only: hostname === "::" });
}
const datagrams = await Bun.udpSocket({
  hostname: "0.0.0.0",
  port: 7000,
  socket: {
    data: (_, bytes, port, address) => void datagrams.send(`${name} ${bytes.toString()}`, port, address),
  },
});
console.log("ready");

let tls: ReturnType<typeof Bun.serve> | null = null;
for await (const line of console) {
  const [word, path] = line.trim().split(" ");
  if (word !== "certificate" || path === undefined) mode = line.trim();
  else {
    await tls?.stop(true);
    const files = { cert: Bun.file(`${path}.crt`), key: Bun.file(`${path}.key`) };
    tls = Bun.serve({ hostname: "0.0.0.0", port: 443, fetch: answer, tls: files });
  }
}
