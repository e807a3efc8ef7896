/** PNG of what the charts show. */

const WIDTH = 900;
const HEAD = 34;
const GAP = 16;

/**
 * Charts below each other with their titles.
 * @param {readonly { title: string, charts: readonly { canvas: () => HTMLCanvasElement | null, element: HTMLElement }[] }[]} groups
 * @param {(name: string) => string} color
 * @returns {HTMLCanvasElement}
 */
export function chartsPng(groups, color) {
  const parts = groups.flatMap(({ title, charts }) =>
    charts.flatMap(({ canvas, element }) => {
      const source = canvas();
      const name = element.querySelector('h4')?.textContent ?? '';
      const legend = element.querySelector('.legend')?.textContent ?? '';
      return source === null
        ? []
        : [{ source, text: `${title}: ${name}`, legend, height: (source.height / source.width) * WIDTH }];
    }),
  );
  const ratio = Math.max(1, devicePixelRatio || 1);
  const canvas = document.createElement('canvas');
  const height = parts.reduce((sum, part) => sum + HEAD + part.height + GAP, GAP);
  canvas.width = Math.round((WIDTH + 2 * GAP) * ratio);
  canvas.height = Math.round(height * ratio);
  const context = canvas.getContext('2d');
  if (context === null) return canvas;
  context.scale(ratio, ratio);
  context.fillStyle = color('card');
  context.fillRect(0, 0, WIDTH + 2 * GAP, height);
  context.textBaseline = 'middle';
  let y = GAP;
  for (const { source, text, legend, height: tall } of parts) {
    context.fillStyle = color('text');
    context.font = '600 15px system-ui, sans-serif';
    context.textAlign = 'left';
    context.fillText(text, GAP, y + HEAD / 2);
    context.fillStyle = color('muted');
    context.font = '13px system-ui, sans-serif';
    context.textAlign = 'right';
    context.fillText(legend, GAP + WIDTH, y + HEAD / 2);
    context.drawImage(source, GAP, y + HEAD, WIDTH, tall);
    y += HEAD + tall + GAP;
  }
  return canvas;
}
