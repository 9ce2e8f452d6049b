/** QR codes as SVG (ISO/IEC 18004), at the error correction level GoTrue uses. */
import { renderSVG } from 'uqr'
import type { QrCode } from '../core/ports'

export const qrCode: QrCode = (text) => renderSVG(text, { ecc: 'H' })
