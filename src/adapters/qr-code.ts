/** QR codes as SVG (ISO/IEC 18004), at the error correction level GoTrue uses where the text is not too long for it. */
import { renderSVG } from 'uqr'
import type { QrCode } from '../core/ports'

/** Bytes that version 40 holds at level H; at level L it holds 2,953. */
const MAX_BYTES_AT_H = 1273

export const qrCode: QrCode = (text) => renderSVG(text, { ecc: Buffer.byteLength(text) > MAX_BYTES_AT_H ? 'L' : 'H' })
