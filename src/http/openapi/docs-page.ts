/** The API as one HTML page that needs nothing from outside, rendered from the OpenAPI document. */
import type { OpenApiDocument, OpenApiOperation, OpenApiParameter, OpenApiPath } from './types.ts';
import { escapeHtml, htmlPage } from '../html.ts';

/** The whole page. */
export function docsPage(document: OpenApiDocument): string {
  const groups = document.tags.map(({ name, description }) => {
    const rendered = Object.entries(document.paths).map(([path, item]) => renderPath(path, item, name));
    return `<h2>${escapeHtml(name)}</h2>\n<p>${escapeHtml(description)}</p>\n${rendered.join('')}`;
  });
  const schemas = Object.entries(document.components.schemas).map(
    ([name, schema]) =>
      `<details id="${escapeHtml(name)}"><summary>${escapeHtml(name)}</summary>` +
      `<pre>${escapeHtml(JSON.stringify(schema, null, 2))}</pre></details>`,
  );
  return htmlPage(
    `${document.info.title} ${document.info.version}: API`,
    `<h1>${escapeHtml(document.info.title)} <small>${escapeHtml(document.info.version)}</small></h1>
<p>${escapeHtml(document.info.description)}</p>
<p>Addresses are under <code>/v1</code>; <a href="/openapi.json">openapi.json</a> is this document for programs.</p>
${groups.join('\n')}
<h2>shapes</h2>
${schemas.join('\n')}`,
  );
}

/** What of a path belongs to the group. */
function renderPath(path: string, item: OpenApiPath, tag: string): string {
  const render = (method: string, operation: OpenApiOperation | undefined) =>
    operation?.tags.some((own) => own === tag) === true ? renderOperation(method, path, operation) : '';
  return (['get', 'post', 'patch', 'delete'] as const)
    .map((method) => render(method.toUpperCase(), item[method]))
    .join('');
}

function renderOperation(method: string, path: string, operation: OpenApiOperation): string {
  const body = Object.keys(operation.requestBody?.content ?? {});
  return `<section>
<h3><code>${method} /v1${escapeHtml(path)}</code></h3>
<p><b>${escapeHtml(operation.summary)}.</b> ${escapeHtml(operation.description ?? '')}</p>
${body.length === 0 ? '' : `<p>Body: ${body.map((type) => `<code>${escapeHtml(type)}</code>`).join(', ')}</p>`}
${renderParameters(operation.parameters ?? [])}
<table><tr><th>Status</th><th>Meaning</th></tr>
${Object.entries(operation.responses)
  .map(([status, response]) => row([status, response.description]))
  .join('\n')}
</table></section>`;
}

function renderParameters(parameters: readonly OpenApiParameter[]): string {
  if (parameters.length === 0) return '';
  const rows = parameters.map((p) => row([p.name, `${p.description ?? ''} (${p.in})`]));
  return `<table><tr><th>Option</th><th>Meaning</th></tr>\n${rows.join('\n')}\n</table>`;
}

function row(cells: readonly string[]): string {
  return `<tr>${cells.map((cell) => `<td>${escapeHtml(cell)}</td>`).join('')}</tr>`;
}
