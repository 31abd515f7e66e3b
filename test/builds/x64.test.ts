/** The build for x86-64 with glibc, on a processor that is older than AVX. */
import { X64 } from "./build.ts";
import { keepsPromises } from "./promises.ts";

keepsPromises(X64, "on an emulated processor without AVX2");
