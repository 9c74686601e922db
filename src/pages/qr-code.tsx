/** QR codes (ISO/IEC 18004) as SVG, made on the server. */
import { type Bitmap2D, generate, mode } from 'lean-qr'

/** The quiet zone around the code, in modules (section 9.1). */
const MARGIN = 4

/**
 * The checkerboard. To compare all eight masks (section 7.8) takes three times as long, and finds no better one for texts
 * that are nearly random. The code contains the number of its mask, so readers accept any.
 */
const MASK = 0

/** @param text ASCII, at most 2,953 characters */
export function QrCode({ text, label }: { readonly text: string; readonly label: string }) {
  const bitmap = generate(mode.ascii(text), { mask: MASK })
  const size = bitmap.size + 2 * MARGIN
  return (
    <svg
      class="qr"
      viewBox={`0 0 ${size} ${size}`}
      role="img"
      aria-label={label}
      shape-rendering="crispEdges"
    >
      <path fill="#fff" d={`M0 0h${size}v${size}H0z`} />
      <path fill="#000" d={darkModules(bitmap)} />
    </svg>
  )
}

/** @returns an SVG path with one rectangle for each run of dark modules in a row */
function darkModules(bitmap: Bitmap2D): string {
  const runs: string[] = []
  for (let y = 0; y < bitmap.size; y++) {
    for (let x = 0; x < bitmap.size; x++) {
      const start = x
      while (bitmap.get(x, y)) x++
      if (x > start) runs.push(`M${start + MARGIN} ${y + MARGIN}h${x - start}v1h${start - x}z`)
    }
  }
  return runs.join('')
}
