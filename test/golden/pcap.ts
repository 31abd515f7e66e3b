/** Reads capture files (pcap(5)) of Ethernet frames whole; only for files of our own, so a bad one throws. */

/** One captured frame. */
export interface Frame {
  /** Wall clock in seconds with the capture's fraction. */
  readonly at: number;
  /** From the destination address on, without preamble and FCS. */
  readonly bytes: Uint8Array;
}

const FILE_HEADER = 24;
const RECORD_HEADER = 16;
const LINKTYPE_ETHERNET = 1;
/** The magic number tells the fraction's unit; read the other way round it tells the byte order too. */
const UNITS: ReadonlyMap<number, number> = new Map([
  [0xa1b2c3d4, 1e-6],
  [0xa1b23c4d, 1e-9],
]);

export function readPcap(file: Uint8Array): Frame[] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const little = UNITS.has(view.getUint32(0, true));
  const unit = UNITS.get(view.getUint32(0, little));
  if (unit === undefined) throw new Error("no pcap file");
  if (view.getUint32(20, little) !== LINKTYPE_ETHERNET) throw new Error("no capture of Ethernet");
  const frames: Frame[] = [];
  let at = FILE_HEADER;
  while (at < file.length) {
    const captured = view.getUint32(at + 8, little);
    if (captured !== view.getUint32(at + 12, little)) throw new Error("a frame was cut when it was captured");
    const end = at + RECORD_HEADER + captured;
    if (end > file.length) throw new Error("the file ends within a frame");
    frames.push({
      at: view.getUint32(at, little) + view.getUint32(at + 4, little) * unit,
      bytes: file.subarray(at + RECORD_HEADER, end),
    });
    at = end;
  }
  return frames;
}
