// The data that a camera writes into a JPEG (EXIF and XMP: the place, the time, the model). The page removes
// it if the user wants that: it draws the picture and encodes it again.

import { t } from "../i18n/index.js";

/** @typedef {import("./app.js").App} App */

/** The bytes of a file that are read at a time. A segment has at most 64 KiB. */
const CHUNK_BYTES = 256 * 1024;
const QUALITY = 0.92;

/**
 * The file that is sent: a JPEG with data of the camera is encoded again if the settings say so. At the
 * first such file, the page offers that.
 * @param {App} app @param {File} file
 */
export async function preparePicture(app, file) {
  if (!await hasCameraData(file)) return file;
  if (app.settings.removesCameraData) return withoutCameraData(file);
  if (app.settings.removesCameraData === undefined) {
    app.saveSettings({ removesCameraData: false });
    app.notify(t("camera_data_hint", { name: file.name }), false,
      { label: t("remove_in_future"), run: () => app.saveSettings({ removesCameraData: true }) });
  }
  return file;
}

/** Whether a JPEG has a segment of the kind APP1, which holds EXIF or XMP. @param {Blob} file */
export async function hasCameraData(file) {
  let start = 0;
  let bytes = await chunk(file, start);
  if (bytes.byteLength < 4 || bytes.getUint16(0) !== 0xffd8) return false;
  for (let at = 2; at + 4 <= file.size;) {
    if (at + 4 > start + bytes.byteLength) {
      start = at;
      bytes = await chunk(file, start);
    }
    const marker = bytes.getUint16(at - start);
    if (marker === 0xffe1) return true;
    // The picture itself begins, or the file is damaged.
    if (marker === 0xffda || marker < 0xff00) return false;
    // Bytes of the value 0xff can precede a marker.
    at += marker === 0xffff ? 1 : 2 + bytes.getUint16(at + 2 - start);
  }
  return false;
}

/** @param {Blob} file @param {number} start */
async function chunk(file, start) {
  return new DataView(await file.slice(start, start + CHUNK_BYTES).arrayBuffer());
}

/** @param {File} file */
async function withoutCameraData(file) {
  // The bitmap has the orientation that the data names.
  const bitmap = await createImageBitmap(file);
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [bitmap.width, bitmap.height];
  canvas.getContext("2d")?.drawImage(bitmap, 0, 0);
  bitmap.close();
  /** @type {Blob | null} */
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", QUALITY));
  if (!blob) throw new Error(t("camera_data_kept", { name: file.name }));
  return new File([blob], file.name, { type: "image/jpeg" });
}
