// Finding the data of a camera in a JPEG.

import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCameraData } from "../../src/ui/exif.js";

/** A segment of a JPEG with this many bytes of content. */
function segment(marker, length) {
  const bytes = Buffer.alloc(4 + length);
  bytes.writeUInt16BE(marker);
  bytes.writeUInt16BE(2 + length, 2);
  return bytes;
}
const START = Buffer.from([0xff, 0xd8]);
const APP1 = segment(0xffe1, 30);
const PROFILE = segment(0xffe2, 65_533);
const SCAN = segment(0xffda, 10);
const jpeg = (...segments) => new Blob([START, ...segments]);

test("a segment APP1 is found before the scan, at any distance from the beginning", async () => {
  assert.equal(await hasCameraData(jpeg(APP1, SCAN)), true);
  assert.equal(await hasCameraData(jpeg(...Array(7).fill(PROFILE), APP1, SCAN)), true, "after 448 KiB");
  assert.equal(await hasCameraData(jpeg(segment(0xffe2, 262_144 % 65_533), ...Array(3).fill(PROFILE), segment(0xffe2, 65_000), APP1, SCAN)), true);
  assert.equal(await hasCameraData(jpeg(segment(0xffe0, 14), Buffer.from([0xff, 0xff]), APP1, SCAN)), true, "after fill bytes");
});

test("a file without it, without a scan, or with a damaged segment has none", async () => {
  assert.equal(await hasCameraData(jpeg(PROFILE, SCAN, APP1)), false, "bytes of the picture");
  assert.equal(await hasCameraData(jpeg(...Array(7).fill(PROFILE))), false);
  assert.equal(await hasCameraData(jpeg(Buffer.alloc(300_000))), false);
  assert.equal(await hasCameraData(new Blob([Buffer.from("%PDF"), APP1])), false);
  assert.equal(await hasCameraData(new Blob([])), false);
});
