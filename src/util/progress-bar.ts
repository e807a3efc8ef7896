/** A bar of `width` characters, filled as far as `share` (0..1) goes. */
export function progressBar(share: number, width: number): string {
  const filled = Math.round(share * width);
  return '█'.repeat(filled) + '░'.repeat(width - filled);
}
