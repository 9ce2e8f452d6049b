/**
 * QR codes as SVG (ISO/IEC 18004), sized as GoTrue's: three pixels per module, with a quiet zone of four modules. The
 * error correction level is H, as in GoTrue, unless the text is too long for it.
 */
import { renderSVG } from 'uqr'
import type { QrCode } from '../core/kernel/ports'

/** Capacity in bytes of version 40 at level H; level L holds 2,953. */
const MAX_BYTES_AT_H = 1273

export const qrCode: QrCode = (text) => {
  const ecc = Buffer.byteLength(text) > MAX_BYTES_AT_H ? 'L' : 'H'
  const svg = renderSVG(text, { ecc, pixelSize: 3, border: 4 })
  // Without an explicit size an SVG image fills its container.
  return svg.replace(/^<svg (.*?)viewBox="0 0 (\d+) (\d+)"/, '<svg $1width="$2" height="$3" viewBox="0 0 $2 $3"')
}
