/** Datagrams by hand, in order: `bun datagrams.ts ADDRESS PORT HEX...`. */
const [address = "", port = "0", ...datagrams] = process.argv.slice(2);
/** Between two, so that none overtakes another. */
const STEP_MS = 20;

const socket = await Bun.udpSocket({});
socket.setBroadcast(true);
for (const hex of datagrams) {
  socket.send(Uint8Array.fromHex(hex), Number(port), address);
  await Bun.sleep(STEP_MS);
}
process.exit(0);
