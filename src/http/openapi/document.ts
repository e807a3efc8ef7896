/** The OpenAPI 3.1 document: routes, options, answers and errors, from the schemas that the server itself uses. */
import type { ErrorCode } from '../../contract/errors.ts';
import type { RouteName } from '../../contract/options.ts';
import { ONE_PICTURE, TWO_PICTURES } from '../body/slots.ts';
import { adminPaths } from './admin.ts';
import { observationPaths } from './observation.ts';
import { operationPaths } from './operations.ts';
import { peoplePaths } from './people.ts';
import { PICTURE_CODES, pictureBody, pictureParameters } from './pictures.ts';
import { answer, problemResponses } from './responses.ts';
import { componentSchemas } from './schemas.ts';
import { NEEDS_KEY, SECURITY_SCHEMES } from './security.ts';
import { type OpenApiDocument, type OpenApiOperation, type OpenApiPath, TAGS, type Tag } from './types.ts';
import { versionPaths } from './versions.ts';

/** Those whose answer is faces or a comparison; search and enrol are among the people. */
type FacesRoute = Exclude<RouteName, 'search' | 'enrol'>;
type RouteText = { readonly summary: string; readonly description: string; readonly extra: readonly ErrorCode[] };

const ROUTE_TEXTS: Readonly<Record<FacesRoute, RouteText>> = {
  detect: { summary: 'Find faces', description: 'No face is 200 with an empty list.', extra: [] },
  recognize: {
    summary: 'Find faces and say who they are',
    description: 'A face whose OOD score is not accepted, or that is a spoof, never has an identity.',
    extra: ['too_many_faces', 'ood_rejected', 'spoof_detected', 'not_found', 'space_mismatch', 'people_unavailable'],
  },
  verify: {
    summary: 'Are two pictures of the same person?',
    description: 'Compares the largest face of each picture.',
    extra: ['no_face', 'too_many_faces', 'space_mismatch', 'ood_rejected', 'spoof_detected'],
  },
  liveness: { summary: 'Is a living person in front of the camera?', description: 'Marks every face.', extra: [] },
  embed: {
    summary: 'Vectors of faces',
    description: 'Every face with its embedding and its OOD score. Embeddings of different spaces are not comparable.',
    extra: [],
  },
};

/**
 * The document for one version of the server.
 * @param keysNeeded requests need an API key
 */
export function openApiDocument(version: string, keysNeeded = false): OpenApiDocument {
  const security = keysNeeded ? { security: NEEDS_KEY } : {};
  const paths: Record<string, OpenApiPath> = {};
  for (const name of Object.keys(ROUTE_TEXTS) as FacesRoute[]) {
    paths[`/${name}`] = { post: { ...pictureOperation(name), ...security } };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'facepool',
      version,
      description:
        'Faces in photographs: detection, recognition with refusal of what is not a usable face, liveness. ' +
        'Coordinates are pixels of the upright picture. Errors are problem documents (RFC 9457).',
    },
    servers: [
      { url: '/v1', description: 'this version of the API' },
      { url: '/', description: 'the same routes, without a version' },
    ],
    tags: (Object.keys(TAGS) as Tag[]).map((name) => ({ name, description: TAGS[name] })),
    paths: {
      ...paths,
      ...peoplePaths(security),
      ...operationPaths(security),
      ...observationPaths(security),
      ...adminPaths(),
      ...versionPaths(security),
    },
    components: { schemas: componentSchemas(), securitySchemes: SECURITY_SCHEMES },
  };
}

function pictureOperation(name: FacesRoute): OpenApiOperation {
  const { summary, description, extra } = ROUTE_TEXTS[name];
  const slots = name === 'verify' ? TWO_PICTURES : ONE_PICTURE;
  return {
    operationId: name,
    tags: ['faces'],
    summary,
    description,
    parameters: pictureParameters(name),
    requestBody: pictureBody(name, slots),
    responses: {
      200: answer('the answer', name === 'verify' ? 'VerifyAnswer' : 'FacesAnswer'),
      ...problemResponses([...PICTURE_CODES, ...extra]),
    },
  };
}
