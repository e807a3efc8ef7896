/** The part of OpenAPI 3.1 that the document uses. */
import type { SECURITY_SCHEMES } from './security.ts';

/** Groups of routes, in the order in which they are shown. */
export const TAGS = {
  faces: 'pictures in, faces out',
  people: 'who is known: collections, subjects and their faces, enrolling and searching',
  operations: 'health, metrics, documents and models',
  versions: 'model versions, and what moves the traffic between them',
  observation: 'GPUs, history, events, alerts and findings',
  administration:
    'on the admin socket always; here only where admin.http is set, to API keys of the scope admin. Every action is written to the audit log.',
} as const;
export type Tag = keyof typeof TAGS;

export type OpenApiOperation = {
  readonly operationId: string;
  readonly tags: readonly Tag[];
  readonly summary: string;
  readonly description?: string;
  readonly parameters?: readonly OpenApiParameter[];
  readonly requestBody?: OpenApiBody;
  readonly responses: Readonly<Record<string, OpenApiResponse>>;
  /** One of these is needed; absent = none. */
  readonly security?: readonly Readonly<Record<string, readonly string[]>>[];
};
export type OpenApiParameter = {
  readonly name: string;
  readonly in: 'query' | 'header' | 'path';
  readonly required: boolean;
  readonly description?: string;
  readonly schema: object;
  readonly style?: 'form';
  readonly explode?: boolean;
};
export type OpenApiBody = {
  readonly required: boolean;
  readonly content: Readonly<Record<string, { readonly schema: object }>>;
};
export type OpenApiResponse = {
  readonly description: string;
  readonly headers?: Readonly<Record<string, object>>;
  readonly content?: Readonly<Record<string, { readonly schema: object }>>;
};
export type OpenApiPath = {
  readonly servers?: readonly { readonly url: string }[];
  readonly get?: OpenApiOperation;
  readonly post?: OpenApiOperation;
  readonly patch?: OpenApiOperation;
  readonly delete?: OpenApiOperation;
};
export type OpenApiDocument = {
  readonly openapi: '3.1.0';
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  readonly servers: readonly { readonly url: string; readonly description: string }[];
  readonly tags: readonly { readonly name: Tag; readonly description: string }[];
  readonly paths: Readonly<Record<string, OpenApiPath>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, unknown>>;
    readonly securitySchemes: typeof SECURITY_SCHEMES;
  };
};
