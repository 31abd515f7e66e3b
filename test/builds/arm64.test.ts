/** The build for arm64 with glibc, emulated. */
import { ARM64 } from "./build.ts";
import { keepsPromises } from "./promises.ts";

keepsPromises(ARM64, "under emulation of the processor");
