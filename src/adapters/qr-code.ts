/**
 * QR codes as SVG (ISO/IEC 18004), of the size that GoTrue's have: three pixels a module, with a quiet zone of four modules.
 * The error correction level is GoTrue's, H, where the text is not too long for it.
 */
import { renderSVG } from 'uqr'
import type { QrCode } from '../core/ports'

/** Capacity in bytes of version 40 at level H; level L holds 2,953. */
const MAX_BYTES_AT_H = 1273

export const qrCode: QrCode = (text) => {
  const ecc = Buffer.byteLength(text) > MAX_BYTES_AT_H ? 'L' : 'H'
  const svg = renderSVG(text, { ecc, pixelSize: 3, border: 4 })
  // Without a size of its own an image fills whatever it is put into.
  return svg.replace(/^<svg (.*?)viewBox="0 0 (\d+) (\d+)"/, '<svg $1width="$2" height="$3" viewBox="0 0 $2 $3"')
}
