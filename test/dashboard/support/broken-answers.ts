/** Answers that do not reach the page as the server gave them, made in the browser: what it asks for is done all the same, or not. */
import type { Page, Route } from 'playwright-core';
import { ERROR_CATALOGUE, type ErrorCode } from '../../../src/contract/errors.ts';

export type Broken = {
  /** What the page gets; `lost`: no answer, as where the connection broke. */
  readonly as: ErrorCode | 'lost';
  /** Whether the server does it before that; not without this. */
  readonly done?: boolean;
  /** The answer waits for it. */
  readonly until?: Promise<void>;
};

/** The next call of that method and path (its end) is answered so, those after it by the server. */
export async function breakNext(page: Page, method: string, path: string, broken: Broken): Promise<void> {
  let isOver = false;
  await page.route(
    (url) => decodeURIComponent(url.pathname).endsWith(path),
    async (route) => {
      if (isOver || route.request().method() !== method) return route.fallback();
      isOver = true;
      await answer(route, broken);
    },
  );
}

async function answer(route: Route, { as, done = false, until }: Broken): Promise<void> {
  if (done) await route.fetch();
  await until;
  if (as === 'lost') return route.abort();
  const { status, title } = ERROR_CATALOGUE[as];
  const body = JSON.stringify({ status, title, code: as, detail: 'made up' });
  await route.fulfill({ status, contentType: 'application/problem+json', body });
}
