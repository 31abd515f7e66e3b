/** A flood of datagrams: `bun flood.ts ADDRESS PORT SECONDS HEX`, as fast as one process can; says how many there were. */
const [address = "", port = "0", seconds = "0", hex = ""] = process.argv.slice(2);
const bytes = Uint8Array.fromHex(hex);
/** Between two looks at the clock. */
const BATCH = 100;

const socket = await Bun.udpSocket({});
socket.setBroadcast(true);
const end = performance.now() + Number(seconds) * 1000;
let count = 0;
while (performance.now() < end) {
  for (let each = 0; each < BATCH; each++) if (socket.send(bytes, Number(port), address)) count++;
  await Bun.sleep(0);
}
console.log(`sent ${count}`);
process.exit(0);
