// The files of the traces.

import { readFileSync, readdirSync } from "node:fs";
import { gunzipSync } from "node:zlib";

const FOLDER = new URL("../../../docs/conformance/traces/", import.meta.url);

/** The names of all traces of a folder: "unit" or "sim". @param {string} folder */
export function traceNames(folder) {
  return readdirSync(new URL(`${folder}/`, FOLDER)).map((name) => `${folder}/${name}`).sort();
}

/** The lines of a trace. @param {string} name */
export function readTrace(name) {
  const bytes = readFileSync(new URL(name, FOLDER));
  return (name.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString();
}
