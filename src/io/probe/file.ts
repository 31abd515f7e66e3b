/** A file that must be there, hold what it should, or hold a number. */
import { bad, judgeFile, TEXT_MAX } from "../../check/response.ts";
import type { FileProbe } from "../../config/probe-model.ts";
import type { Prober } from "./prober.ts";
import { readRegular } from "./regular-file.ts";

export const probeFile: Prober<FileProbe> = (probe, tell) => {
  let over = false;
  readRegular(probe.file, TEXT_MAX)
    .then((read) => ("failure" in read ? read : { ...read, age: Date.now() - read.written }))
    .then((content) => judgeFile(content, probe))
    .catch((error: unknown) => bad(String(error)))
    .then((outcome) => {
      if (!over) tell(outcome);
    });
  return { cancel: () => void (over = true) };
};
