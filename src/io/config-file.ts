/** Reads the configuration file into plain data; what cannot be read becomes a text, so that it is a finding like any other. */
import { closeSync, constants, fstatSync, openSync, readSync, statSync } from "node:fs";
import { hostname, networkInterfaces } from "node:os";
import type { Ip } from "../base/address.ts";
import { parseIp } from "../base/address.ts";
import type { KeysFile } from "../config/heartbeat-model.ts";
import { fenceProgramOf } from "../config/fence.ts";
import { keysFileOf } from "../config/keys-file.ts";
import { namedFilesOf } from "../config/named-files.ts";
import type { AuthoritiesFile, ConfigSource, ProgramFile } from "../config/model.ts";
import { scriptsOf } from "../config/resource-scripts.ts";
import { accounts } from "./account.ts";
import { certificatesOf } from "./certificates.ts";
import { scriptFacts } from "./find-resource.ts";
import { ipvsFact } from "./ipvs-modules.ts";
import { reasonOf } from "./reason.ts";
import { unsafePath } from "./unsafe-path.ts";

/** A configuration of 255 routers has some 100 kB. */
const FILE_BYTES_MAX = 4 * 1024 * 1024;

/** The bytes up to the end of the file, or a reason. Never blocks: a FIFO is refused. */
function readBounded(descriptor: number): Uint8Array | string {
  const buffer = new Uint8Array(FILE_BYTES_MAX + 1);
  let length = 0;
  while (length < buffer.length) {
    const read = readSync(descriptor, buffer, length, buffer.length - length, null);
    if (read === 0) return buffer.subarray(0, length);
    length += read;
  }
  return `EFBIG: larger than ${FILE_BYTES_MAX} bytes`;
}

/** The bytes of a file that is named, or why they cannot be had. Throws nothing. */
function readNamed(path: string): KeysFile {
  let descriptor: number;
  try {
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    return { path, bytes: null, failure: reasonOf(error), mode: 0 };
  }
  try {
    const status = fstatSync(descriptor);
    const mode = status.mode & 0o777;
    if (!status.isFile()) return { path, bytes: null, failure: "is not a file", mode };
    const bytes = readBounded(descriptor);
    if (typeof bytes === "string") return { path, bytes: null, failure: bytes, mode };
    return { path, bytes: bytes.slice(), failure: null, mode };
  } catch (error) {
    return { path, bytes: null, failure: reasonOf(error), mode: 0 };
  } finally {
    closeSync(descriptor);
  }
}

/** A file of certificates as it is. Throws nothing. */
function authoritiesAt(path: string): AuthoritiesFile {
  const { bytes, failure } = readNamed(path);
  const text = new TextDecoder().decode(bytes ?? undefined);
  return { path, failure, certificates: certificatesOf(text, Date.now()) };
}

/** A file that is named, as it is. Throws nothing. */
function lookAt(path: string): ProgramFile {
  try {
    const status = statSync(path);
    const unsafe = unsafePath(path);
    return { path, failure: null, isFile: status.isFile(), mode: status.mode & 0o777, unsafe };
  } catch (error) {
    return { path, failure: reasonOf(error), isFile: false, mode: 0, unsafe: [] };
  }
}

/** The addresses of this host; none where they cannot be told. */
function ownAddresses(): Ip[] {
  try {
    const written = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
    return written.flatMap(({ address }) => {
      const parsed = parseIp(address);
      return parsed.ok ? [parsed.value] : [];
    });
  } catch {
    return [];
  }
}

/** The file at `path` as it is now. Throws nothing. */
export function readConfig(path: string): ConfigSource {
  const failed = (failure: string, mode: number | null): ConfigSource => {
    return { path, text: null, failure, mode, hostname: hostname(), accounts: null };
  };
  let descriptor: number;
  try {
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    return failed(reasonOf(error), null);
  }
  try {
    const status = fstatSync(descriptor);
    const mode = status.mode & 0o777;
    if (status.isDirectory()) return failed("EISDIR: is a directory", mode);
    if (status.isFIFO() || status.isSocket()) return failed("is not a file", mode);
    const bytes = readBounded(descriptor);
    if (typeof bytes === "string") return failed(bytes, mode);
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    const keys = keysFileOf(text);
    const keysFile = keys === null ? null : readNamed(keys);
    const wanted = scriptsOf(text);
    const scripts = wanted === null ? {} : { scripts: scriptFacts(wanted.names, wanted.directories) };
    const fence = fenceProgramOf(text);
    const fenceProgram = fence === null ? null : lookAt(fence);
    const named = namedFilesOf(text);
    const programs = named.programs.map(lookAt);
    const authorities = named.authorities.map(authoritiesAt);
    const host = { hostname: hostname(), accounts: accounts(), addresses: ownAddresses() };
    const ipvs = /\bvirtual_server\b/.test(text) ? ipvsFact() : null;
    const files = { keysFile, fenceProgram, programs, authorities };
    return { path, text, failure: null, mode, ...host, ...files, ...scripts, ipvs };
  } catch (error) {
    return failed(error instanceof TypeError ? "is not UTF-8 text" : reasonOf(error), null);
  } finally {
    closeSync(descriptor);
  }
}
