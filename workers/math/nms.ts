/** Greedy non-maximum suppression. */

/** Intersection over union of boxes `a` and `b` in an [n × 4] array of x_min, y_min, x_max, y_max. */
export function iou(boxes: Float64Array, a: number, b: number): number {
  const i = a * 4;
  const j = b * 4;
  const ax1 = boxes[i] ?? 0;
  const ay1 = boxes[i + 1] ?? 0;
  const ax2 = boxes[i + 2] ?? 0;
  const ay2 = boxes[i + 3] ?? 0;
  const bx1 = boxes[j] ?? 0;
  const by1 = boxes[j + 1] ?? 0;
  const bx2 = boxes[j + 2] ?? 0;
  const by2 = boxes[j + 3] ?? 0;
  const w = Math.min(ax2, bx2) - Math.max(ax1, bx1);
  const h = Math.min(ay2, by2) - Math.max(ay1, by1);
  if (w <= 0 || h <= 0) return 0;
  const inter = w * h;
  return inter / ((ax2 - ax1) * (ay2 - ay1) + (bx2 - bx1) * (by2 - by1) - inter);
}

/**
 * Keeps each box of `order` (indices, best first) that overlaps no kept one by more than `threshold`.
 * Returns the kept indices, best first.
 */
export function nms(boxes: Float64Array, order: readonly number[], threshold: number): number[] {
  const kept: number[] = [];
  for (const candidate of order) {
    let free = true;
    for (const k of kept) {
      if (iou(boxes, k, candidate) > threshold) {
        free = false;
        break;
      }
    }
    if (free) kept.push(candidate);
  }
  return kept;
}
